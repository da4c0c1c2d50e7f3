from typing import Any

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_responses.dialect import DIALECT

PICTURE = {
    "type": "image_generation_call",
    "id": "ig_1",
    "status": "completed",
    "result": "UklGRg==",
    "output_format": "webp",
}
DRAWN = ProviderPart("openai_responses", PICTURE)
SHOWN = {
    "type": "message",
    "role": "user",
    "content": [
        {"type": "input_text", "text": "Generated above:"},
        {"type": "input_image", "image_url": "data:image/webp;base64,UklGRg=="},
    ],
}
THOUGHT = ReasoningPart("", "ENC", "rs_1", "openai_responses")


def sent(*turns: Message, **fields: Any) -> list[dict[str, Any]]:
    request = parse_request(LLMRequest(messages=list(turns), **fields))
    outgoing = DIALECT.encode(request, "m", stream=False, quirks=Quirks())
    found: list[dict[str, Any]] = outgoing.payload["input"]
    return found


def test_a_picture_is_shown_after_the_answer_that_it_belongs_to() -> None:
    answer = Message("assistant", [DRAWN, TextPart("Here.")])

    items = sent(answer, Message("user", "bigger"))

    assert [item.get("content") for item in items] == ["Here.", SHOWN["content"], "bigger"]
    assert items[1] == SHOWN


def test_a_picture_is_shown_after_the_results_of_the_same_answer() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = Message("assistant", [DRAWN], tool_calls=[call])

    items = sent(answer, Message("tool", "1", tool_call_id="c"))

    kinds = [item["type"] for item in items]
    assert kinds == ["function_call", "function_call_output", "message"]


def test_reasoning_that_led_only_to_a_picture_is_left_out() -> None:
    items = sent(Message("assistant", [THOUGHT, DRAWN]), Message("user", "bigger"))

    assert [item["type"] for item in items] == ["message", "message"]


def test_a_failed_picture_is_left_out() -> None:
    failed = ProviderPart("openai_responses", {**PICTURE, "result": None, "status": "failed"})

    items = sent(Message("assistant", [failed, TextPart("Sorry.")]), Message("user", "again"))

    assert [item["content"] for item in items] == ["Sorry.", "again"]


def test_a_picture_that_the_server_stores_is_sent_as_it_came() -> None:
    items = sent(Message("assistant", [DRAWN]), extra_params={"store": True})

    assert items == [PICTURE]
