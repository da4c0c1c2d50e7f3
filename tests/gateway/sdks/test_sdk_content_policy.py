"""Requests that the content policies of all models refuse, as official SDKs see that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import ollama
import openai
import pytest
from google import genai

from llmring.chat.events import Finished, RefusalDelta, TextDelta
from loopback import Answer, as_json
from sdk_stage import Stage, stage
from sdk_talks import TALKS
from vendors import FALLBACK, USED

each_sdk = pytest.mark.parametrize("sdk", TALKS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

ERRORS: dict[str, type[Exception]] = {
    "chat": openai.BadRequestError,
    "responses": openai.BadRequestError,
    "messages": anthropic.BadRequestError,
    "gemini": genai.errors.ClientError,
    "ollama": ollama.ResponseError,
}
# The errors of vendors' own policies, in the form of each API.
REFUSALS = {
    "openai_chat": as_json(
        {"error": {"message": "against our policy", "code": "content_policy_violation"}}, 400
    ),
    "openai_responses": as_json(
        {"error": {"message": "against our policy", "code": "invalid_prompt"}}, 400
    ),
}
POLICY = REFUSALS["openai_chat"]


def groq(*events: Any, reason: str = "stop") -> Answer:
    return FALLBACK.answer(*events, USED, Finished(reason, ""), stream=True)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@each_sdk
@either_form
def test_g101_a_request_against_every_policy_is_an_error_that_nobody_repeats(
    scene: Stage, sdk: str, stream: bool
) -> None:
    vendor = scene.script("openai_chat", POLICY, then=POLICY)

    talk = scene.talk(sdk, "openai_chat")
    talk.say("Do it")
    with pytest.raises(ERRORS[sdk], match="against our policy") as raised:
        talk.answer(stream=stream)

    error: Any = raised.value
    assert (getattr(error, "status_code", None) or error.code) == 400
    if sdk in ("chat", "responses"):
        code = {"chat": "content_policy_violation", "responses": "invalid_prompt"}
        assert error.code == code[sdk]
    assert len(vendor.requests) == len(scene.fallback.requests) == 1


@each_sdk
@pytest.mark.parametrize("api", ["openai_chat", "openai_responses"])
@either_form
def test_g101_the_refusal_of_one_policy_is_not_that_of_the_next(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    scene.script(api, REFUSALS[api], then=groq(TextDelta("Here.")))

    talk = scene.talk(sdk, api)
    talk.say("Do it")

    assert talk.answer(stream=stream).text == "Here."


@each_sdk
@either_form
def test_g101_a_model_s_own_refusal_is_shown_if_no_model_has_another_answer(
    scene: Stage, sdk: str, stream: bool
) -> None:
    refusal = groq(RefusalDelta("I won't."), reason="stop")
    scene.script("openai_chat", POLICY, then=refusal)

    talk = scene.talk(sdk, "openai_chat")
    talk.say("Do it")
    reply = talk.answer(stream=stream)

    if sdk in ("chat", "responses"):
        assert (reply.refusal, reply.text) == ("I won't.", "")
    elif sdk == "messages":
        assert reply.finish == "refusal"
    else:
        assert reply.text == "I won't."
