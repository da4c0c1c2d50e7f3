"""Streams of a vendor that break in the middle of an answer, and the rest of it by another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmring.chat.events import Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer
from loopback import Answer, Close, Pause, Reset, Step, as_stream
from vendors import APIS, FALLBACK, ended

WORDS = [f"word{number} " for number in range(60)]
STALL = 1.0


def _whole(api: str) -> Answer:
    return APIS[api].answer(*map(TextDelta, WORDS), *ended("stop"), stream=True)


def pieces(api: str) -> list[bytes]:
    """Return what the vendor would send, a piece for each of the words among them."""
    return [step for step in _whole(api).steps if isinstance(step, bytes)]


def begun(api: str, count: int) -> tuple[list[bytes], bytes]:
    """Return the pieces with this number of words, and the next one."""
    sent = pieces(api)
    mark = WORDS[count - 1].strip().encode() + b" "
    last = next(at for at, piece in enumerate(sent) if mark in piece)
    return sent[: last + 1], sent[last + 1]


def broken(api: str, count: int, end: Sequence[Step], *, halved: bool = False) -> Answer:
    first, following = begun(api, count)
    half = [following[: len(following) // 2]] if halved else []
    return as_stream(*first, *half, *end, content_type=APIS[api].encoding.stream_type)


def cut(count: int) -> Callable[[str], Answer]:
    return lambda api: broken(api, count, [Pause(0.02), Reset()])


def malformed(api: str) -> Answer:
    line = b"{oops" + b"\n" if api == "ollama" else b"data: {oops\n\n"
    return broken(api, 3, [line, Pause(0.02), Close()])


def error_event(api: str) -> Answer:
    encoder = APIS[api].encoding.encoder(Envelope())
    encoder.encode(Started("any", "id-1"))
    encoder.encode(TextDelta("word"))
    error = b"".join(encoder.fail(ErrorAnswer(status=503, message="overloaded")))
    return broken(api, 3, [error])


FAULTS: dict[str, Callable[[str], Answer]] = {
    "cut-1": cut(1),
    "cut-3": cut(3),
    "cut-40": cut(40),
    "malformed": malformed,
    "error": error_event,
    "no-end": lambda api: broken(api, 3, []),
    "half": lambda api: broken(api, 3, [Close()], halved=True),
}


def seen(fault: str) -> int:
    return int(fault.partition("-")[2]) if fault.startswith("cut") else 3


def going_on(count: int) -> Answer:
    """Return the rest of the answer, whose beginning repeats words, by the fallback."""
    rest = [*WORDS[count - 3 if count > 1 else 1 :]]
    usage = UsageReport(Usage(prompt_tokens=33, completion_tokens=7))
    return FALLBACK.answer(*map(TextDelta, rest), usage, Finished("stop", ""), stream=True)
