"""llm's messages, tools and attachments in llmring's form."""

from pathlib import Path
from typing import Any

import llm
import pytest
from llm.models import Prompt
from llm.parts import ReasoningPart, TextPart, ToolCallPart, ToolResultPart

from llm_llmring.alias_models import AliasModel
from llm_llmring.prompt_request import METADATA, request_of
from llm_llmring.users_lockfile import open_ring
from llmring import AudioPart, DocumentPart, ImagePart, LLMRequest, Message, ValidationError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def request(*messages: llm.Message, **fields: Any) -> LLMRequest:
    model = AliasModel("llmring/fast", "fast", open_ring())
    return request_of("fast", model, Prompt(None, model, messages=[*messages], **fields))


def turns(*messages: llm.Message) -> list[Message]:
    return request(*messages).turns()


def test_a_conversation_keeps_its_roles_and_texts() -> None:
    found = turns(llm.system("Be brief"), llm.user("Hi"), llm.assistant("Yes?"), llm.user("Go on"))

    assert [(each.role, each.text) for each in found] == [
        ("system", "Be brief"),
        ("user", "Hi"),
        ("assistant", "Yes?"),
        ("user", "Go on"),
    ]


@pytest.mark.parametrize(
    ("attachment", "kind"),
    [
        (llm.Attachment(content=PNG), ImagePart),
        (llm.Attachment(content=b"%PDF-1.7\n", type="application/pdf"), DocumentPart),
        (llm.Attachment(content=b"RIFF\0\0\0\0WAVE", type="audio/x-wav"), AudioPart),
        (llm.Attachment(url="https://example.com/a.png"), ImagePart),
        (llm.Attachment(url="https://example.com/a", type="image/webp"), ImagePart),
    ],
)
def test_an_attachment_follows_the_text(attachment: llm.Attachment, kind: type) -> None:
    [message] = turns(llm.user("What is it?", attachment))

    assert [type(part) for part in message.parts][1:] == [kind]


def test_an_attachment_may_be_a_path() -> None:
    Path("a.png").write_bytes(PNG)

    [message] = turns(llm.user(llm.Attachment(path="a.png")))

    [image] = message.parts
    assert isinstance(image, ImagePart)
    assert image.media_type == "image/png"


def test_an_attachment_without_content_is_an_error() -> None:
    with pytest.raises(ValidationError):
        turns(llm.user(llm.Attachment(content=b"")))


def test_calls_and_results_of_another_plugin_are_kept() -> None:
    found = turns(
        llm.user("Weather?"),
        llm.assistant(
            ReasoningPart("Hm."),
            TextPart("I'll look."),
            ToolCallPart("weather", {"city": "Rome"}, "c1"),
            ToolCallPart("search", {}, "c2", server_executed=True),
        ),
        llm.tool_message(
            ToolResultPart("weather", "sunny", "c1", attachments=[llm.Attachment(content=PNG)])
        ),
    )

    _, answer, result = found
    assert answer.text == "I'll look."
    assert [each["id"] for each in answer.calls] == ["c1"]
    assert answer.calls[0]["function"] == {"name": "weather", "arguments": '{"city": "Rome"}'}
    assert (result.role, result.tool_call_id, result.text) == ("tool", "c1", "sunny")
    assert isinstance(result.parts[1], ImagePart)


def test_an_answer_of_llmring_comes_back_as_it_was() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    answer = Message("assistant", "Text", tool_calls=[{**call, "signature": "s"}], origin="google")
    kept = {METADATA: answer.to_dict()}

    [found] = turns(llm.assistant("Text", ReasoningPart("", provider_metadata=kept)))

    assert found == answer


def test_options_schema_and_tools_are_those_of_the_request() -> None:
    def weather(city: str) -> str:
        """Look up the weather."""
        return city

    found = request(
        llm.user("Hi"),
        tools=[weather],
        schema={"type": "object"},
        options=AliasModel.Options(temperature=0, json_object=True, profile="dev"),
    )

    [tool] = found.toolset()
    assert (tool.name, tool.description) == ("weather", "Look up the weather.")  # type: ignore[union-attr]
    assert (found.temperature, found.json_response) == (0, True)
    assert found.output() is not None
    assert request(llm.user("Hi"), options=AliasModel.Options(json_object=False)).output() is None
