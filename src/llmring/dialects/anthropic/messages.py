"""The messages of a conversation in Anthropic's format: turns made of blocks.

https://platform.claude.com/docs/en/build-with-claude/working-with-messages
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, TypeGuard, assert_never

import msgspec

from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.call_ids import CallIds
from llmring.dialects.dialect import Quirks, json_object
from llmring.dialects.document_text import text_of
from llmring.exceptions import UnsupportedFeatureError

# The name of the dialect, also used in parts that only this API understands.
NAME = "anthropic"

# The IDs of other vendors have dots and colons.
CALL_IDS = CallIds("[a-zA-Z0-9_-]+", refused="[^a-zA-Z0-9_-]")

Block = dict[str, Any]

# The types of items that are not blocks: further fields of the block before, and of the turn.
FURTHER = "llmring_fields"
TURN_FIELDS = "llmring_turn_fields"


def system(turns: Iterable[Message]) -> list[Block]:
    """Build the blocks of the system prompt from the system messages at the beginning, in order.

    Raises:
        UnsupportedFeatureError: A system message has a part that is not text.
    """
    blocks: list[Block] = []
    for message in takewhile(lambda turn: turn.role == "system", turns):
        if not all(isinstance(part, TextPart | ProviderPart) for part in message.parts):
            raise UnsupportedFeatureError(
                "Anthropic takes only text in a system message; put images and documents "
                "into a user message"
            )
        blocks += _marked(_blocks(message.parts), message.cache_control)
    return blocks


def messages(turns: Sequence[Message], quirks: Quirks) -> list[dict[str, Any]]:
    """Build the turns of user and assistant; consecutive messages of one side are joined.

    System messages after the first turn become turns of their own.

    Args:
        turns: The conversation, with IDs that fit.
        quirks: Differences of this server from Anthropic's.

    Raises:
        UnsupportedFeatureError: The API does not accept a part of a message.
        ValidationError: The data of a document is not base64.
    """
    result: list[dict[str, Any]] = []
    unanswered: dict[str, Block] = {}
    for message in turns:
        match message.role:
            case "system" if not result:
                continue
            case "system":
                role, blocks = "system", _blocks(message.parts)
            case "assistant":
                role, blocks = "assistant", _assistant(message, quirks)
                unanswered |= {block["id"]: block for block in blocks if _is_call(block)}
            case "tool":
                role, blocks = "user", [_tool_result(message, unanswered)]
            case _:
                role, blocks = "user", _blocks(message.parts)
        blocks = _marked(blocks, message.cache_control)
        fields = _turn_fields(message.parts)
        if result and _continues(result[-1], role, fields):
            result[-1]["content"] += blocks
            result[-1] |= fields
        elif blocks or fields:
            result.append({"role": role, "content": blocks, **fields})
    for turn in result:
        # The API accepts results only at the beginning of a turn.
        # https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
        turn["content"].sort(key=lambda block: block.get("type") != "tool_result")
    return result


def _turn_fields(parts: Iterable[Part]) -> Block:
    return {
        name: value
        for part in parts
        if _is_ours(part, TURN_FIELDS)
        for name, value in part.content["fields"].items()
    }


def _continues(turn: Block, role: str, fields: Block) -> bool:
    """Return True if a message of this role, with these fields of its own, belongs to the turn."""
    # The fields of a system message are about all of its text.
    apart = role == "system" and (fields or turn.keys() - {"role", "content"})
    return turn["role"] == role and not apart


def lacks_thinking(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Return True if the last messages are a call that begins without thinking, and its result.

    With a budget for thinking, the API accepts only results of calls that the model thought about.
    https://platform.claude.com/docs/en/build-with-claude/thinking-tool-workflows
    """
    if len(messages) < 2 or messages[-1]["content"][0].get("type") != "tool_result":
        return False
    return messages[-2]["content"][0].get("type") not in _THOUGHTS


def container(turns: Sequence[Message]) -> str | None:
    """Return the ID of the container that the current turn uses, if any.

    Code that waits for a tool's result waits in that container.
    https://platform.claude.com/docs/en/agents-and-tools/tool-use/programmatic-tool-calling
    """
    for message in reversed(turns):
        if message.role == "assistant":
            for part in message.parts:
                if _is_ours(part, "container"):
                    return str(part.content["id"])
        elif message.role != "tool":
            return None
    return None


def _is_ours(part: Part, kind: str) -> TypeGuard[ProviderPart]:
    return (
        isinstance(part, ProviderPart) and part.dialect == NAME and part.content.get("type") == kind
    )


