"""Calls of functions as calls of the client's own tools."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import (
    Event,
    Finished,
    ProviderItem,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.tools import ProviderTool, Tool
from llmring.dialects.foreign.tool_names import foreign_tools
from llmring.dialects.openai_responses.encode_reply import ENCODING
from llmring.dialects.openai_responses.restored_calls import restored
from llmring.dialects.reply_encoding import Envelope

TOOLS = foreign_tools(
    [
        Tool("read"),
        ProviderTool({"type": "custom", "name": "apply patch"}),
        ProviderTool(
            {
                "type": "namespace",
                "name": "agents",
                "tools": [
                    {"type": "function", "name": "close"},
                    {"type": "custom", "name": "send"},
                ],
            }
        ),
    ]
)
PATCH, CLOSE, SEND = TOOLS
END = Finished("tool_calls", "")


def items(*events: Event) -> list[dict[str, Any]]:
    """The items of a streamed reply, which are the same in a whole one."""
    found = list(restored(events, TOOLS, "resp_1"))
    envelope = Envelope(id="resp_1")
    last = ENCODING.stream(found, envelope)[-1].splitlines()[1][6:]
    output: list[dict[str, Any]] = json.loads(last)["response"]["output"]
    assert json.loads(ENCODING.whole(found, envelope))["output"] == output
    return output


def test_a_custom_tool_is_called_with_its_text() -> None:
    [item] = items(
        Started("m", "resp_1"),
        ToolCallDelta(0, "c1", PATCH),
        ToolCallDelta(0, arguments='{"input": "a'),
        UsageReport(Usage(prompt_tokens=1)),
        ToolCallDelta(0, arguments='\\n𝄞"}'),
        END,
    )

    assert (item["type"], item["call_id"], item["name"], item["input"]) == (
        "custom_tool_call",
        "c1",
        "apply patch",
        "a\n𝄞",
    )


def test_the_tools_of_a_namespace_are_called_by_their_own_names() -> None:
    close, send, read = items(
        ToolCallDelta(0, "c1", CLOSE, '{"a":1}'),
        ToolCallDelta(1, None, SEND, '{"input":"hi"}'),
        ToolCallDelta(2, "c3", "read", '{"input":"x"}'),
        END,
    )

    assert [each["type"] for each in (close, send, read)] == [
        "function_call",
        "custom_tool_call",
        "function_call",
    ]
    assert (close["namespace"], close["name"], close["arguments"]) == ("agents", "close", '{"a":1}')
    assert (send["namespace"], send["name"], send["input"]) == ("agents", "send", "hi")
    assert send["call_id"]
    assert "namespace" not in read
    assert (read["name"], read["arguments"]) == ("read", '{"input":"x"}')


def test_text_in_another_form_comes_at_the_end_of_the_call() -> None:
    found = list(
        restored(
            [
                ToolCallDelta(0, "c1", PATCH, '{"why": 1, '),
                ToolCallDelta(0, None, None, '"input": "a"}'),
                TextDelta("Done"),
            ],
            TOOLS,
        )
    )

    assert found == [
        ToolCallDelta(0, "c1", "apply patch", kind="custom"),
        ToolCallDelta(0, arguments="a", kind="custom"),
        TextDelta("Done"),
    ]


@pytest.mark.parametrize(
    "events",
    [
        [ToolCallDelta(0, "c1", "read", "{}"), ToolCallDelta(0, None, None, " ")],
        [ToolCallDelta(0, "c1", PATCH, "{}", kind="custom")],
        [ProviderItem({"type": "web_search_call"}), TextDelta("a"), END],
    ],
)
def test_all_other_events_stay_as_they_are(events: list[Event]) -> None:
    assert list(restored(events, TOOLS)) == events


def test_signatures_and_repeated_names_are_kept() -> None:
    events: list[Event] = [
        ToolCallDelta(0, "c1", PATCH, "", "c2ln"),
        ToolCallDelta(0, None, PATCH, '{"input":"a"}', "bmV3"),
    ]

    assert list(restored(events, TOOLS)) == [
        ToolCallDelta(0, "c1", "apply patch", "", "c2ln", "custom"),
        ToolCallDelta(0, None, "apply patch", "a", "bmV3", "custom"),
    ]


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\\r\n𝄞👋')),
    st.booleans(),
    st.integers(1, 7),
)
def test_a_patch_reaches_the_client_as_it_is(text: str, is_ascii: bool, size: int) -> None:
    arguments = json.dumps({"input": text}, ensure_ascii=is_ascii)
    pieces = [arguments[at : at + size] for at in range(0, len(arguments), size)]

    events: list[Event] = [
        ToolCallDelta(0, "c1", PATCH),
        *(ToolCallDelta(0, arguments=piece) for piece in pieces),
        ToolCallDelta(1, "c2", "read", "{}"),
        END,
    ]
    streamed = ENCODING.stream(restored(events, TOOLS), Envelope(id="resp_1"))
    sent = [json.loads(piece.splitlines()[1][6:]) for piece in streamed]

    kind = "response.custom_tool_call_input"
    assert "".join(each["delta"] for each in sent if each["type"] == f"{kind}.delta") == text
    assert sent[-1]["response"]["output"][0]["input"] == text
