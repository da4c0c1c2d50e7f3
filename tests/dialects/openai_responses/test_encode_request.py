from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_responses.dialect import DIALECT
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.exceptions import UnsupportedFeatureError
from llmring.wire import HttpHead

RECORDINGS = Path(__file__).resolve().parents[3].parent / "shared/recordings/openai_responses.jsonl"
CLOSED = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
CHAT_CUSTOM = {
    "type": "custom",
    "custom": {
        "name": "formula",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}},
    },
}


def payload(
    messages: Any = "Hello",
    *,
    model: str = "gpt-4o",
    stream: bool = False,
    quirks: Quirks | None = None,
    **fields: Any,
) -> dict[str, Any]:
    request = LLMRequest(messages=messages, **fields)
    return DIALECT.encode(
        parse_request(request), model, stream=stream, quirks=quirks or Quirks()
    ).payload


def items(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload(list(messages), **fields)["input"]
    return found


def call(id_: str = "call_1", name: str = "weather", arguments: str = "{}") -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def function_call(id_: str = "call_1", name: str = "weather") -> dict[str, Any]:
    return {"type": "function_call", "call_id": id_, "name": name, "arguments": "{}"}


def own(**content: Any) -> ProviderPart:
    return ProviderPart(NAME, content)


# --- Options ---


def test_a_question_is_sent_without_storing_it() -> None:
    assert payload() == {
        "model": "gpt-4o",
        "input": [{"type": "message", "role": "user", "content": "Hello"}],
        "store": False,
    }


def test_parameters_are_sent_under_openais_names() -> None:
    fields = payload(temperature=0, top_p=0.9, max_tokens=10, stream=True)

    assert {name: fields[name] for name in fields.keys() - {"model", "input", "store"}} == {
        "temperature": 0,
        "top_p": 0.9,
        "max_output_tokens": 10,
        "stream": True,
    }


def test_stop_texts_are_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="stop"):
        payload(stop=["END"])


def test_a_seed_is_not_sent() -> None:
    assert payload(seed=7) == payload()


def test_an_effort_is_sent_with_a_request_for_summaries() -> None:
    fields = payload(reasoning_effort="high")

    assert fields["reasoning"] == {"effort": "high", "summary": "auto"}
    assert fields["include"] == ["reasoning.encrypted_content"]


def test_reasoning_tokens_are_added_to_max_tokens() -> None:
    fields = payload(reasoning_tokens=4000, max_tokens=100)

    assert (fields["max_output_tokens"], fields["reasoning"]["effort"]) == (4100, "medium")


def test_zero_reasoning_tokens_become_effort_none() -> None:
    assert payload(reasoning_tokens=0)["reasoning"] == {"effort": "none"}


@pytest.mark.parametrize(
    "model", ["o3", "o4-mini", "gpt-5", "gpt-5.6-sol", "gpt-10", "ft:gpt-5-mini:x", "codex-mini"]
)
def test_encrypted_reasoning_is_requested_from_models_that_reason_by_default(model: str) -> None:
    assert payload(model=model)["include"] == ["reasoning.encrypted_content"]


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat-latest", "qwen3", "ollo3"])
def test_encrypted_reasoning_is_not_requested_from_other_models(model: str) -> None:
    assert "include" not in payload(model=model)


def test_extra_parameters_take_precedence() -> None:
    fields = payload(
        model="gpt-5",
        reasoning_effort="low",
        extra_params={"store": True, "include": [], "reasoning": {"summary": "detailed"}},
    )

    assert (fields["store"], fields["include"]) == (True, [])
    assert fields["reasoning"] == {"effort": "low", "summary": "detailed"}


@pytest.mark.parametrize(
    ("cache", "sent"),
    [
        (True, {}),
        ({"key": "k"}, {"prompt_cache_key": "k"}),
        ("24h", {"prompt_cache_retention": "24h"}),
        ("12h", {"prompt_cache_options": {"ttl": "12h"}}),
        ("5m", {}),
    ],
)
def test_cache_settings_are_translated(cache: Any, sent: dict[str, Any]) -> None:
    assert payload(cache=cache) == {**payload(), **sent}


# --- Output formats ---


