"""Errors of vendors and of the gateway, each as the class that an official SDK has for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest
from google import genai

from llmring.chat.events import TextDelta
from llmring.dialects.reply_encoding import ErrorAnswer
from loopback import Answer, Pause, as_stream
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS

each_sdk = pytest.mark.parametrize("sdk", TALKS)
each_api = pytest.mark.parametrize("api", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

OPENAI: dict[str, tuple[type[Exception], int]] = {
    "request": (openai.BadRequestError, 400),
    "rate": (openai.RateLimitError, 429),
    "overload": (openai.InternalServerError, 503),
    "failure": (openai.InternalServerError, 502),
    "unknown": (openai.NotFoundError, 404),
}
GEMINI: dict[str, tuple[type[Exception], int]] = {
    "request": (genai.errors.ClientError, 400),
    "rate": (genai.errors.ClientError, 429),
    "overload": (genai.errors.ServerError, 503),
    "failure": (genai.errors.ServerError, 503),
    "unknown": (genai.errors.ClientError, 404),
}
OLLAMA: dict[str, tuple[type[Exception], int]] = {
    "request": (ollama.ResponseError, 400),
    "rate": (ollama.ResponseError, 429),
    "overload": (ollama.ResponseError, 502),
    "failure": (ollama.ResponseError, 502),
    "unknown": (ollama.ResponseError, 404),
}
ANTHROPIC: dict[str, tuple[type[Exception], int]] = {
    "request": (anthropic.BadRequestError, 400),
    "rate": (anthropic.RateLimitError, 429),
    "overload": (anthropic.InternalServerError, 529),
    "failure": (anthropic.InternalServerError, 502),
    "unknown": (anthropic.NotFoundError, 404),
}
RAISED = {
    "chat": OPENAI,
    "responses": OPENAI,
    "messages": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
}
KINDS = {
    400: "request",
    # The gateway's own key is wrong, and not the client's.
    401: "failure",
    402: "failure",
    404: "failure",
    429: "rate",
    500: "failure",
    503: "overload",
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def refused(api: str, status: int) -> Answer:
    head, body = APIS[api].encoding.error(ErrorAnswer(status=status, message="not today"))
    return Answer([body], status, dict(head.headers))


def status_of(error: Any) -> int:
    return int(getattr(error, "status_code", None) or error.code)


@each_sdk
@each_api
@either_form
def test_g103_the_error_of_the_only_model_has_a_class_of_the_sdk(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    found = {}
    for status, kind in KINDS.items():
        scene.script(api, refused(api, status))
        talk = scene.talk(sdk, api, alone=True)
        talk.say("Hello")
        with pytest.raises(RAISED[sdk][kind][0], match="not today") as raised:
            talk.answer(stream=stream)
        found[status] = status_of(raised.value)

    assert found == {status: RAISED[sdk][kind][1] for status, kind in KINDS.items()}


@each_sdk
@either_form
def test_g092_an_unknown_name_has_a_class_of_the_sdk(scene: Stage, sdk: str, stream: bool) -> None:
    kind, status = RAISED[sdk]["unknown"]

    talk = scene.talk(sdk, "gemini")
    known: Any = talk
    known.model = "no-such-name"
    if sdk == "gemini":
        known.chat._model = "no-such-name"
    talk.say("Hello")
    with pytest.raises(kind, match="no-such-name") as raised:
        talk.answer(stream=stream)

    assert status_of(raised.value) == status


@each_sdk
@either_form
def test_g085_a_client_that_waits_no_longer_ends_the_call_of_the_vendor(
    scene: Stage, sdk: str, stream: bool
) -> None:
    vendor = scene.script("anthropic", Answer([Pause(20)]))

    talk = scene.talk(sdk, "anthropic", alone=True, timeout=1)
    talk.say("Hello")
    with pytest.raises(
        (openai.APITimeoutError, anthropic.APITimeoutError, httpx.ReadTimeout, httpx2.ReadTimeout)
    ):
        talk.answer(stream=stream)

    # On a busy machine the client may leave before the vendor is asked.
    assert not vendor.requests or vendor.hung_up.wait(5)


@each_sdk
@each_api
def test_g085_a_client_that_leaves_a_stream_ends_the_call_of_the_vendor(
    scene: Stage, sdk: str, api: str
) -> None:
    steps = [*scripted(api, TextDelta("Once ")).steps]
    # Nothing after the first word: a vendor that still writes would not see the end as one.
    last = next(at for at, step in enumerate(steps) if isinstance(step, bytes) and b"Once" in step)
    vendor = scene.script(
        api, as_stream(*steps[: last + 1], Pause(20), content_type=APIS[api].encoding.stream_type)
    )

    talk = scene.talk(sdk, api, alone=True)
    talk.say("Hello")
    talk.leave()

    assert vendor.hung_up.wait(5)
