"""The key of a request: one for all requests that mean the same, another for any other meaning."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cached_gateway import SAME
from llmring.answer_cache.request_key import key_of, plain
from llmring.chat.parsed_request import ParsedRequest, VerbatimBody
from llmring.dialects.relay.body_splice import members_of
from llmring.gateway.wires import WIRES, Wire

BY_NAME: dict[str, Wire] = {wire.name: wire for wire in WIRES}
each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)


def parsed(wire: str, body: dict[str, Any], **headers: str) -> ParsedRequest:
    """Read a request as the gateway does."""
    dialect, data = BY_NAME[wire].dialect, json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = dialect.request_decoding()(data, named).parsed(dialect.name)
    own = VerbatimBody(dialect=dialect.name, body=data, members=members_of(data))
    return msgspec.structs.replace(request, verbatim=own)


def key(wire: str, body: dict[str, Any], **headers: str) -> str:
    return key_of(parsed(wire, body, **headers))


# --- Equal meaning ---


def test_g133_a_question_has_one_key_in_all_apis() -> None:
    assert len({key(name, body) for name, body in SAME.items()}) == 1


CALLS: dict[str, dict[str, Any]] = {
    "chat": {
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city": "Ulm", "days": 1}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "Sun"},
        ],
    },
    "responses": {
        "input": [
            {"role": "user", "content": "Weather?"},
            {
                "type": "function_call",
                "call_id": "call_2",
                "name": "weather",
                "arguments": '{"days":1,"city":"Ulm"}',
            },
            {"type": "function_call_output", "call_id": "call_2", "output": "Sun"},
        ]
    },
    "messages": {
        "max_tokens": 100,
        "messages": [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool_use",
                        "id": "toolu_3",
                        "name": "weather",
                        "input": {"city": "Ulm", "days": 1.0},
                    }
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_3", "content": "Sun"}],
            },
        ],
    },
}
CALLS["chat"]["max_tokens"] = CALLS["responses"]["max_output_tokens"] = 100


def test_g133_a_conversation_with_calls_has_one_key_whatever_their_ids() -> None:
    keys = {key(name, {"model": "t", **body}) for name, body in CALLS.items()}

    assert len(keys) == 1


def test_the_ids_of_calls_tell_which_result_belongs_to_which() -> None:
    def two(first: str, second: str) -> str:
        names = ("a", "b")
        calls = [
            {"id": each, "type": "function", "function": {"name": "f", "arguments": "{}"}}
            for each in names
        ]
        results = [
            {"role": "tool", "tool_call_id": name, "content": text}
            for name, text in zip((first, second), ("x", "y"), strict=True)
        ]
        turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": calls}]
        return key("chat", {"model": "t", "messages": [*turns, *results]})

    assert two("a", "b") != two("b", "a")


@pytest.mark.parametrize(
    ("wire", "more"),
    [
        ("chat", {"user": "u-1"}),
        ("chat", {"metadata": {"a": "b"}}),
        ("chat", {"safety_identifier": "x"}),
        ("chat", {"prompt_cache_key": "x"}),
        ("chat", {"store": True}),
        ("chat", {"stream": True, "stream_options": {"include_usage": True}}),
        ("chat", {"model": "another name of the alias"}),
        ("chat", {"temperature": 0.0}),
        ("chat", {"max_tokens": None, "max_completion_tokens": 200}),
        ("messages", {"metadata": {"user_id": "u-1"}}),
        (
            "messages",
            {
                "system": [
                    {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
                ]
            },
        ),
        ("responses", {"input": [{"role": "user", "content": "Hello"}]}),
        ("responses", {"user": "u-1", "metadata": {}, "prompt_cache_key": "k"}),
        ("gemini", {"labels": {"team": "a"}}),
        ("ollama", {"keep_alive": "5m"}),
    ],
)
def test_what_no_answer_depends_on_does_not_change_the_key(wire: str, more: dict[str, Any]) -> None:
    assert key(wire, {**SAME[wire], **more}) == key(wire, SAME[wire])


def _shuffled(value: Any, chance: random.Random) -> Any:
    match value:
        case dict():
            names = [*value]
            chance.shuffle(names)
            return {name: _shuffled(value[name], chance) for name in names}
        case list():
            return [_shuffled(each, chance) for each in value]
        case int() if not isinstance(value, bool):
            return chance.choice([value, float(value)])
    return value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
SCHEMA = st.dictionaries(st.text(min_size=1, max_size=4), JSON, max_size=3)


@given(st.sampled_from(["chat", "responses", "messages"]), SCHEMA, st.randoms())
def test_g133_requests_of_equal_meaning_have_one_key(
    wire: str, schema: dict[str, Any], chance: random.Random
) -> None:
    body = with_tool(wire, {"type": "object", "properties": schema})
    other = with_tool(wire, _shuffled({"type": "object", "properties": schema}, chance))

    assert key(wire, other) == key(wire, body)
    assert key("chat", with_tool("chat", other_schema(other, wire))) == key(wire, body)


def with_tool(wire: str, schema: dict[str, Any]) -> dict[str, Any]:
    tool = {
        "chat": {"type": "function", "function": {"name": "f", "parameters": schema}},
        "responses": {"type": "function", "name": "f", "parameters": schema, "strict": False},
        "messages": {"name": "f", "input_schema": schema},
    }[wire]
    return {**copy.deepcopy(SAME[wire]), "tools": [tool]}


def other_schema(body: dict[str, Any], wire: str) -> dict[str, Any]:
    tool = body["tools"][0]
    found = {"chat": "function", "responses": "parameters", "messages": "input_schema"}[wire]
    schema: dict[str, Any] = tool[found]["parameters"] if wire == "chat" else tool[found]
    return schema


# --- Another meaning ---


@given(JSON, JSON)
def test_plain_data_has_one_form_for_each_value_and_no_other(one: Any, other: Any) -> None:
    same = json.dumps(plain(one)) == json.dumps(plain(other))

    assert same == (_typed(one) == _typed(other))


def _typed(value: Any) -> Any:
    """Return a value that is equal to that of another one only if both are the same JSON."""
    match value:
        case bool() | None:
            return repr(value)
        case dict():
            return {key: _typed(each) for key, each in value.items()}
        case list():
            return [_typed(each) for each in value]
    return value


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_g133_another_text_has_another_key(one: str, other: str) -> None:
    def asked(text: str) -> str:
        return key("chat", {"model": "t", "messages": [{"role": "user", "content": text}]})

    assert (asked(one) == asked(other)) == (one == other)


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("chat", {"temperature": 0.1}),
    ("chat", {"temperature": None}),
    ("chat", {"top_p": 0.5}),
    ("chat", {"max_tokens": 201}),
    ("chat", {"seed": 1}),
    ("chat", {"stop": ["x"]}),
    ("chat", {"reasoning_effort": "low"}),
    ("chat", {"frequency_penalty": 1}),
    ("chat", {"logit_bias": {"1": 2}}),
    ("chat", {"logprobs": True}),
    ("chat", {"n": 2}),
    ("chat", {"verbosity": "low"}),
    ("chat", {"response_format": {"type": "json_object"}}),
    ("chat", {"service_tier": "flex"}),
    ("chat", {"messages": [{"role": "user", "content": "Hello"}]}),
    ("chat", {"messages": [*SAME["chat"]["messages"], {"role": "user", "content": "Hello"}]}),
    (
        "chat",
        {"messages": [*SAME["chat"]["messages"][:1], {"role": "assistant", "content": "Hello"}]},
    ),
    ("chat", {"an_extension": {"of": "a server"}}),
    ("messages", {"top_k": 3}),
    ("messages", {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}),
    ("messages", {"output_config": {"effort": "low"}}),
    ("responses", {"truncation": "auto"}),
    ("responses", {"text": {"verbosity": "low"}}),
    ("gemini", {"generationConfig": {"maxOutputTokens": 200, "temperature": 0, "topK": 1}}),
    (
        "gemini",
        {"safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}]},
    ),
    ("ollama", {"options": {"num_predict": 200, "temperature": 0, "num_ctx": 8192}}),
    ("ollama", {"template": "x"}),
]


def test_g133_any_change_of_meaning_has_another_key() -> None:
    keys = [key(wire, {**SAME[wire], **more}) for wire, more in OTHERS]

    assert len({*keys, key("chat", SAME["chat"])}) == len(keys) + 1


@pytest.mark.parametrize(
    "more",
    [
        {"choice": "none"},
        {"choice": "required"},
        {"choice": {"type": "function", "function": {"name": "f"}}},
        {"schema": {"type": "object", "properties": {"a": {}}}},
        {"strict": True},
        {"description": "x"},
        {"name": "g"},
        {"parallel": False},
    ],
)
def test_g133_other_tools_have_another_key(more: dict[str, Any]) -> None:
    def asked(
        *,
        choice: Any = None,
        schema: Any = None,
        strict: bool | None = None,
        description: str | None = None,
        name: str = "f",
        parallel: bool | None = None,
    ) -> str:
        function = {
            "name": name,
            "parameters": schema or {"type": "object"},
            "strict": strict,
            "description": description,
        }
        body = {
            **SAME["chat"],
            "tools": [{"type": "function", "function": function}],
            "tool_choice": choice,
            "parallel_tool_calls": parallel,
        }
        return key("chat", body)

    assert asked(**more) != asked()
    assert asked(choice="auto") == asked()


def test_g133_beta_features_have_another_key_in_any_order() -> None:
    plainly = key("messages", SAME["messages"])
    one, other = (
        key("messages", SAME["messages"], anthropic_beta=value) for value in ("a,b", "b, a")
    )

    assert one == other != plainly


@each_wire
def test_the_circumstances_are_part_of_the_key(wire: Wire) -> None:
    request = parsed(wire.name, SAME[wire.name])

    assert len({key_of(request), key_of(request, "a"), key_of(request, "a", "b")}) == 3
    assert key_of(request, "ab") != key_of(request, "a", "b")