def text_format(schema: Any, **fields: Any) -> dict[str, Any]:
    result = {"name": "city", "schema": schema, **fields}
    sent = {"type": "json_schema", "json_schema": result}
    found: dict[str, Any] = payload(response_format=sent)["text"]["format"]
    return found


def test_a_schema_is_sent_as_the_text_format() -> None:
    assert text_format(CLOSED, description="A city", strict=True) == {
        "type": "json_schema",
        "name": "city",
        "description": "A city",
        "schema": CLOSED,
        "strict": True,
    }


def test_R32_a_strict_schema_is_closed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    sent = text_format(schema, strict=True)

    assert sent["strict"] is True
    assert (sent["schema"]["additionalProperties"], sent["schema"]["required"]) == (False, ["a"])


def test_R32_a_type_that_cannot_be_strict_is_sent_without_strict() -> None:
    sent = payload(response_format=dict[str, int])["text"]["format"]

    assert sent["schema"]["additionalProperties"] == {"type": "integer"}
    assert sent["strict"] is False


@pytest.mark.parametrize("message", [{}, {"strict": False}])
def test_a_schema_without_strict_is_sent_unchanged(message: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}
    sent = text_format(schema, **message)

    assert (sent["schema"], sent["strict"]) == (schema, False)


def test_a_server_that_accepts_any_schema_gets_it_unchanged() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    result = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    sent = payload(response_format=result, quirks=Quirks(any_schema=True))["text"]["format"]

    assert (sent["schema"], sent["strict"]) == (schema, True)


def test_invalid_characters_in_the_name_of_a_schema_are_replaced() -> None:
    assert text_format(CLOSED, name="Stadt[größe]")["name"] == "Stadt_gr__e_"


def test_json_mode_adds_a_prompt_for_json() -> None:
    fields = payload("Hello", json_response=True)

    assert fields["text"] == {"format": {"type": "json_object"}}
    assert "JSON" in fields["input"][0]["content"]


def test_json_mode_adds_no_prompt_if_a_message_mentions_json() -> None:
    assert len(payload("Hello in json", json_response=True)["input"]) == 1


# --- Tools ---


def test_a_function_is_flat_and_strict_only_on_request() -> None:
    [loose, strict] = payload(
        tools=[Tool("a", "Does a", {"type": "object"}), Tool("b", None, CLOSED, strict=True)]
    )["tools"]

    assert loose == {
        "type": "function",
        "name": "a",
        "description": "Does a",
        "parameters": {"type": "object", "properties": {}},
        "strict": False,
    }
    assert strict == {"type": "function", "name": "b", "parameters": CLOSED, "strict": True}


def test_a_provider_tool_is_sent_unchanged() -> None:
    own_tool = {"type": "web_search", "filters": {"allowed_domains": ["a.b"]}}

    assert payload(tools=[own_tool])["tools"] == [own_tool]


def test_a_custom_tool_in_the_format_of_chat_completions_is_converted() -> None:
    assert payload(tools=[CHAT_CUSTOM])["tools"] == [
        {
            "type": "custom",
            "name": "formula",
            "format": {"type": "grammar", "syntax": "lark", "definition": "x"},
        }
    ]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("any", "required"),
        ("none", "none"),
        ({"function": "weather"}, {"type": "function", "name": "weather"}),
        ({"function": "formula"}, {"type": "custom", "name": "formula"}),
    ],
)
def test_R21_each_tool_choice_is_translated(choice: Any, sent: Any) -> None:
    tools = [Tool("weather"), ProviderTool({"type": "custom", "name": "formula"})]

    assert payload(tools=tools, tool_choice=choice)["tool_choice"] == sent


def test_without_tools_no_tool_choice_is_sent() -> None:
    assert "tool_choice" not in payload(tool_choice="auto")


# --- Messages ---


def test_system_messages_keep_their_position() -> None:
    sent = items(Message("system", "A"), Message("user", "B"), Message("system", "C"))

    assert [(item["role"], item["content"]) for item in sent] == [
        ("system", "A"),
        ("user", "B"),
        ("system", "C"),
    ]


