"""Settings in requests to Google's Gemini API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, Tool
from llmring.dialects.dialect import Outgoing, Quirks
from llmring.dialects.gemini.dialect import DIALECT

WEATHER = Tool("weather", "Returns the weather.", {"type": "object", "properties": {"city": {}}})


def encoded(
    request: LLMRequest, model: str = "gemini-2.5-flash", *, stream: bool = False
) -> Outgoing:
    return DIALECT.encode(parse_request(request), model, stream=stream, quirks=Quirks())


def payload(request: LLMRequest, model: str = "gemini-3-flash") -> dict[str, Any]:
    return encoded(request, model).payload


def generation(**fields: Any) -> dict[str, Any]:
    result: dict[str, Any] = payload(LLMRequest(messages="Hi", **fields))["generationConfig"]
    return result


def call(id_: str) -> Any:
    return {"id": id_, "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def test_a_text_becomes_one_user_turn() -> None:
    assert payload(LLMRequest(messages="Hello")) == {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("tunedModels/mine", "/v1beta/tunedModels/mine:generateContent"),
        ("odd?key=1", "/v1beta/models/odd%3Fkey%3D1:generateContent"),
    ],
)
def test_the_model_is_part_of_the_path(model: str, path: str) -> None:
    assert encoded(LLMRequest(messages="Hi"), model).path == path


def test_a_stream_uses_another_method() -> None:
    path = encoded(LLMRequest(messages="Hi"), stream=True).path

    assert path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


def test_the_key_is_sent_in_a_header() -> None:
    assert DIALECT.authorize("secret") == {"x-goog-api-key": "secret"}


def test_encoding_does_not_change_the_request() -> None:
    request = LLMRequest(
        messages=[Message("assistant", tool_calls=[call("a")]), Message("user", "Hi")],
        tools=[WEATHER],
        extra_params={"top_k": 3, "generation_config": {"seed": 4}},
    )
    before = msgspec.json.encode(request)
    payload(request)

    assert msgspec.json.encode(request) == before


def test_sampling_parameters_are_sent_under_googles_names() -> None:
    assert generation(temperature=0.0, top_p=0.5, max_tokens=10, stop=["END"], seed=7) == {
        "temperature": 0.0,
        "topP": 0.5,
        "maxOutputTokens": 10,
        "stopSequences": ["END"],
        "seed": 7,
    }


def test_functions_are_sent_with_their_schema_apart_from_googles_tools() -> None:
    request = LLMRequest(messages="Hi", tools=[WEATHER, {"google_search": {}}, Tool("clock")])

    assert payload(request)["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "Returns the weather.",
                    "parametersJsonSchema": {"type": "object", "properties": {"city": {}}},
                },
                {"name": "clock"},
            ]
        },
        {"google_search": {}},
    ]


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (NamedTool("weather"), {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
    ],
)
def test_r22_each_tool_choice_is_translated(choice: Any, config: dict[str, Any]) -> None:
    request = LLMRequest(messages="Hi", tools=[WEATHER], tool_choice=choice)

    assert payload(request)["toolConfig"] == {"functionCallingConfig": config}


def test_reasoning_tokens_become_a_thinking_budget_on_top_of_max_tokens() -> None:
    assert generation(reasoning_tokens=1000, max_tokens=200) == {
        "maxOutputTokens": 1200,
        "thinkingConfig": {"thinkingBudget": 1000, "includeThoughts": True},
    }


def test_zero_reasoning_tokens_disable_thinking() -> None:
    assert generation(reasoning_tokens=0) == {"thinkingConfig": {"thinkingBudget": 0}}


def test_a_json_schema_is_sent_as_the_response_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}

    assert generation(response_format=wanted) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }


@pytest.mark.parametrize(
    "wanted", [{"json_response": True}, {"response_format": {"type": "json_object"}}]
)
def test_json_without_a_schema_is_requested_by_media_type(wanted: dict[str, Any]) -> None:
    assert generation(**wanted) == {"responseMimeType": "application/json"}


def test_r37_extra_parameters_are_placed_in_either_spelling() -> None:
    request = LLMRequest(
        messages="Hi",
        temperature=0.5,
        extra_params={
            "top_k": 3,
            "generation_config": {"candidate_count": 2},
            "safety_settings": [{"category": "c", "threshold": "OFF"}],
            "cachedContent": "cachedContents/1",
        },
    )

    assert payload(request) == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"temperature": 0.5, "candidateCount": 2, "topK": 3},
        "safetySettings": [{"category": "c", "threshold": "OFF"}],
        "cachedContent": "cachedContents/1",
    }


@pytest.mark.parametrize(
    ("effort", "config"),
    [
        ("minimal", {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        ("low", {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("medium", {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
        ("high", {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("xhigh", {"thinkingLevel": "XHIGH", "includeThoughts": True}),
        ("max", {"thinkingLevel": "XHIGH", "includeThoughts": True}),
        ("none", {"thinkingBudget": 0}),
    ],
)
def test_an_effort_is_a_thinking_level(effort: str, config: dict[str, Any]) -> None:
    assert generation(reasoning_effort=effort) == {"thinkingConfig": config}


def test_thinking_is_left_to_the_model_by_default() -> None:
    assert "generationConfig" not in payload(LLMRequest(messages="Hi"))


def test_r21_strict_functions_are_validated_with_automatic_tool_choice() -> None:
    strict = Tool("clock", strict=True)

    def mode(**fields: Any) -> Any:
        request = LLMRequest(messages="Hi", tools=[WEATHER, strict], **fields)
        return payload(request)["toolConfig"]["functionCallingConfig"]["mode"]

    assert [mode(), mode(tool_choice="auto"), mode(tool_choice="any")] == [
        "VALIDATED",
        "VALIDATED",
        "ANY",
    ]


def test_r20_googles_own_tools_are_accepted_by_name_or_by_type() -> None:
    own: list[dict[str, Any]] = [
        {"type": "code_execution"},
        {"type": "google_search", "exclude_domains": ["a.org"]},
    ]
    request = LLMRequest(messages="Hi", tools=[*own, {"url_context": {}}])

    assert payload(request)["tools"] == [
        {"code_execution": {}},
        {"google_search": {"exclude_domains": ["a.org"]}},
        {"url_context": {}},
    ]


def test_functions_next_to_googles_own_tools_see_their_results() -> None:
    request = LLMRequest(messages="Hi", tools=[WEATHER, {"google_search": {}}], tool_choice="auto")

    assert payload(request)["toolConfig"] == {
        "functionCallingConfig": {"mode": "AUTO"},
        "includeServerSideToolInvocations": True,
    }


SCHEMA = {"type": "object", "properties": {"sky": {"type": "string"}}, "required": ["sky"]}
WANTED = {"type": "json_schema", "json_schema": {"name": "weather", "schema": SCHEMA}}


def test_r30_a_schema_and_tools_are_sent_together() -> None:
    sent = payload(LLMRequest(messages="Hi", tools=[WEATHER], response_format=WANTED))

    assert sent["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert sent["tools"][0]["functionDeclarations"][0]["name"] == "weather"


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "models/gemini-2.0-flash"])
def test_r30_an_older_model_with_tools_gets_the_schema_as_a_prompt(model: str) -> None:
    rules = Message("system", "Be brief.")
    question = Message("user", "Hi")
    request = LLMRequest(messages=[rules, question], tools=[WEATHER], response_format=WANTED)
    sent = payload(request, model)
    first, last = sent["systemInstruction"]["parts"]

    assert "generationConfig" not in sent
    assert first == {"text": "Be brief."}
    assert msgspec.json.encode(SCHEMA).decode() in last["text"]


def test_r30_an_older_model_without_tools_gets_the_schema() -> None:
    sent = payload(LLMRequest(messages="Hi", response_format=WANTED), "gemini-2.5-flash")

    assert sent["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert "systemInstruction" not in sent


@pytest.mark.parametrize(
    ("cache", "sent"),
    [
        ({"key": "cachedContents/7lf5him5"}, "cachedContents/7lf5him5"),
        (
            {"key": "projects/p/locations/l/cachedContents/1"},
            "projects/p/locations/l/cachedContents/1",
        ),
        ({"key": "my-app", "ttl": "1h"}, None),
        (True, None),
    ],
)
def test_a_cache_key_is_sent_if_it_names_cached_content(cache: Any, sent: str | None) -> None:
    assert payload(LLMRequest(messages="Hi", cache=cache)).get("cachedContent") == sent


def test_R32_unsupported_keywords_are_moved_into_the_description() -> None:
    schema = {
        "type": "object",
        "properties": {"at": {"$ref": "#/$defs/Hour"}, "kind": {"const": "noon"}},
        "$defs": {"Hour": {"type": "integer", "maximum": 23, "multipleOf": 3}},
    }
    tool = Tool("clock", parameters=schema)
    sent = payload(LLMRequest(messages="Hi", tools=[tool]))["tools"][0]["functionDeclarations"]
    hour = sent[0]["parametersJsonSchema"]["properties"]["at"]

    assert sent[0]["parametersJsonSchema"].keys() == {"type", "properties"}
    assert (hour["type"], hour["maximum"]) == ("integer", 23)
    assert "multipleOf" not in hour
    assert "3" in hour["description"]


def test_a_model_without_schemas_gets_the_schema_as_a_prompt_with_tools_or_without() -> None:
    for tools in ([], [Tool("clock")]):
        request = parse_request(LLMRequest(messages="Hi", response_format=WANTED, tools=tools))
        outgoing = DIALECT.encode(
            request, "gemma-3-27b-it", stream=False, quirks=Quirks(json_schema=False)
        )

        assert "responseMimeType" not in outgoing.payload.get("generationConfig", {})
        assert msgspec.json.encode(SCHEMA).decode() in str(outgoing.payload["systemInstruction"])