def _is_call(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "tool_use"


def _assistant(message: Message, quirks: Quirks) -> list[Block]:
    calls: list[Block] = [_call(call) for call in message.calls]
    blocks: list[Block] = []
    for part in message.parts:
        if isinstance(part, ReasoningPart):
            blocks += _thought(part, message.origin, quirks)
        elif _is_ours(part, "tool_use"):
            # The call itself is in the tool calls; this part has its position and further fields.
            blocks += [
                {**part.content, **call} for call in calls if call["id"] == part.content["id"]
            ]
        else:
            _add(blocks, part)
    placed = {block["id"] for block in blocks if _is_call(block)}
    blocks += [call for call in calls if call["id"] not in placed]
    if quirks.reasoning_on == "all" and (not blocks or blocks[0].get("type") not in _THOUGHTS):
        text = "".join(part.text for part in message.parts if isinstance(part, ReasoningPart))
        blocks.insert(0, {"type": "thinking", "thinking": text, "signature": ""})
    return blocks


_THOUGHTS = ("thinking", "redacted_thinking")


def _call(call: ToolCall) -> Block:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    block = {"type": "tool_use", "id": call["id"], "name": name, "input": json_object(arguments)}
    caller = call.get("caller", {})
    return block | {"caller": caller} if _CALLERS.match(str(caller.get("type"))) else block


# OpenAI's calls have callers of other types.
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/programmatic-tool-calling
_CALLERS = re.compile("direct$|code_execution")


def _cite(blocks: list[Block], cited: Mapping[str, Any]) -> None:
    """Add the citations to the text at the end of these blocks.

    The text is also a separate part, for vendors that do not support citations.
    """
    last = blocks[-1] if blocks else {}
    if last.get("type") != "text" or not last["text"].endswith(cited["text"]):
        return
    before = last["text"].removesuffix(cited["text"])
    blocks[-1:] = [*([{**last, "text": before}] if before.strip() else []), dict(cited)]


def _tool_result(message: Message, unanswered: dict[str, Block]) -> Block:
    id_ = message.tool_call_id or ""
    call = unanswered.pop(id_, {})
    result: Block = {"type": "tool_result", "tool_use_id": id_}
    if content := _blocks(message.parts):
        result["content"] = content
    if (message.metadata or {}).get("is_error"):
        result["is_error"] = True
    if "toolset_name" in call:
        result["toolset_name"] = call["toolset_name"]
    for part in message.parts:
        if _is_ours(part, FURTHER) and part.content["of"] == "tool_result":
            result |= part.content["fields"]
    return result


def _blocks(parts: Sequence[Part]) -> list[Block]:
    blocks: list[Block] = []
    for part in parts:
        _add(blocks, part)
    return blocks


def _add(blocks: list[Block], part: Part) -> None:
    if _is_ours(part, "text") and part.content.get("citations"):
        _cite(blocks, part.content)
    elif _is_ours(part, FURTHER):
        _extend(blocks, part.content)
    elif (block := _block(part)) is not None:
        mark = None if isinstance(part, ReasoningPart | ProviderPart) else part.cache_control
        blocks += _marked([block], mark)


def _extend(blocks: list[Block], further: Mapping[str, Any]) -> None:
    """Add further fields to the block at the end of these, if it is the one that has them."""
    if blocks and blocks[-1].get("type") == further["of"]:
        blocks[-1] = {**blocks[-1], **further["fields"]}


def _block(part: Part) -> Block | None:
    match part:
        case TextPart():
            # The API refuses blocks of only whitespace.
            return {"type": "text", "text": part.text} if part.text.strip() else None
        case ImagePart():
            return {"type": "image", "source": _image_source(part)}
        case DocumentPart():
            return _document(part)
        case UploadedPart():
            return _uploaded(part)
        case ReasoningPart():
            return None  # only assistants think
        case ProviderPart():
            other = part.dialect != NAME or part.content.get("type") in _NO_BLOCKS
            return None if other else dict(part.content)
        case AudioPart():
            raise UnsupportedFeatureError(
                "Anthropic takes no audio; send a transcript, or use a model that accepts audio"
            )
        case _:
            assert_never(part)


_NO_BLOCKS = ("container", FURTHER, TURN_FIELDS)


def _thought(part: ReasoningPart, origin: str | None, quirks: Quirks) -> list[Block]:
    # Anthropic refuses thinking without a signature, or with another vendor's. Servers with its
    # API that don't sign their thinking expect it back, as it came.
    signed = part.signature and part.dialect in (None, NAME)
    own = quirks.reasoning_field and part.dialect == NAME and origin == quirks.server
    if not signed and not own:
        return []
    return [{"type": "thinking", "thinking": part.text, "signature": part.signature or ""}]


def _image_source(part: ImagePart) -> dict[str, Any]:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _document(part: DocumentPart) -> Block:
    if part.media_type.startswith("image/"):
        image = ImagePart(url=part.url, data=part.data, media_type=part.media_type)
        return {"type": "image", "source": _image_source(image)}
    return _titled({"type": "document", "source": _document_source(part)}, part.name)


def _document_source(part: DocumentPart) -> dict[str, Any]:
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.media_type == "application/pdf":
        return {"type": "base64", "media_type": part.media_type, "data": part.data}
    # The name becomes the title of the block.
    text = text_of(msgspec.structs.replace(part, name=None))
    if text is not None:
        return {"type": "text", "media_type": "text/plain", "data": text}
    raise UnsupportedFeatureError(
        f"Anthropic takes no documents of type {part.media_type}; send it as PDF or text"
    )


def _uploaded(part: UploadedPart) -> Block:
    # https://platform.claude.com/docs/en/build-with-claude/files
    source = {"type": "file", "file_id": part.id}
    if part.media_type.startswith("image/"):
        return {"type": "image", "source": source}
    if part.media_type == "application/pdf" or part.media_type.startswith("text/"):
        return _titled({"type": "document", "source": source}, part.name)
    # The model cannot read other files, but the code that it runs can.
    return {"type": "container_upload", "file_id": part.id}


def _titled(block: Block, title: str | None) -> Block:
    return block | {"title": title} if title else block


def _marked(blocks: list[Block], mark: Mapping[str, Any] | None) -> list[Block]:
    if mark and blocks and blocks[-1].get("type") not in ("thinking", "redacted_thinking"):
        return [*blocks[:-1], blocks[-1] | {"cache_control": mark}]
    return blocks