PDF = "data:application/pdf;base64,JVBERg=="


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        (TextPart("a"), {"type": "input_text", "text": "a"}),
        (
            ImagePart(url="https://a.b/c.png", detail="low"),
            {"type": "input_image", "image_url": "https://a.b/c.png", "detail": "low"},
        ),
        (
            ImagePart(data="AA==", media_type="image/png"),
            {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
        ),
        (
            DocumentPart(data="JVBERg==", name="a.pdf"),
            {"type": "input_file", "filename": "a.pdf", "file_data": PDF},
        ),
        (
            DocumentPart(data="JVBERg=="),
            {"type": "input_file", "filename": "document.pdf", "file_data": PDF},
        ),
        (
            DocumentPart(url="https://a.b/c.pdf"),
            {"type": "input_file", "file_url": "https://a.b/c.pdf"},
        ),
        (
            UploadedPart("file-1", "application/pdf"),
            {"type": "input_file", "file_id": "file-1"},
        ),
        (UploadedPart("file-2", "image/png"), {"type": "input_image", "file_id": "file-2"}),
    ],
)
def test_every_kind_of_content_is_translated(part: Any, sent: dict[str, Any]) -> None:
    [requested] = items(Message("user", [part, "What is it?"]))
    [_, answered] = items(
        Message("assistant", tool_calls=[call()]),
        Message("tool", [part, "Look."], tool_call_id="call_1"),
    )

    assert requested["content"] == [sent, {"type": "input_text", "text": "What is it?"}]
    assert answered["output"] == [sent, {"type": "input_text", "text": "Look."}]


def test_audio_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="audio"):
        items(Message("user", [AudioPart("AA==", "audio/wav")]))


def test_an_image_from_the_assistant_is_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="user message"):
        items(Message("assistant", [ImagePart(url="https://a.b/c.png")]))


def test_R24_calls_and_their_results_are_sent_back() -> None:
    sent = items(
        Message("assistant", "Let me look.", tool_calls=[call("1"), call("2", "clock")]),
        Message("tool", "12 degrees", tool_call_id="1"),
        Message("tool", "9:41", name="clock"),
    )

    assert sent == [
        {"type": "message", "role": "assistant", "content": "Let me look."},
        function_call("1"),
        function_call("2", "clock"),
        {"type": "function_call_output", "call_id": "1", "output": "12 degrees"},
        {"type": "function_call_output", "call_id": "2", "output": "9:41"},
    ]


@pytest.mark.parametrize("kind", ["function", "custom"])
def test_a_custom_tool_call_is_sent_back_as_one(kind: Any) -> None:
    made: ToolCall = {**call("1", "formula", "1 + 1"), "type": kind}
    sent = items(
        Message("assistant", tool_calls=[made]),
        Message("tool", "2", tool_call_id="1"),
        tools=[CHAT_CUSTOM] if kind == "function" else None,
    )

    assert sent == [
        {"type": "custom_tool_call", "call_id": "1", "name": "formula", "input": "1 + 1"},
        {"type": "custom_tool_call_output", "call_id": "1", "output": "2"},
    ]


def test_R39_reasoning_is_sent_back_in_order() -> None:
    thought = ReasoningPart("\n\nHm.", "encrypted", "rs_1", NAME)
    sent = items(Message("assistant", [thought, "Let me look."], tool_calls=[call()]))

    assert sent == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "encrypted",
        },
        {"type": "message", "role": "assistant", "content": "Let me look."},
        function_call(),
    ]


@pytest.mark.parametrize(
    "part",
    [
        ReasoningPart("Hm.", "signature", dialect="anthropic"),
        ReasoningPart("Hm.", dialect=NAME),
        ProviderPart("anthropic", {"type": "server_tool_use"}),
    ],
)
def test_items_of_another_api_are_not_sent(part: Any) -> None:
    assert items(Message("assistant", [part, "Done."])) == items(Message("assistant", "Done."))
    assert items(Message("user", [part, "Done."])) == items(Message("user", "Done."))


def test_items_of_the_apis_own_tools_are_sent_back_in_order() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    sent = items(Message("assistant", ["First.", own(**search), "Then."]))

    assert [item.get("content", item) for item in sent] == ["First.", search, "Then."]


def test_a_phase_is_sent_back_with_its_text() -> None:
    mark = own(type="message", role="assistant", phase="commentary")
    sent = items(Message("assistant", ["Let me", " look.", mark, "Done."]))

    assert sent == [
        {"type": "message", "role": "assistant", "phase": "commentary", "content": "Let me look."},
        {"type": "message", "role": "assistant", "content": "Done."},
    ]


