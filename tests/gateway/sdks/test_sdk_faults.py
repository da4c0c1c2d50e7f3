"""Streams that break at a vendor, as official SDKs see them: as one answer, or as an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from llmring.chat.events import Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer
from loopback import Answer, Close, Pause, Reset, Step, as_stream
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS, FALLBACK

each_sdk = pytest.mark.parametrize("sdk", TALKS)
each_api = pytest.mark.parametrize("api", APIS)

WORDS = [f"word{number} " for number in range(60)]
STALL = 1.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage"), f"stall_timeout = {STALL}") as found:
        yield found


def pieces(api: str) -> list[bytes]:
    """Return what the vendor would send, a piece for each of the words among them."""
    return [step for step in scripted(api, *map(TextDelta, WORDS)).steps if isinstance(step, bytes)]


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
each_fault = pytest.mark.parametrize("fault", FAULTS)


def seen(fault: str) -> int:
    return int(fault.partition("-")[2]) if fault.startswith("cut") else 3


def going_on(count: int) -> Answer:
    """Return the rest of the answer, whose beginning repeats words, by the fallback."""
    rest = [*WORDS[count - 3 if count > 1 else 1 :]]
    usage = UsageReport(Usage(prompt_tokens=33, completion_tokens=7))
    return FALLBACK.answer(*map(TextDelta, rest), usage, Finished("stop", ""), stream=True)


def checked(reply: Any) -> None:
    assert reply.text == "".join(WORDS)
    assert reply.tokens == (33, 7)


@each_sdk
@each_api
@each_fault
def test_g078_a_broken_stream_is_one_answer(scene: Stage, sdk: str, api: str, fault: str) -> None:
    vendor = scene.script(api, FAULTS[fault](api), then=going_on(seen(fault)))

    talk = scene.talk(sdk, api)
    talk.say("Count")
    reply = talk.answer(stream=True)

    checked(reply)
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 1)


@each_sdk
@each_fault
def test_g078_a_whole_answer_is_whole_whatever_breaks(scene: Stage, sdk: str, fault: str) -> None:
    api = "anthropic"
    vendor = scene.script(api, FAULTS[fault](api), then=going_on(seen(fault)))

    talk = scene.talk(sdk, api)
    talk.say("Count")
    reply = talk.answer(stream=False)

    checked(reply)
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 1)


@each_sdk
@each_api
@each_fault
def test_g082_a_broken_stream_that_can_t_go_on_is_an_error_of_the_sdk(
    scene: Stage, sdk: str, api: str, fault: str
) -> None:
    vendor = scene.script(api, FAULTS[fault](api))

    talk = scene.talk(sdk, api, alone=True)
    talk.say("Count")
    with pytest.raises(talk.errors):
        talk.answer(stream=True)

    assert len(vendor.requests) == 1


NEXT = dict(zip(TALKS, [*APIS][1:] + [*APIS][:1], strict=True))


@each_sdk
@pytest.mark.parametrize("alone", [False, True], ids=["saved", "lost"])
def test_g078_a_stream_that_stalls_goes_on_or_fails(scene: Stage, sdk: str, alone: bool) -> None:
    api = NEXT[sdk]
    vendor = scene.script(api, broken(api, 3, [Pause(20)]), then=going_on(3))

    talk = scene.talk(sdk, api, alone=alone)
    talk.say("Count")
    if alone:
        with pytest.raises(talk.errors):
            talk.answer(stream=True)
    else:
        checked(talk.answer(stream=True))

    assert len(vendor.requests) == 1
    assert vendor.hung_up.wait(5)
