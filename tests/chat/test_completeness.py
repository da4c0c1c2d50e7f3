"""Replies that are answers, and replies that are none."""

from typing import Any

import pytest

from llmring import LLMRequest, LLMResponse
from llmring.chat.completeness import defect, has_content, is_bare_refusal, without_name
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import Part, ProviderPart, ReasoningPart
from llmring.chat.tools import ToolCall
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.openai_chat.dialect import DIALECT as CHAT
from llmring.dialects.openai_responses.dialect import DIALECT as RESPONSES


def reply(text: str = "", reason: str | None = "stop", **fields: Any) -> LLMResponse:
    fields.setdefault("native_finish_reason", reason)
    return LLMResponse(content=text, model="a:b", finish_reason=reason, **fields)


def call(name: str) -> ToolCall:
    return ToolCall(id="1", type="function", function={"name": name, "arguments": "{}"})


def found(answer: LLMResponse, before: str = "", **fields: Any) -> str | None:
    fields.setdefault("messages", "Hello")
    request = parse_request(LLMRequest(model="a", **fields))
    return defect(answer, request, CHAT.is_content, before=before)


@pytest.mark.parametrize(
    "answer",
    [
        reply("Hi"),
        reply("Hi", None),
        reply("Hi", "odd"),
        reply("", "length"),
        reply("", "content_filter"),
        reply("", refusal="No."),
        reply("", "tool_calls", tool_calls=[call("f")]),
        reply("", "pause_turn", parts=(ProviderPart("anthropic", {"type": "server_tool_use"}),)),
    ],
    ids=range(8),
)
def test_a_reply_that_says_something_is_an_answer(answer: LLMResponse) -> None:
    assert found(answer) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(), "an empty answer"),
        (reply(" \n\t"), "an empty answer"),
        (reply("", None), "an empty answer"),
        (reply("", "odd"), "an empty answer"),
        (reply("", reasoning="So.", parts=(ReasoningPart("So."),)), "an empty answer"),
        (reply("", "tool_calls"), "no tool call"),
        (reply("Let me see.", "tool_calls"), "no tool call"),
        (reply("", "tool_calls", tool_calls=[call("f"), call("")]), "without a name"),
        (reply("", "error"), "failed"),
        (reply("Half of it", "error"), "failed"),
    ],
    ids=range(10),
)
def test_a_reply_that_failed_or_says_nothing_is_none(answer: LLMResponse, reason: str) -> None:
    fault = found(answer)

    assert fault is not None
    assert reason in fault


def test_the_defect_names_the_provider_s_own_word_and_its_explanation() -> None:
    answer = reply("", "error", native_finish_reason="MALFORMED_FUNCTION_CALL")

    fault = defect(answer, None, CHAT.is_content, detail="Malformed: print(")

    assert fault == (
        "the provider reports that its answer failed (finish reason 'MALFORMED_FUNCTION_CALL'): "
        "Malformed: print("
    )


TOOL_RESULT = [
    {"role": "user", "content": "q"},
    {
        "role": "assistant",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ],
    },
    {"role": "tool", "tool_call_id": "1", "content": "done"},
]


@pytest.mark.parametrize(
    "fields",
    [
        {"allow_empty": True},
        {"stop": "END"},
        {"extra_params": {"stop": ["END"]}},
        {"extra_params": {"generationConfig": {"stopSequences": ["END"]}}},
        {"messages": TOOL_RESULT},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "It is"}]},
    ],
    ids=range(6),
)
def test_silence_is_an_answer_where_it_may_be_meant(fields: dict[str, Any]) -> None:
    assert found(reply(), **fields) is None


def test_an_end_that_is_no_stop_text_excuses_no_silence() -> None:
    assert found(reply(native_finish_reason="end_turn"), stop="END") is not None
    assert found(reply(native_finish_reason="stop_sequence")) is None


@pytest.mark.parametrize("reason", ["error", "tool_calls"])
def test_no_request_makes_an_answer_of_a_failure(reason: str) -> None:
    answer = reply("", reason)

    assert found(answer, allow_empty=True, stop="END", messages=TOOL_RESULT) is not None


def test_a_continuation_may_add_nothing_to_the_text_before_it() -> None:
    assert found(reply(), before="The whole answer.") is None
    assert found(reply(), before=" ") is not None


ITEMS: list[tuple[Dialect, dict[str, Any], bool]] = [
    (GEMINI, {"inlineData": {"mimeType": "image/png", "data": "aa"}}, True),
    (GEMINI, {"executableCode": {"code": "1"}}, True),
    (GEMINI, {"text": "", "thoughtSignature": "c2ln"}, False),
    (RESPONSES, {"type": "image_generation_call", "result": "aa"}, True),
    (RESPONSES, {"type": "mcp_approval_request"}, True),
    (RESPONSES, {"type": "tool_search_call", "execution": "client"}, True),
    (RESPONSES, {"type": "web_search_call"}, False),
    (RESPONSES, {"type": "reasoning", "summary": []}, False),
    (RESPONSES, {"type": "message", "phase": "final"}, False),
    (CHAT, {"type": "audio", "audio": {"id": "1"}}, True),
    (CHAT, {"type": "image_url", "image_url": {"url": "data:"}}, True),
    (CHAT, {"type": "reasoning.encrypted", "data": "aa"}, False),
    (ANTHROPIC, {"type": "code_execution_tool_result"}, True),
    (ANTHROPIC, {"type": "redacted_thinking", "data": "aa"}, False),
    (ANTHROPIC, {"type": "web_search_tool_result"}, False),
]


@pytest.mark.parametrize(("dialect", "item", "is_content"), ITEMS)
def test_images_and_work_that_was_done_are_content_and_notes_are_not(
    dialect: Dialect, item: dict[str, Any], is_content: bool
) -> None:
    parts: tuple[Part, ...] = (ProviderPart(dialect.name, item),)
    answer = reply("", parts=parts)

    assert has_content(answer, dialect.is_content) is is_content
    assert (defect(answer, None, dialect.is_content) is None) is is_content


@pytest.mark.parametrize(
    ("answer", "bare"),
    [
        (reply("", "content_filter"), True),
        (reply(" ", "content_filter", refusal="It may harm."), True),
        (reply("", "content_filter", parts=(ReasoningPart("Hm."),)), True),
        (reply("Half of it", "content_filter"), False),
        (reply("", "content_filter", tool_calls=[call("f")]), False),
        (reply("", refusal="I won't."), False),
        (reply(), False),
    ],
    ids=range(7),
)
def test_a_refusal_is_bare_if_the_policy_has_left_nothing(answer: LLMResponse, bare: bool) -> None:
    assert is_bare_refusal(answer, CHAT.is_content) is bare


def test_calls_that_all_name_a_tool_have_no_defect() -> None:
    assert without_name([call("f"), call("g")]) is None
    assert without_name([call("f"), call("")]) == "a tool call without a name"