def test_a_call_that_must_be_sent_back_verbatim_is_sent_once() -> None:
    verbatim = {**function_call(), "namespace": "crm"}
    sent = items(Message("assistant", [own(**verbatim)], tool_calls=[call(), call("call_2")]))

    assert sent == [verbatim, function_call("call_2")]


def test_an_answer_to_an_item_of_the_api_is_sent_unchanged() -> None:
    answer = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}

    assert items(Message("user", [own(**answer)])) == [answer]


# --- Round trips ---


def normal(item: dict[str, Any]) -> dict[str, Any]:
    """Convert a recorded item to the form in which it is sent back."""
    match item["type"]:
        case "message":
            phase = {"phase": item["phase"]} if item.get("phase") else {}
            text = "".join(part.get("text", "") for part in item["content"])
            message = {"type": "message", "role": "assistant", **phase, "content": text}
            if any(part.get("annotations") for part in item["content"]):
                names = ("type", "text", "annotations")
                texts = [{name: part[name] for name in names} for part in item["content"]]
                message["content"] = texts
            return message
        case "function_call" | "custom_tool_call":
            return {key: item[key] for key in item if key not in ("id", "status")}
        case "reasoning" if not item.get("content") and not item.get("format"):
            text = "\n\n".join(part["text"] for part in item["summary"]).strip()
            return {
                "type": "reasoning",
                "id": item["id"],
                "summary": [{"type": "summary_text", "text": text}] if text else [],
                "encrypted_content": item["encrypted_content"],
            }
    return item


def is_lost(item: dict[str, Any]) -> bool:
    """Return True if only the server has it: reasoning that is neither shown nor encrypted."""
    is_hidden = not item.get("encrypted_content") and not item.get("content")
    is_refusal = item["type"] == "message" and not normal(item)["content"]
    return (item["type"] == "reasoning" and is_hidden) or is_refusal


def joined(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join consecutive messages that have no phase."""
    found: list[dict[str, Any]] = []
    for item in sent:
        both = item.keys() == {"type", "role", "content"} and isinstance(item["content"], str)
        before = (
            found.pop()["content"] if both and found and found[-1].keys() == item.keys() else ""
        )
        found.append({**item, "content": before + item["content"]} if before else item)
    return found


@pytest.mark.skipif(not RECORDINGS.is_file(), reason="needs the recordings next to the repository")
def test_R39_every_recorded_answer_is_sent_back_unchanged() -> None:
    wrong = {}
    for line in RECORDINGS.read_text().splitlines():
        recording = json.loads(line)
        if recording["kind"] != "chat":
            continue
        body = recording["response"]["body"]
        came = [item for item in json.loads(body)["output"] if not is_lost(item)]
        reply = fold("a:model", DIALECT.decode(HttpHead(200, {}), body.encode()), NAME)
        sent = items(reply.message)
        if sent != joined([normal(item) for item in came]):
            wrong[recording["id"]] = (sent, came)

    assert wrong == {}


DICTIONARY = {
    "type": "object",
    "properties": {"scores": {"type": "object", "additionalProperties": {"type": "number"}}},
}


@pytest.mark.parametrize(
    ("quirks", "sent", "note"),
    [
        (Quirks(), {"schema": DICTIONARY, "strict": False}, "at /properties/scores"),
        (Quirks(json_schema=False), {"type": "json_object"}, "in words"),
        (Quirks(json_schema=False, json_mode=False), None, "in words"),
    ],
)
def test_a_strict_schema_that_is_not_enforced_is_noted(
    quirks: Quirks, sent: dict[str, Any] | None, note: str
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": DICTIONARY}}
    request = LLMRequest(messages="Hi", response_format={**form, "strict": True})

    outgoing = DIALECT.encode(parse_request(request), "gpt-4.1", stream=False, quirks=quirks)

    found = outgoing.payload.get("text", {}).get("format")
    assert found == (sent and {**found, **sent})
    assert note in outgoing.notes[0]
    in_prompt = "scores" in str(outgoing.payload["input"])
    assert in_prompt == (not quirks.json_schema)
