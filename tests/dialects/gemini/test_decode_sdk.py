"""What Google's own client sends for each of its features is read as the library's request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmring.chat.output_format import OutputFormat
from llmring.chat.parts import DocumentPart, ImagePart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.gemini.decode_request import decode_counting, decode_request
from llmring.dialects.request_decoding import ClientRequest
from loopback import Loopback, Request, as_json, as_stream

genai = pytest.importorskip("google.genai")

from google.genai import types  # noqa: E402

# Google's client.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

KEY = "a-key-that-opens-nothing"
ANSWER = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Yes."}]}, "finishReason": "STOP"}
    ]
}


PNG = types.Part.from_bytes(data=b"\xff", mime_type="image/png")


def recorded(ask: Callable[[Any], Any], answer: Any = ANSWER) -> Request:
    """The request that the client makes."""
    with Loopback(as_json(answer)) as server:
        options = types.HttpOptions(base_url=server.url, api_version="v1beta")
        client = genai.Client(api_key=KEY, http_options=options)
        try:
            ask(client.models)
        finally:
            client.close()
        (request,) = server.requests
    return request


def asked(contents: Any = "Hello", **config: Any) -> ClientRequest:
    request = recorded(
        lambda models: models.generate_content(
            model="m", contents=contents, config=types.GenerateContentConfig(**config)
        )
    )
    return decode_request(request.body, request.headers)


def parts(client: ClientRequest) -> list[list[Part]]:
    return [[*message.parts] for message in client.request.turns()]


def settings(request: LLMRequest) -> dict[str, Any]:
    names = ("temperature", "top_p", "max_tokens", "stop", "seed")
    return {name: getattr(request, name) for name in names}


def test_a_text() -> None:
    client = asked()

    assert parts(client) == [[TextPart("Hello")]]
    assert (client.own, client.required_own, client.model) == ({}, (), "")


def test_an_instruction() -> None:
    client = asked(system_instruction="Be brief.")

    assert [turn.role for turn in client.request.turns()] == ["system", "user"]
    assert parts(client)[0] == [TextPart("Be brief.")]


def test_settings_of_the_answer() -> None:
    client = asked(
        temperature=0.5,
        top_p=0.25,
        top_k=3,
        max_output_tokens=99,
        stop_sequences=["END"],
        seed=4,
        presence_penalty=0.5,
        frequency_penalty=0.5,
        candidate_count=1,
    )

    assert settings(client.request) == {
        "temperature": 0.5,
        "top_p": 0.25,
        "max_tokens": 99,
        "stop": ["END"],
        "seed": 4,
    }
    assert client.own == {
        "generationConfig": {
            "topK": 3,
            "presencePenalty": 0.5,
            "frequencyPenalty": 0.5,
            "candidateCount": 1,
        }
    }
    assert client.required_own == ()


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"candidate_count": 2}, "generationConfig.candidateCount"),
        ({"response_logprobs": True, "logprobs": 2}, "generationConfig.responseLogprobs"),
        ({"response_modalities": ["AUDIO"]}, "generationConfig.responseModalities"),
        ({"speech_config": "Kore"}, "generationConfig.speechConfig"),
        ({"image_config": {"aspect_ratio": "1:1"}}, "generationConfig.imageConfig"),
        ({"cached_content": "cachedContents/a"}, "cachedContent"),
        ({"service_tier": "flex"}, "serviceTier"),
        ({"system_instruction": [types.Part(text="a"), PNG]}, "systemInstruction"),
    ],
)
def test_a_feature_of_google_alone_is_needed(config: dict[str, Any], path: str) -> None:
    assert asked(**config).required_own == (path,)


def test_a_feature_that_others_can_do_without_is_kept() -> None:
    safety = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}
    client = asked(
        safety_settings=[safety], labels={"team": "a"}, media_resolution="MEDIA_RESOLUTION_LOW"
    )

    assert client.own["safetySettings"] == [safety]
    assert client.own["labels"] == {"team": "a"}
    assert client.own["generationConfig"].keys() == {"mediaResolution"}
    assert client.required_own == ()


def test_the_parts_of_a_user() -> None:
    contents = [
        types.Part.from_bytes(data=b"\xff\xfe\xfd", mime_type="image/png"),
        types.Part.from_uri(file_uri="https://a.example/b.pdf", mime_type="application/pdf"),
        "What is it?",
    ]

    assert parts(asked(contents)) == [
        [
            ImagePart(data="//79", media_type="image/png"),
            DocumentPart(url="https://a.example/b.pdf"),
            TextPart("What is it?"),
        ]
    ]


def test_a_clip_of_a_video() -> None:
    clip = types.Part(
        file_data=types.FileData(file_uri="https://youtu.be/x"),
        video_metadata=types.VideoMetadata(start_offset="10s", fps=2),
    )
    client = asked([types.Content(role="user", parts=[clip, types.Part(text="What is it?")])])

    own, text = parts(client)[0]
    assert isinstance(own, ProviderPart)
    assert own.content.keys() == {"fileData", "videoMetadata"}
    assert text == TextPart("What is it?")
    assert client.required_own == ("contents.0.parts.0",)


def test_a_round_of_calls_with_thoughts() -> None:
    signed = b"\xff\xfe sig"
    contents = [
        types.Content(role="user", parts=[types.Part(text="Weather?")]),
        types.Content(
            role="model",
            parts=[
                types.Part(text="Hm", thought=True),
                types.Part(text="Looking."),
                types.Part(
                    function_call=types.FunctionCall(name="weather", args={"city": "Paris"}),
                    thought_signature=signed,
                ),
                types.Part(function_call=types.FunctionCall(id="c2", name="clock", args={})),
            ],
        ),
        types.Content(
            role="user",
            parts=[
                types.Part.from_function_response(name="weather", response={"result": "5°"}),
                types.Part(
                    function_response=types.FunctionResponse(
                        id="c2",
                        name="clock",
                        response={"error": "broken"},
                        parts=[
                            types.FunctionResponsePart.from_bytes(
                                data=b"\xff", mime_type="image/png"
                            )
                        ],
                    )
                ),
            ],
        ),
    ]
    client = asked(contents)
    _, answer, weather, clock = client.request.turns()

    assert answer.parts == [ReasoningPart("Hm", dialect="gemini"), TextPart("Looking.")]
    first, second = answer.calls
    assert first["function"] == {"name": "weather", "arguments": '{"city":"Paris"}'}
    assert first["signature"] == "__4gc2ln"
    assert (first["id"], second["id"]) == ("call_1", "c2")
    assert (weather.tool_call_id, weather.content) == ("call_1", '{"result":"5°"}')
    assert (clock.tool_call_id, clock.metadata) == ("c2", {"is_error": True})
    assert clock.parts == [TextPart("broken"), ImagePart(data="/w==", media_type="image/png")]
    assert client.required_own == ()


def test_the_work_of_google_s_tools() -> None:
    contents = [
        types.Content(role="user", parts=[types.Part(text="Run it")]),
        types.Content(
            role="model",
            parts=[
                types.Part.from_executable_code(code="1", language=types.Language.PYTHON),
                types.Part.from_code_execution_result(outcome=types.Outcome.OUTCOME_OK, output="1"),
            ],
        ),
        types.Content(role="user", parts=[types.Part(text="Why?")]),
    ]
    client = asked(contents)

    assert parts(client)[1] == [
        ProviderPart("gemini", {"executableCode": {"code": "1", "language": "PYTHON"}}),
        ProviderPart("gemini", {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
    ]
    assert client.required_own == ("contents.1.parts.0", "contents.1.parts.1")


def weather(city: str, days: int = 1) -> str:
    """Look up the weather."""
    return city * days


OPENAPI = types.Schema(
    type=types.Type.OBJECT,
    properties={"city": types.Schema(type=types.Type.STRING, nullable=True)},
    required=["city"],
)
AS_JSON = {
    "type": "object",
    "properties": {"city": {"type": ["string", "null"]}},
    "required": ["city"],
}


@pytest.mark.parametrize(
    "parameters", [{"parameters": OPENAPI}, {"parameters_json_schema": AS_JSON}]
)
def test_a_declared_function(parameters: dict[str, Any]) -> None:
    declared = types.FunctionDeclaration(name="weather", description="Look", **parameters)
    client = asked(tools=[types.Tool(function_declarations=[declared])])

    assert client.request.tools == [Tool("weather", "Look", AS_JSON)]


def test_a_python_function() -> None:
    off = types.AutomaticFunctionCallingConfig(disable=True)
    (tool,) = asked(tools=[weather], automatic_function_calling=off).request.toolset()

    assert isinstance(tool, Tool)
    assert (tool.name, tool.description) == ("weather", "Look up the weather.")
    properties = tool.parameters["properties"]
    assert {name: each["type"] for name, each in properties.items()} == {
        "city": "string",
        "days": "integer",
    }


@pytest.mark.parametrize(
    ("mode", "names", "choice"),
    [
        ("AUTO", None, "auto"),
        ("ANY", None, "required"),
        ("ANY", ["weather"], NamedTool("weather")),
        ("NONE", None, "none"),
        ("VALIDATED", None, None),
    ],
)
def test_a_mode_of_calling(mode: str, names: list[str] | None, choice: Any) -> None:
    config = types.FunctionCallingConfig(
        mode=types.FunctionCallingConfigMode(mode), allowed_function_names=names
    )
    client = asked(
        tools=[types.Tool(function_declarations=[types.FunctionDeclaration(name="weather")])],
        tool_config=types.ToolConfig(function_calling_config=config),
    )

    assert client.request.tool_choice == choice
    assert client.request.tools == [Tool("weather", strict=True if mode == "VALIDATED" else None)]
    assert (client.own, client.required_own) == ({}, ())


def test_tools_of_google() -> None:
    client = asked(
        tools=[
            types.Tool(google_search=types.GoogleSearch()),
            types.Tool(url_context=types.UrlContext(), code_execution=types.ToolCodeExecution()),
        ]
    )
    tools = client.request.toolset()

    names = [[*tool.definition] for tool in tools if isinstance(tool, ProviderTool)]
    assert sorted(names) == [["codeExecution"], ["googleSearch"], ["urlContext"]]
    assert client.required_own == ()


@pytest.mark.parametrize(
    "config",
    [{"response_schema": OPENAPI}, {"response_json_schema": AS_JSON}],
)
def test_an_answer_of_a_schema(config: dict[str, Any]) -> None:
    client = asked(response_mime_type="application/json", **config)
    output = client.request.output()

    assert isinstance(output, OutputFormat)
    assert (output.schema, output.strict) == (AS_JSON, True)
    assert client.own == {}


def test_an_answer_of_a_type() -> None:
    output = asked(
        response_mime_type="application/json", response_schema=list[int]
    ).request.output()

    assert output is not None
    assert output.schema is not None
    assert {**output.schema, "title": ""} == {
        "type": "array",
        "items": {"type": "integer"},
        "title": "",
    }


@pytest.mark.parametrize(
    ("thinking", "tokens", "effort"),
    [
        ({"thinking_budget": 0}, 0, None),
        ({"thinking_budget": 512, "include_thoughts": True}, 512, None),
        ({"thinking_budget": -1}, None, None),
        ({"thinking_level": "low"}, None, "low"),
        ({"thinking_level": "MINIMAL", "include_thoughts": True}, None, "minimal"),
    ],
)
def test_an_amount_of_thinking(
    thinking: dict[str, Any], tokens: int | None, effort: str | None
) -> None:
    request = asked(thinking_config=types.ThinkingConfig(**thinking)).request

    assert (request.reasoning_tokens, request.reasoning_effort) == (tokens, effort)


def test_a_stream_has_the_same_body() -> None:
    with Loopback(as_stream(b"data: {}\r\n\r\n")) as server:
        options = types.HttpOptions(base_url=server.url, api_version="v1beta")
        client = genai.Client(api_key=KEY, http_options=options)
        try:
            list(client.models.generate_content_stream(model="m", contents="Hello"))
        finally:
            client.close()
        (request,) = server.requests

    assert request.path.endswith("models/m:streamGenerateContent?alt=sse")
    assert decode_request(request.body, {}).request == asked().request


def test_a_count() -> None:
    request = recorded(
        lambda models: models.count_tokens(model="m", contents="Hello"), {"totalTokens": 1}
    )

    assert parts(decode_counting(request.body, {})) == [[TextPart("Hello")]]
