"""Bodies beyond all bounds, and packed ones: nothing unpacks to more than was agreed."""

import gzip
import zlib
from collections.abc import Callable

import pytest

from llmring.transport.options import TransportOptions
from llmring.transport.unpack import BodyLimits
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, ours_only
from transport.contract.outcomes import BROKEN, CUT, REFUSED, WAYS, Way, outcome_of, request_to
from transport.contract.raw_server import Connection, always, chunked, chunks, head, split, whole

MIB = 2**20
TEXT = b"hello " * 50
GZIPPED = gzip.compress(TEXT, mtime=0)

pytestmark = ours_only


@pytest.fixture
def small(contract: Contract) -> None:
    """Bound bodies to 2 MiB, and those of errors to 1 MiB."""
    contract.options = TransportOptions(limits=BodyLimits(body=2 * MIB, error=MIB))


def as_length(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    return whole(body, *lines, status=status)


def as_chunks(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    pieces = split(body, range(2**16, len(body), 2**16))
    return head("transfer-encoding: chunked", *lines, status=status) + chunks(*pieces)


FRAMINGS: dict[str, Callable[..., bytes]] = {"length": as_length, "chunked": as_chunks}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_beyond_the_bound_is_refused(
    contract: Contract, listen: Listen, framing: str
) -> None:
    server = listen(always(lambda _: FRAMINGS[framing](b"a" * 3 * MIB)))

    assert contract.run(lambda client: outcome_of(client, request_to(server.url))) == REFUSED
    assert server.left_alone()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_within_the_bound_is_read(contract: Contract, listen: Listen, framing: str) -> None:
    server = listen(always(lambda _: FRAMINGS[framing](b"a" * 2 * MIB)))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url)))

    assert found == f"200 {2 * MIB} bytes"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("framing", FRAMINGS)
def test_of_the_body_of_an_error_the_beginning_is_read(
    contract: Contract, listen: Listen, framing: str
) -> None:
    server = listen(always(lambda _: FRAMINGS[framing](b"a" * 3 * MIB, status="503 Busy")))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url)))

    assert found == f"503 {MIB} bytes"
    assert server.left_alone()


@pytest.mark.usefixtures("small")
def test_a_body_without_end_is_refused(contract: Contract, listen: Listen) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(head())
        while connection.send(b"a" * 2**16):
            pass

    server = listen(script)

    assert contract.run(lambda client: outcome_of(client, request_to(server.url))) == REFUSED
    assert server.left_alone()


@pytest.mark.usefixtures("small")
def test_a_long_stream_is_read_piece_by_piece(contract: Contract, listen: Listen) -> None:
    """Read beyond the bound, which is one for whole bodies: a stream is never held as a whole."""
    server = listen(always(lambda _: as_chunks(b"a" * 5 * MIB)))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url), "pieces"))

    assert found == f"200 {5 * MIB} bytes"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("way", WAYS)
def test_a_body_that_unpacks_to_a_hundred_times_its_size_is_refused(
    contract: Contract, listen: Listen, way: Way
) -> None:
    bomb = gzip.compress(bytes(20 * MIB), 9, mtime=0)
    server = listen(always(lambda _: as_length(bomb, "content-encoding: gzip")))

    assert contract.run(lambda client: outcome_of(client, request_to(server.url), way)) == REFUSED
    assert server.left_alone()


@pytest.mark.usefixtures("small")
def test_an_endless_bomb_is_refused(contract: Contract, listen: Listen) -> None:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    first = packer.compress(b"a" * MIB)
    more = packer.compress(bytes(4 * MIB)) + packer.flush(zlib.Z_SYNC_FLUSH)

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(head("content-encoding: gzip"), first)
        while connection.send(more):
            pass

    server = listen(script)

    assert contract.run(lambda client: outcome_of(client, request_to(server.url))) == REFUSED


RAW_DEFLATED = zlib.compress(TEXT)[2:-4]

UNPACKED = {
    "gzip": ("gzip", GZIPPED),
    "x-gzip": ("x-gzip", GZIPPED),
    "GZIP in capitals": ("GZIP", GZIPPED),
    "gzip in two members": ("gzip", gzip.compress(TEXT[:7]) + gzip.compress(TEXT[7:])),
    "gzip with padding": ("gzip", GZIPPED + bytes(100)),
    "deflate": ("deflate", zlib.compress(TEXT)),
    "deflate without its head": ("deflate", RAW_DEFLATED),
    "identity": ("identity", TEXT),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("packed", UNPACKED)
def test_a_packed_body_is_unpacked(
    contract: Contract, listen: Listen, packed: str, size: int, way: Way
) -> None:
    encoding, data = UNPACKED[packed]
    pieces = split(data, range(size, len(data), size))
    answer = head("transfer-encoding: chunked", f"content-encoding: {encoding}") + chunks(*pieces)
    server = listen(always(lambda _: answer))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url), way))

    assert found == f"200 {len(TEXT)} bytes"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "x"])
def test_an_encoding_that_was_not_asked_for_is_refused(
    contract: Contract, listen: Listen, encoding: str, way: Way
) -> None:
    server = listen(always(lambda _: as_length(GZIPPED, f"content-encoding: {encoding}")))

    assert contract.run(lambda client: outcome_of(client, request_to(server.url), way)) == REFUSED


@pytest.mark.parametrize("way", WAYS)
def test_a_packed_body_that_is_cut_at_any_byte_is_an_error(
    contract: Contract, listen: Listen, way: Way
) -> None:
    """Cut only what is packed, in a framing that is whole."""

    def script(connection: Connection) -> None:
        for cut in range(1, len(GZIPPED)):
            connection.receive()
            connection.send(as_length(GZIPPED[:cut], "content-encoding: gzip"))

    server = listen(script)

    async def ask(client: ContractClient) -> set[str]:
        return {
            await outcome_of(client, request_to(server.url), way) for _ in range(1, len(GZIPPED))
        }

    assert contract.run(ask) <= BROKEN


@pytest.mark.parametrize("way", WAYS)
def test_a_packed_body_whose_framing_is_cut_is_a_cut(
    contract: Contract, listen: Listen, way: Way
) -> None:
    answer = chunked(GZIPPED).replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n", 1)

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(answer[:-5])

    server = listen(script)

    assert contract.run(lambda client: outcome_of(client, request_to(server.url), way)) == CUT


@pytest.mark.parametrize("way", WAYS)
def test_a_packed_body_that_is_damaged_is_refused(
    contract: Contract, listen: Listen, way: Way
) -> None:
    damaged = GZIPPED[:12] + b"\xff\xff\xff" + GZIPPED[15:]
    server = listen(always(lambda _: as_length(damaged, "content-encoding: gzip")))

    assert contract.run(lambda client: outcome_of(client, request_to(server.url), way)) in BROKEN


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_an_encoding_without_a_body_is_no_error_of_its_own(
    contract: Contract, listen: Listen, method: str
) -> None:
    status = "200 OK" if method == "HEAD" else "204 No"
    answer = head("content-encoding: gzip", status=status)
    server = listen(always(lambda _: answer))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url, method)))

    contract.judge(found, status[:3])
