"""Any history of any vendors, encoded for each server: it keeps that server's rules."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ImagePart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ToolCall
from llmring.dialects.dialect import Dialect, Quirks
from llmring.providers.table import KINDS, PROVIDERS
from replies import ARGUMENTS, TEXTS, WORDS
from vendor_rules import (
    check_anthropic,
    check_chat,
    check_gemini,
    check_ollama,
    check_responses,
)

ORIGINS = [None, "openai", "anthropic", "google", "deepseek", "mistral", "openrouter", "mine"]

# IDs as vendors make them, and others.
IDS = st.sampled_from(
    [
        "call_PTLP8xhu3uwZk4l3nlnrrJha",
        "toolu_01A09q90qw90lq917835lq9",
        "functions.get_weather:0",
        "D681PevKs",
        "chatcmpl-tool-8f14e45fceea167a5a36dedd4bea2543",
        "x" * 65,
        "0",
        "",
    ]
) | st.text("abcXYZ019_-.: é", max_size=70)

IMAGE = ImagePart(data="aGk=", media_type="image/png")

CONTENTS: list[Any] = ["1", [IMAGE], ["see", IMAGE]]

# Items of each API that only the server which sent them can read.
ITEMS = [
    ProviderPart("openai_chat", {"type": "reasoning.text", "text": "Hm", "signature": "s"}),
    ProviderPart("openai_chat", {"type": "message", "annotations": [{"type": "url_citation"}]}),
    ProviderPart("anthropic", {"type": "redacted_thinking", "data": "x"}),
    ProviderPart("gemini", {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
]


@st.composite
def thoughts(draw: st.DrawFn) -> ReasoningPart:
    dialect = draw(st.sampled_from([None, "openai_chat", "openai_responses", "anthropic"]))
    field = "reasoning_content" if dialect == "openai_chat" else None
    signature = draw(st.sampled_from([None, "c2ln"]))
    return ReasoningPart(draw(TEXTS), signature, f"t-{draw(WORDS)}", dialect, field)


@st.composite
def rounds(draw: st.DrawFn) -> list[Message]:
    """Draw what one model answered, with the results of its calls."""
    parts: list[Part] = draw(st.lists(thoughts() | st.sampled_from(ITEMS), max_size=3))
    parts.append(TextPart(draw(TEXTS)))
    names = draw(st.lists(WORDS, max_size=3, unique=True))
    calls: list[ToolCall] = [
        {
            "id": draw(IDS),
            "type": "function",
            "function": {"name": name, "arguments": draw(ARGUMENTS)},
        }
        for name in names
    ]
    ids = [call["id"] for call in calls]
    if len(set(ids)) < len(ids):
        # Two results with one ID could not be told apart.
        calls = [{**call, "id": f"{call['id']}{at}"} for at, call in enumerate(calls)]
    answer = Message("assistant", parts, tool_calls=calls, origin=draw(st.sampled_from(ORIGINS)))
    results = [
        Message(
            "tool",
            draw(st.sampled_from(CONTENTS)),
            tool_call_id=call["id"] or None,
            name=call["function"]["name"],
        )
        for call in draw(st.permutations(calls))
    ]
    between = [Message("user", "Hurry.")] if draw(st.booleans()) else []
    return [answer, *between, *results]


@st.composite
def histories(draw: st.DrawFn) -> list[Message]:
    turns = [Message("system", "Be brief."), Message("user", "q")]
    for answered in draw(st.lists(rounds(), max_size=4)):
        turns += answered
        if draw(st.booleans()):
            turns.append(Message("user", "go on"))
    return turns


def sent(row: str, api: str | None, turns: list[Message]) -> dict[str, Any]:
    provider = PROVIDERS[row] if row in PROVIDERS else KINDS[row.removeprefix("own-")]
    quirks: Quirks = msgspec.structs.replace(provider.quirks, server=row)
    dialect: Dialect = provider.speaking(api)
    request = parse_request(LLMRequest(messages=turns, max_tokens=10))
    payload: dict[str, Any] = dialect.encode(request, "m", stream=False, quirks=quirks).payload
    return payload


@pytest.mark.parametrize(
    ("row", "id_pattern"),
    [
        ("openai", ".{1,40}"),
        ("own-openai", ".{1,40}"),
        ("deepseek", ".{1,40}"),
        ("openrouter", ".{1,40}"),
        ("mistral", "[a-zA-Z0-9]{9}"),
        ("moonshot", ".+"),
        ("vllm", ".+"),
    ],
)
@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_chat_completions_get_fitting_ids_and_each_result_after_its_call(
    row: str, id_pattern: str, turns: list[Message]
) -> None:
    messages = sent(row, "chat", turns)["messages"]

    check_chat(messages, id_pattern)
    pictures = str(messages).count("data:image/png;base64,aGk=")
    assert pictures == sum(part == IMAGE for turn in turns for part in turn.parts)


@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_mistral_never_gets_a_user_right_after_a_result(turns: list[Message]) -> None:
    roles = [message["role"] for message in sent("mistral", None, turns)["messages"]]

    assert ("tool", "user") not in pairwise(roles)


@pytest.mark.parametrize("row", ["deepseek", "moonshot"])
@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_each_answer_has_reasoning_where_the_vendor_demands_it(
    row: str, turns: list[Message]
) -> None:
    for message in sent(row, None, turns)["messages"]:
        assert ("reasoning_content" in message) == (message["role"] == "assistant")


# --- The other APIs ---


@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_the_responses_api_gets_fitting_ids_and_only_its_own_items(turns: list[Message]) -> None:
    check_responses(sent("openai", "responses", turns)["input"])


@pytest.mark.parametrize("row", ["anthropic", "own-anthropic"])
@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_anthropic_gets_sides_in_turn_and_results_first(row: str, turns: list[Message]) -> None:
    check_anthropic(sent(row, None, turns)["messages"])


@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_anthropic_gets_no_thinking_that_another_server_signed_or_none_did(
    turns: list[Message],
) -> None:
    allowed = {
        part.text
        for turn in turns
        for part in turn.parts
        if isinstance(part, ReasoningPart)
        and (
            (part.signature and part.dialect is None)
            or (part.dialect == "anthropic" and turn.origin == "anthropic")
            or (part.dialect == "anthropic" and turn.origin is None and part.signature)
        )
    }

    for message in sent("anthropic", None, turns)["messages"]:
        for block in message["content"]:
            assert block["type"] != "thinking" or block["thinking"] in allowed


@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_gemini_gets_each_call_after_a_user_and_its_results_next(turns: list[Message]) -> None:
    check_gemini(sent("google", None, turns)["contents"])


@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_ollama_gets_the_name_of_each_result(turns: list[Message]) -> None:
    check_ollama(sent("ollama", None, turns)["messages"])


ENCODINGS: list[Callable[[list[Message]], dict[str, Any]]] = [
    lambda turns: sent("mistral", None, turns),
    lambda turns: sent("openai", "responses", turns),
    lambda turns: sent("anthropic", None, turns),
]


@pytest.mark.parametrize("encode", ENCODINGS)
@given(turns=histories())
@settings(max_examples=20, deadline=None)
def test_the_same_history_is_always_sent_alike_and_stays_as_it_is(
    encode: Callable[[list[Message]], dict[str, Any]], turns: list[Message]
) -> None:
    before = msgspec.json.encode(turns)

    assert encode(turns) == encode(turns)
    assert msgspec.json.encode(turns) == before
