"""Damaged answers over real sockets: a client answers or fails in time, and never hangs.

    PYTHONPATH=tests python -m transport.contract.fuzz_answers --seconds 600

damages valid answers at random, and sends each one to a client. Whatever comes, the client must
return an answer or raise a `ProviderError` within the deadline, never take a part for the whole,
and never take what is left of one answer for the next one. Each answer for which it does not is
printed, with the number that reproduces it (`--seed`, with `--count 1`).
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from llmring.transport.options import TransportOptions
from transport.contract.contenders import CLIENTS, Contender, ContractClient
from transport.contract.outcomes import BROKEN, LATE, WAYS, outcome_of, request_to
from transport.contract.raw_server import Connection, RawServer, chunked, chunks, head, split, whole

# Nothing takes this long unless it hangs: the server sends all it has at once, and closes.
DEADLINE = 3.0

NEXT = b"the answer to the next request"

HANGING = "no answer and no error"

PACKED = gzip.compress(b"hello " * 20, mtime=0)

# Only their last byte completes them, so that each of their beginnings is cut.
VALID = (
    whole(b"hello world"),
    whole(b"", "x-a: b", "date: Mon, 30 Nov 2026 10:00:00 GMT"),
    whole(b'{"error": 1}', "content-type: application/json", status="429 Too Many"),
    chunked(b"data: a\n\n", b"data: b\n\n", b"data: [DONE]\n\n"),
    head("transfer-encoding: chunked") + b"5;a=b\r\nhello\r\n0\r\nx-a: b\r\n\r\n",
    head(status="100 Continue") + head("link: </a>", status="103 Hints") + whole(b"hello"),
    whole(PACKED, "content-encoding: gzip"),
    head("transfer-encoding: chunked", "content-encoding: gzip") + chunks(*split(PACKED, [3, 9])),
    whole(b"hello", "connection: close"),
)

# Only the end of the connection completes them.
OPEN_ENDED = (head() + b"hello", b"HTTP/1.0 200 OK\r\nserver: a\r\n\r\nhello")

# Parts that change the meaning of what is around them.
PARTS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"0\r\n\r\n",
    b"ffffffffffffffff",
    b"-1",
    b"+",
    b"0x",
    b"\xff",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 No\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"content-length: 3\r\n",
    b"content-length: 99999999999\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip\r\n",
    b"content-encoding: gzip\r\n",
    b"content-encoding: br\r\n",
    b"connection: close\r\n",
    b"upgrade: h2c\r\n",
    b"a" * 9_000,
)


@dataclass(frozen=True)
class Damage:
    """A damaged answer.

    Attributes:
        seed: The number from which it was made.
        pieces: Its bytes, in the pieces in which they are sent.
        is_cut: True if it is the beginning of a valid answer, and nothing else.
    """

    seed: int
    pieces: tuple[bytes, ...]
    is_cut: bool = False


def damage(seed: int) -> Damage:
    """Make a damaged answer from a number."""
    chance = random.Random(seed)
    if chance.random() < 0.25:
        valid = chance.choice(VALID)
        return Damage(seed, _in_pieces(valid[: chance.randrange(len(valid))], chance), is_cut=True)
    data = bytearray(chance.choice(VALID + OPEN_ENDED))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _damage_once(data, chance)
    return Damage(seed, _in_pieces(bytes(data), chance))


def _damage_once(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 1, 2, 5, 20)))
    match chance.randrange(7):
        case 0:
            data[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end] * chance.choice((1, 2, 50))
        case 3:
            data[at:at] = chance.choice(PARTS)
        case 4:
            data[at:end] = chance.choice(PARTS)
        case 5:
            # At a line's begin, where headers and sizes are.
            lines = [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
            at = chance.choice(lines or [0])
            data[at:at] = chance.choice(PARTS)
        case 6:
            data += chance.choice((*PARTS, *VALID))


def _in_pieces(data: bytes, chance: random.Random) -> tuple[bytes, ...]:
    count = min(chance.choice((0, 0, 0, 1, 3)), len(data))
    return tuple(split(data, sorted(chance.randrange(len(data) + 1) for _ in range(count))))


@dataclass
class Findings:
    """The outcomes of damaged answers for one client.

    Attributes:
        outcomes: How often each kind of outcome came.
        faults: What should not have come, each with the number that reproduces it.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def _send(client: ContractClient, each: Damage, findings: Findings) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        if connection.number == 0:
            connection.send(*each.pieces)
        else:
            connection.send(whole(NEXT))

    with RawServer(script) as server:
        for name, way in (("first", WAYS[each.seed % 2]), ("next", WAYS[0])):
            try:
                async with asyncio.timeout(3 * DEADLINE):
                    found = await outcome_of(client, request_to(server.url), way, DEADLINE)
            except TimeoutError:
                found = HANGING
            fault = _fault_of_first(each, found) if name == "first" else _fault_of_next(found)
            if fault:
                shown = b"|".join(each.pieces)[:400]
                findings.faults.append(f"{each.seed}: {fault}: {found!r} of {shown!r}")
            if name == "first":
                findings.outcomes["an answer" if found[:1].isdigit() else found] += 1
            # The end of the first connection is noticed before the next request.
            await asyncio.sleep(0)
            if name == "first":
                await asyncio.to_thread(server.left_alone)
                await asyncio.sleep(0.001)


def _fault_of_first(each: Damage, found: str) -> str:
    if found in (LATE, HANGING):
        return "hangs"
    if found not in BROKEN and not found[:1].isdigit():
        return "raises what no server should cause"
    if each.is_cut and found not in BROKEN:
        return "takes a part for the whole"
    return ""


def _fault_of_next(found: str) -> str:
    return "" if found == f"200 {NEXT.decode()}" or found in BROKEN else "takes a wrong answer"


def fuzz(contender: Contender, seeds: Iterable[int]) -> Findings:
    """Send the damaged answers of these numbers to a client, one after the other."""
    findings = Findings()

    async def send_all() -> None:
        client = contender.make(TransportOptions())
        try:
            for seed in seeds:
                await _send(client, damage(seed), findings)
        finally:
            await client.aclose()

    asyncio.run(send_all())
    return findings


def _numbers(first: int, count: int | None, seconds: float) -> Iterator[int]:
    until = time.monotonic() + seconds
    number = first
    while time.monotonic() < until and (count is None or number < first + count):
        yield number
        number += 1


def main(arguments: list[str] | None = None) -> int:
    """Fuzz a client, print what was found, and return 1 if there was a fault."""
    parser = argparse.ArgumentParser(description="Damaged answers over real sockets.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int)
    parser.add_argument("--client", choices=[each.name for each in CLIENTS], default="asyncio")
    options = parser.parse_args(arguments)
    [contender] = [each for each in CLIENTS if each.name == options.client]
    findings = fuzz(contender, _numbers(options.seed, options.count, options.seconds))
    for name, count in findings.outcomes.most_common():
        sys.stdout.write(f"{count:8} {name}\n")
    for fault in findings.faults:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(findings.faults)} faults\n")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
