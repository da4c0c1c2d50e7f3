"""Helpers of the official SDKs that make several requests, or read answers into types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import beta_tool
from google.genai import types
from pydantic import BaseModel

from llmring.chat.events import TextDelta, ToolCallDelta
from loopback import Loopback
from sdk_stage import Stage, scripted, stage
from vendors import APIS

each_api = pytest.mark.parametrize("api", APIS)


class Place(BaseModel):
    city: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def calling(scene: Stage, api: str) -> Loopback:
    call = ToolCallDelta(0, "call_0", "weather", '{"city": "Ulm"}')
    return scene.script(
        api, scripted(api, call, reason="tool_calls"), scripted(api, TextDelta("Sunny."))
    )


@each_api
def test_g063_anthropic_s_tool_runner_does_without_a_conversation_on_the_server(
    scene: Stage, api: str
) -> None:
    @beta_tool
    def weather(city: str) -> str:
        """Look up the weather.

        Args:
            city: The city.
        """
        return f"sun in {city}"

    vendor = calling(scene, api)
    talk: Any = scene.talk("messages", api)
    runner = talk.client.beta.messages.tool_runner(
        model=talk.model,
        max_tokens=100,
        tools=[weather],
        messages=[{"role": "user", "content": "What is the weather?"}],
    )

    assert runner.until_done().content[0].text == "Sunny."
    [_, second] = [request.body.decode() for request in vendor.requests]
    assert "What is the weather?" in second
    assert "sun in Ulm" in second


@each_api
def test_g064_google_s_sdk_calls_functions_by_itself(scene: Stage, api: str) -> None:
    def weather(city: str) -> str:
        """Look up the weather."""
        return f"sun in {city}"

    vendor = calling(scene, api)
    talk: Any = scene.talk("gemini", api)
    found = talk.client.models.generate_content(
        model=talk.model,
        contents="What is the weather?",
        config=types.GenerateContentConfig(tools=[weather]),
    )

    assert found.text == "Sunny."
    assert "sun in Ulm" in vendor.requests[1].body.decode()


@each_api
def test_g046_openai_s_sdk_reads_chats_into_types(scene: Stage, api: str) -> None:
    scene.script(api, scripted(api, TextDelta('{"city": "Ulm"}')))
    talk: Any = scene.talk("chat", api)

    found = talk.client.chat.completions.parse(
        model=talk.model,
        messages=[{"role": "user", "content": "Name a place"}],
        response_format=Place,
    )

    assert found.choices[0].message.parsed == Place(city="Ulm")


@each_api
def test_g046_openai_s_sdk_reads_responses_into_types(scene: Stage, api: str) -> None:
    scene.script(api, scripted(api, TextDelta('{"city": "Ulm"}')))
    talk: Any = scene.talk("responses", api)

    found = talk.client.responses.parse(model=talk.model, input="Name a place", text_format=Place)

    assert found.output_parsed == Place(city="Ulm")


@each_api
def test_g046_anthropic_s_sdk_reads_messages_into_types(scene: Stage, api: str) -> None:
    scene.script(api, scripted(api, TextDelta('{"city": "Ulm"}')))
    talk: Any = scene.talk("messages", api)

    found = talk.client.messages.parse(
        model=talk.model,
        max_tokens=100,
        messages=[{"role": "user", "content": "Name a place"}],
        output_format=Place,
    )

    assert found.parsed_output == Place(city="Ulm")


@each_api
def test_g046_google_s_sdk_reads_answers_into_types(scene: Stage, api: str) -> None:
    scene.script(api, scripted(api, TextDelta('{"city": "Ulm"}')))
    talk: Any = scene.talk("gemini", api)

    found = talk.client.models.generate_content(
        model=talk.model,
        contents="Name a place",
        config=types.GenerateContentConfig(
            response_mime_type="application/json", response_schema=Place
        ),
    )

    assert found.parsed == Place(city="Ulm")


@each_api
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g008_ollama_s_sdk_completes_a_prompt(scene: Stage, api: str, stream: bool) -> None:
    vendor = scene.script(api, scripted(api, TextDelta("Once "), TextDelta("upon")))
    talk: Any = scene.talk("ollama", api)

    found = talk.client.generate(model=talk.model, prompt="A story", stream=stream)

    text = "".join(each.response for each in found) if stream else found.response
    assert text == "Once upon"
    assert "A story" in vendor.requests[0].body.decode()
