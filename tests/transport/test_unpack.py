"""Unpacking of bodies, whole and cut anywhere, within bounds."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import ProviderResponseError
from llmring.transport.unpack import PIECE_BYTES, BodyLimits, Unpacker

TEXT = b"hello " * 1000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def unpacked(encoding: str, data: bytes, step: int = 2**20) -> tuple[bytes, bool]:
    """Unpack data that arrives in pieces of this size."""
    unpacker = Unpacker(encoding, BodyLimits())
    pieces: list[bytes] = []
    for start in range(0, len(data), step):
        pieces += unpacker.feed(data[start : start + step])
    assert encoding in ("", "identity") or all(len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join(pieces), unpacker.complete


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
}


@given(st.sampled_from(sorted(PACKED)), st.binary(max_size=5000), st.integers(1, 200))
def test_what_was_packed_is_unpacked_however_it_is_cut(
    encoding: str, data: bytes, step: int
) -> None:
    assert unpacked(encoding, PACKED[encoding](data), step) == (data, True)


def test_deflate_without_a_header_is_unpacked() -> None:
    assert unpacked("deflate", raw_deflate(TEXT)) == (TEXT, True)


@pytest.mark.parametrize("step", [1, 7, 10**6])
def test_members_of_gzip_follow_each_other_and_padding_is_dropped(step: int) -> None:
    assert unpacked("gzip", gzip.compress(TEXT) * 2 + b"\0" * 9, step) == (TEXT * 2, True)


def test_a_cut_body_is_not_complete() -> None:
    assert not unpacked("gzip", gzip.compress(TEXT)[:-20])[1]


@pytest.mark.parametrize(
    "data", [b"no gzip", b"\x1f\x8b no gzip", gzip.compress(TEXT)[:20] + b"x" * 99]
)
def test_damage_is_an_error(data: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be unpacked"):
        unpacked("gzip", data)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "compress"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(ProviderResponseError, match="not asked for"):
        Unpacker(encoding, BodyLimits())


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_unpacks_to_far_more_than_its_size_is_refused_early(encoding: str) -> None:
    bomb = PACKED[encoding](b"\0" * 50_000_000)
    unpacker = Unpacker(encoding, BodyLimits())
    sizes: list[int] = []

    with pytest.raises(ProviderResponseError, match="more than 100 times its size"):
        sizes.extend(len(piece) for piece in unpacker.feed(bomb))
    assert sum(sizes) <= 100 * len(bomb) + PIECE_BYTES


def test_a_small_body_may_have_any_ratio() -> None:
    assert unpacked("gzip", gzip.compress(b"\0" * 2**20)) == (b"\0" * 2**20, True)
