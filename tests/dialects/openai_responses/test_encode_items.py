"""The items of a Responses reply, and the events that show how they grow."""

from typing import Any

import pytest

from llmring.dialects.openai_responses.encode_items import (
    ItemBuilder,
    part_added,
    part_done,
    text_delta,
)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def item(kind: str, part: str | None = None, *pieces: str, **fields: Any) -> ItemBuilder:
    found = ItemBuilder(kind, 2, "i1", fields)
    if part is not None:
        found.parts.append((part, list(pieces)))
    return found


def test_a_message_has_its_parts_in_order() -> None:
    message = item("message", "output_text", "Ye", "s.", phase="final")
    message.parts.append(("refusal", ["No."]))

    assert message.whole() == {
        "id": "i1",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [
            {"type": "output_text", "annotations": [], "logprobs": [], "text": "Yes."},
            {"type": "refusal", "refusal": "No."},
        ],
        "phase": "final",
    }


def test_a_call_has_no_arguments_while_it_begins_and_an_empty_object_at_its_end() -> None:
    call = item("function_call", name="f")

    assert call.whole("in_progress")["arguments"] == ""
    assert call.whole()["arguments"] == "{}"
    assert item("custom_tool_call", name="f").whole()["input"] == ""


@pytest.mark.parametrize(
    ("kind", "part", "place", "events"),
    [
        (
            "message",
            "output_text",
            {"content_index": 0},
            ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"],
        ),
        (
            "reasoning",
            "summary_text",
            {"summary_index": 0},
            [
                "reasoning_summary_part.added",
                "reasoning_summary_text.delta",
                "reasoning_summary_text.done",
                "reasoning_summary_part.done",
            ],
        ),
    ],
)
def test_a_part_begins_grows_and_is_completed(
    kind: str, part: str, place: dict[str, int], events: list[str]
) -> None:
    growing = item(kind, part, "Hm.")
    sent = [*part_added(growing), text_delta(growing, "Hm."), *part_done(growing)]

    assert kinds(sent) == [f"response.{name}" for name in events]
    assert all(each.items() >= place.items() for each in sent)
    assert all((each["item_id"], each["output_index"]) == ("i1", 2) for each in sent)
    assert sent[-1]["part"]["text"] == "Hm."


def test_a_call_is_completed_with_its_name() -> None:
    [done] = part_done(item("function_call", "arguments", '{"a":', "1}", name="f"))

    assert (done["type"], done["arguments"], done["name"]) == (
        "response.function_call_arguments.done",
        '{"a":1}',
        "f",
    )


def test_a_call_without_arguments_is_completed_with_an_empty_object() -> None:
    delta, done = part_done(item("function_call", name="f"))

    assert (delta["delta"], done["arguments"]) == ("{}", "{}")


@pytest.mark.parametrize("kind", ["message", "reasoning", "custom_tool_call"])
def test_another_item_without_parts_has_nothing_to_complete(kind: str) -> None:
    assert part_done(item(kind)) == []
