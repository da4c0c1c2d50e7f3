"""The last conversation as it is kept."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from llmring import ConfigurationError, Message
from llmring.chat.parts import ImagePart, ReasoningPart, TextPart
from llmring.cli.chat.kept_chats import NAME, KeptChat, LastChat

CALL: dict[str, Any] = {
    "id": "c1",
    "type": "function",
    "function": {"name": "add", "arguments": '{"a": 1}'},
}
MESSAGES = [
    Message("system", "Be brief"),
    Message("user", [ImagePart(data="AKIA", media_type="image/png"), TextPart("What is it?")]),
    Message(
        "assistant",
        [ReasoningPart("Hm", "signed", dialect="anthropic"), TextPart("Ünë \ud83d")],
        tool_calls=[CALL],
        origin="anthropic",
    ),
    Message("tool", "3", tool_call_id="c1"),
]


def test_a_conversation_comes_back_as_it_was(tmp_path: Path) -> None:
    chat = KeptChat("fast", "prod", MESSAGES[:2] + MESSAGES[3:])
    LastChat(tmp_path / "state").save(chat)

    assert LastChat(tmp_path / "state").load() == chat


def test_reasoning_and_calls_come_back_and_lone_surrogates_do_not(tmp_path: Path) -> None:
    LastChat(tmp_path).save(KeptChat("fast", None, MESSAGES))
    answer = LastChat(tmp_path).load().messages[2]

    assert (answer.origin, answer.tool_calls) == ("anthropic", MESSAGES[2].tool_calls)
    assert answer.parts[0] == MESSAGES[2].parts[0]
    assert answer.text.startswith("Ünë ")


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    LastChat(tmp_path / "state").save(KeptChat("fast", None, MESSAGES))

    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_keys_in_texts_are_masked_and_files_are_not(tmp_path: Path) -> None:
    shaped, known = "sk-ant-api03-0123456789abcdefghij", "a-secret-without-a-shape"
    call = {**CALL, "function": {"name": "use", "arguments": f'{{"key": "{shaped}"}}'}}
    image = ImagePart(data="c2stYW50", media_type="image/png")
    asked = Message("user", [image, TextPart(f"Is {shaped} a key?")])
    LastChat(tmp_path).save(
        KeptChat("fast", None, [asked, Message("assistant", f"{known} is", tool_calls=[call])]),
        [known],
    )

    text = (tmp_path / NAME).read_text()
    assert shaped not in text
    assert known not in text
    assert LastChat(tmp_path).load().messages[0].parts[0] == image


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"version": 2}), '{"version": 1, "messages": [{}]}']
)
def test_another_content_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)

    with pytest.raises(ConfigurationError, match="start a new one"):
        LastChat(tmp_path).load()


@pytest.mark.parametrize("home", [True, False])
def test_without_a_kept_conversation_there_is_an_error(tmp_path: Path, home: bool) -> None:
    if not home:
        LastChat(None).save(KeptChat("fast", None, MESSAGES))

    with pytest.raises(ConfigurationError, match="no conversation is kept"):
        LastChat(tmp_path if home else None).load()
