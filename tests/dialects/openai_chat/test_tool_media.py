import base64
from typing import Any

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat.dialect import DIALECT

IMAGE = ImagePart(url="https://example.org/a.png")
PDF = DocumentPart(data="JVBE", name="a.pdf")
IMAGE_SENT = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
CALLS = [
    {"id": id_, "type": "function", "function": {"name": "shot", "arguments": "{}"}}
    for id_ in ("c1", "c2")
]


def sent(*results: Message, quirks: Quirks | None = None) -> list[dict[str, Any]]:
    asked = [Message("user", "q"), Message("assistant", None, tool_calls=CALLS)]
    request = parse_request(LLMRequest(messages=[*asked, *results]))
    outgoing = DIALECT.encode(request, "m", stream=False, quirks=quirks or Quirks())
    found: list[dict[str, Any]] = outgoing.payload["messages"][2:]
    return found


def test_media_come_in_one_user_message_after_all_results() -> None:
    one = Message("tool", ["here", IMAGE], tool_call_id="c1")
    two = Message("tool", [PDF], tool_call_id="c2")

    first, second, third = sent(one, two)

    assert first == {"role": "tool", "content": "here", "tool_call_id": "c1"}
    assert (second["role"], second["tool_call_id"]) == ("tool", "c2")
    assert "next message" in second["content"]
    assert third["role"] == "user"
    assert [part["type"] for part in third["content"]] == ["text", "image_url", "text", "file"]
    assert third["content"][1] == IMAGE_SENT
    assert "shot (c2)" in third["content"][2]["text"]


def test_documents_of_text_stay_in_the_result() -> None:
    text = DocumentPart(data=base64.b64encode(b"a,b").decode(), media_type="text/csv")

    one, two = sent(
        Message("tool", [text], tool_call_id="c1"), Message("tool", "1", tool_call_id="c2")
    )

    assert "a,b" in str(one["content"])
    assert two["content"] == "1"


def test_a_server_that_wants_the_assistant_to_speak_first_hears_it() -> None:
    one = Message("tool", [IMAGE], tool_call_id="c1")
    two = Message("tool", "1", tool_call_id="c2")
    later = Message("user", "Well?")

    found = sent(one, two, later, quirks=Quirks(bridges=True))

    assert [message["role"] for message in found] == ["tool", "tool", "assistant", "user", "user"]


def test_the_request_stays_as_it_was() -> None:
    result = Message("tool", ["here", IMAGE], tool_call_id="c1")

    sent(result, Message("tool", "1", tool_call_id="c2"))

    assert list(result.parts)[1] == IMAGE
