"""Models that are silent, slow or damaged within, as official SDKs see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmring.chat.events import Finished, TextDelta, Usage, UsageReport
from loopback import Answer, Pause, Step, as_stream
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS, FALLBACK

each_sdk = pytest.mark.parametrize("sdk", TALKS)

WORDS = [f"word{number} " for number in range(8)]
TEXT = "".join(WORDS)
SECONDS = 1.0
# Over all words, longer than the time without a byte.
PAUSE: dict[bool, list[Step]] = {True: [Pause(0.15)], False: []}
# The API that an SDK speaks, and another one.
OWN = {
    "chat": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
}
OTHER = dict(zip(OWN, [*OWN.values()][1:] + [*OWN.values()][:1], strict=True))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    policy = f"stall_timeout = {SECONDS}\nhedge_after = {SECONDS}"
    with stage(tmp_path_factory.mktemp("stage"), policy) as found:
        yield found


def pieces(api: str) -> list[bytes]:
    return [step for step in scripted(api, *map(TextDelta, WORDS)).steps if isinstance(step, bytes)]


def as_api(api: str, *steps: Step) -> Answer:
    return as_stream(*steps, content_type=APIS[api].encoding.stream_type)


def by_fallback(*words: str) -> Answer:
    usage = UsageReport(Usage(prompt_tokens=33, completion_tokens=7))
    return FALLBACK.answer(*map(TextDelta, words), usage, Finished("stop", ""), stream=True)


@each_sdk
def test_g078_a_silent_model_is_no_longer_waited_for(scene: Stage, sdk: str) -> None:
    api = OTHER[sdk]
    vendor = scene.script(api, as_api(api, Pause(20)), then=by_fallback(*WORDS))

    talk = scene.talk(sdk, api)
    talk.say("Count")

    assert talk.answer(stream=True).text == TEXT
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 1)
    assert vendor.hung_up.wait(5)


@each_sdk
@pytest.mark.parametrize("apis", [OWN, OTHER], ids=["own", "other"])
def test_g078_an_event_that_can_t_be_read_is_not_left_out(
    scene: Stage, sdk: str, apis: dict[str, str]
) -> None:
    api = apis[sdk]
    damaged = [piece.replace(b'word3 "', b"word3 ", 1) for piece in pieces(api)]
    assert damaged != pieces(api)
    vendor = scene.script(api, as_api(api, *damaged), then=by_fallback(*WORDS[3:]))

    talk = scene.talk(sdk, api)
    talk.say("Count")

    assert talk.answer(stream=True).text == TEXT
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 1)


@each_sdk
def test_g078_a_slow_model_is_left_to_answer(scene: Stage, sdk: str) -> None:
    api = OTHER[sdk]
    slow: list[Step] = [step for piece in pieces(api) for step in (piece, *PAUSE[b"word" in piece])]
    vendor = scene.script(api, as_api(api, *slow), then=by_fallback("other"))

    talk = scene.talk(sdk, api)
    talk.say("Count")

    assert talk.answer(stream=True).text == TEXT
    assert (len(vendor.requests), len(scene.fallback.requests)) == (1, 0)
