"""Bodies of requests, packed or not, within bounds."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.refusals import PayloadTooLargeError, RefusedCallError
from llmring.gateway.server.body import (
    ClientGoneError,
    DamagedBodyError,
    SlowBodyError,
    UnknownCodingError,
    drain_body,
    read_body,
)

LIMIT = 32 * 2**20


def sender(parts: Iterable[bytes], *, ends: bool = True) -> Any:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    last = {"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"}
    iterator = iter([*messages, last])

    async def receive() -> dict[str, Any]:
        return next(iterator)

    return receive


def read(*parts: bytes, limit: int = LIMIT, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(read_body(sender(parts), named, limit))


def in_parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
    "Deflate ": raw_deflate,
}


@pytest.mark.parametrize("coding", PACKERS)
@given(data=st.binary(max_size=2000), size=st.integers(1, 50))
def test_g070_a_packed_body_is_read_as_it_was_before(coding: str, data: bytes, size: int) -> None:
    parts = in_parts(PACKERS[coding](data), size)

    assert read(*parts, content_encoding=coding) == data


def test_g070_a_gzip_body_may_have_several_members() -> None:
    packed = gzip.compress(b"one, ") + gzip.compress(b"two")

    assert read(*in_parts(packed, 7), content_encoding="gzip") == b"one, two"


def test_g070_a_large_packed_body_is_read_whole() -> None:
    data = bytes(range(256)) * 4000

    assert read(gzip.compress(data), content_encoding="gzip") == data


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "compress", "x" * 5000])
def test_g070_another_coding_is_a_415(coding: str) -> None:
    with pytest.raises(UnknownCodingError) as refused:
        read(b"{}", content_encoding=coding)
    assert len(str(refused.value)) < 300


def test_g070_zstandard_is_read_where_python_does() -> None:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        with pytest.raises(UnknownCodingError):
            read(b"{}", content_encoding="zstd")
    else:
        data = b"a body " * 1000
        assert read(*in_parts(zstd.compress(data), 10), content_encoding="zstd") == data


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_g161_a_body_that_unpacks_to_too_much_is_a_413_before_it_is_unpacked(pack: Any) -> None:
    bomb = pack(bytes(20 * 2**20))
    coding = "gzip" if pack is gzip.compress else "deflate"

    assert len(bomb) < 30_000
    with pytest.raises(PayloadTooLargeError, match="100 times"):
        read(*in_parts(bomb, 1000), content_encoding=coding)


def test_g161_the_limit_is_that_of_the_unpacked_body() -> None:
    packed = gzip.compress(b"a" * 2000)

    assert len(read(packed, limit=2000, content_encoding="gzip")) == 2000
    with pytest.raises(PayloadTooLargeError):
        read(packed, limit=1999, content_encoding="gzip")


@pytest.mark.parametrize(
    "damaged",
    [
        b"not packed",
        gzip.compress(b"a" * 100)[:-1],
        gzip.compress(b"a" * 100)[:5],
        gzip.compress(b"a" * 100) + b"garbage",
        gzip.compress(b"abc")[:-8] + bytes(8),
    ],
)
def test_g070_a_damaged_packed_body_is_a_400(damaged: bytes) -> None:
    with pytest.raises(DamagedBodyError):
        read(damaged, content_encoding="gzip")


@given(st.sampled_from(["gzip", "deflate"]), st.binary(max_size=300))
def test_g161_any_bytes_are_read_or_refused(coding: str, data: bytes) -> None:
    status = 200
    try:
        read(data, content_encoding=coding)
    except RefusedCallError as error:
        status = error.status

    assert status in (200, 400, 413)


def test_g094_a_body_that_is_too_large_is_refused_by_its_length_and_by_its_bytes() -> None:
    assert read(b"abcd", limit=4, content_length="4") == b"abcd"
    with pytest.raises(PayloadTooLargeError):
        read(limit=4, content_length="5")
    with pytest.raises(PayloadTooLargeError):
        read(limit=4, content_length="9" * 100)
    with pytest.raises(PayloadTooLargeError):
        read(b"abc", b"de", limit=4)


def test_g085_a_client_that_leaves_in_its_body_gets_no_answer() -> None:
    with pytest.raises(ClientGoneError):
        asyncio.run(read_body(sender([b"{"], ends=False), {}, LIMIT))


def test_g159_a_body_that_stops_is_a_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmring.gateway.server.body.FREE_SECONDS", 0.1)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    with pytest.raises(SlowBodyError):
        asyncio.run(read_body(receive, {}, LIMIT))


def test_g159_a_slow_body_may_be_as_slow_as_its_rate_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("llmring.gateway.server.body.FREE_SECONDS", 0.1)
    sent = 0

    async def receive() -> dict[str, Any]:
        nonlocal sent
        await asyncio.sleep(0.02)
        sent += 1
        return {"type": "http.request", "body": b"a" * 400, "more_body": sent < 20}

    # 0.4 seconds, and 20,000 bytes a second.
    assert len(asyncio.run(read_body(receive, {}, LIMIT))) == 8000


def test_g020_what_nobody_reads_is_dropped_up_to_a_bound() -> None:
    async def read_rest(*parts: bytes) -> bool:
        return await drain_body(sender(parts))

    assert asyncio.run(read_rest(b"a" * 1000, b"b"))
    assert not asyncio.run(read_rest(*[b"a" * 2**18] * 5))
