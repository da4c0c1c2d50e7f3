"""Damaged replies for every dialect: a check of how they are read, and a search for bad ones.

    python tests/fuzz.py --minutes 30

damages the wire samples at random, and the recordings if they are next to the repository. Each
reply that fails the check is kept in `tests/wire_samples/damaged`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from llmring.chat.events import Failed
from llmring.chat.parsed_request import parse_request
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.dialects.dialect import Dialect, Quirks
from llmring.exceptions import ProviderError, UnsupportedFeatureError, ValidationError
from llmring.providers.table import PROVIDERS
from llmring.wire import HttpHead

HERE = Path(__file__).resolve().parent
SAMPLES = HERE / "wire_samples"
KEPT = SAMPLES / "damaged"
RECORDINGS = HERE.parents[1] / "shared" / "recordings"
RECORDED_AS = {
    "gemini": "google",
    "openai_chat": "openai_chat",
    "openai_responses": "openai_responses",
    "anthropic": "anthropic",
    "ollama": "ollama",
}

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect for row in PROVIDERS.values() for dialect in row.dialects
}

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1e300,
    "",
    "x",
    "\ud800",
    "0",
    [],
    {},
    [{}],
    [None],
    {"x": 1},
    [[[[]]]],
)
STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529, 418)
KINDS = ("application/json", "text/event-stream", "text/html; charset=utf-8", "", "image/png")


def corpus(name: str) -> list[bytes]:
    """Load good replies of a dialect."""
    bodies = [path.read_bytes() for path in sorted((SAMPLES / name).iterdir())]
    recorded = RECORDINGS / f"{RECORDED_AS.get(name, name)}.jsonl"
    if recorded.is_file():
        with recorded.open("rb") as lines:
            bodies += [json.loads(line)["response"]["body"].encode() for line in lines]
    return [body for body in bodies if len(body) < 60_000]


def damaged(rng: random.Random, bodies: list[bytes]) -> bytes:
    """Pick one of the bodies and damage it in one to four places."""
    body = rng.choice(bodies)
    for _ in range(rng.randint(1, 4)):
        body = rng.choice(DAMAGES)(rng, body, bodies)
    return body


def _slice(rng: random.Random, body: bytes) -> tuple[int, int]:
    start = rng.randint(0, len(body))
    return start, min(len(body), start + rng.choice((1, 2, 8, 64, 512)))


def _cut_short(rng: random.Random, body: bytes, _: list[bytes]) -> bytes:
    return body[: rng.randint(0, len(body))]


def _lose_some(rng: random.Random, body: bytes, _: list[bytes]) -> bytes:
    start, end = _slice(rng, body)
    return body[:start] + body[end:]


def _say_twice(rng: random.Random, body: bytes, _: list[bytes]) -> bytes:
    start, end = _slice(rng, body)
    return body[:end] + body[start:]


def _put_in(rng: random.Random, body: bytes, _: list[bytes]) -> bytes:
    start, _end = _slice(rng, body)
    noise = rng.choice(
        (b"\r\n\r\n", b"\n\n", b"\0", b"\xff\xfe", b"data: ", b'"', b"}", b"\xf0\x9f")
    )
    return body[:start] + noise + body[start:]


def _flip(rng: random.Random, body: bytes, _: list[bytes]) -> bytes:
    if not body:
        return body
    at = rng.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << rng.randrange(8))]) + body[at + 1 :]


def _run_together(rng: random.Random, body: bytes, bodies: list[bytes]) -> bytes:
    other = rng.choice(bodies)
    return body[: rng.randint(0, len(body))] + other[rng.randint(0, len(other)) :]


def _odd_value(rng: random.Random, body: bytes, _: list[bytes]) -> bytes:
    """Change a value somewhere in the JSON of the body, or of one of its events."""
    lines = body.split(b"\n")
    at = rng.randrange(len(lines))
    whole = body.lstrip().startswith((b"{", b"[")) and rng.random() < 0.9
    line = body if whole else lines[at]
    prefix = b"data: " if line.startswith(b"data: ") else b""
    try:
        value = json.loads(line.removeprefix(prefix))
    except ValueError:
        return body
    places = list(_places(value))
    if not places:
        return body
    holder, key = rng.choice(places)
    if isinstance(holder, dict) and rng.random() < 0.25:
        del holder[key]
    else:
        holder[key] = rng.choice(ODD_VALUES)
    new = prefix + json.dumps(value).encode()
    if whole:
        return new
    lines[at] = new
    return b"\n".join(lines)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Iterable[Any] = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])


DAMAGES: tuple[Callable[[random.Random, bytes, list[bytes]], bytes], ...] = (
    _cut_short,
    _lose_some,
    _say_twice,
    _put_in,
    _flip,
    _run_together,
    _odd_value,
    _odd_value,
    _odd_value,
)


def check(dialect: Dialect, body: bytes, rng: random.Random) -> None:
    """Read a reply in every possible way.

    Raises:
        AssertionError: The reply was read differently when it was cut in other places.
        Exception: Any other error than a ProviderError, which is a bug.
    """
    head = HttpHead(200, {"content-type": rng.choice(KINDS)})
    with contextlib.suppress(ProviderError):
        _goes_back(dialect, fold("a:b", dialect.decode(head, body), dialect.name))
    assert _streamed(dialect, head, [body]) == _streamed(dialect, head, _cut(rng, body))
    explained = dialect.explain(HttpHead(rng.choice(STATUSES), head.headers), body)
    assert isinstance(explained, ProviderError)
    assert len(str(explained)) < 20_000


def _streamed(dialect: Dialect, head: HttpHead, pieces: list[bytes]) -> object:
    decoder = dialect.decoder(head)
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.end()
    assert all(not isinstance(event, Failed) for event in events[:-1])
    try:
        answer = fold("a:b", events, dialect.name)
    except ProviderError as error:
        return type(error)
    _goes_back(dialect, answer)
    return answer


def _goes_back(dialect: Dialect, answer: LLMResponse) -> None:
    """Check that the answer can be part of the next request."""
    request = LLMRequest("a:b", [Message("user", "Hi"), answer.message, Message("user", "And?")])
    try:
        outgoing = dialect.encode(parse_request(request), "b", stream=False, quirks=Quirks())
    except (UnsupportedFeatureError, ValidationError):
        return
    json.dumps(outgoing.payload)


def _cut(rng: random.Random, body: bytes) -> list[bytes]:
    places = sorted(rng.randint(0, len(body)) for _ in range(rng.randint(1, 12)))
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


def main() -> int:
    """Search for replies that fail the check, for the given time."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--dialect", choices=DIALECTS, action="append")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)  # not for secrets
    bodies = {name: corpus(name) for name in arguments.dialect or DIALECTS}
    end = time.monotonic() + 60 * arguments.minutes
    tried, found = 0, set()
    while time.monotonic() < end:
        for name, good in bodies.items():
            body = damaged(rng, good)
            tried += 1
            try:
                check(DIALECTS[name], body, random.Random(0))
            except Exception as error:  # noqa: BLE001  # any exception is a finding
                where = traceback.extract_tb(error.__traceback__)[-1]
                fault = (name, type(error).__name__, where.filename, where.lineno)
                if fault not in found:
                    found.add(fault)
                    _keep(name, body, error)
    sys.stdout.write(f"{tried:,} damaged replies, {len(found)} of them failed the check\n")
    return 1 if found else 0


def _keep(name: str, body: bytes, error: Exception) -> None:
    path = KEPT / name / f"{hashlib.blake2s(body, digest_size=6).hexdigest()}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    sys.stdout.write(f"{path}: {type(error).__name__}: {error!s:.200}\n")
    traceback.print_exception(error, limit=-3, file=sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
