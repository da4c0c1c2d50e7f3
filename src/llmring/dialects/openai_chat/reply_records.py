"""The fields of replies in Chat Completions that are read, of all compatible servers.

https://platform.openai.com/docs/api-reference/chat/object
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from llmring.dialects.openai_chat.usage import SentUsage


class ChatText(Struct, gc=False):
    """A piece of text."""

    text: str | None = None


class ContentPart(Struct, gc=False):
    """A part of a message's content."""

    # https://docs.mistral.ai/capabilities/reasoning/
    text: str | None = None
    thinking: str | list[ChatText] | None = None
    # https://docs.mistral.ai/capabilities/citations/
    type: Any = None
    reference_ids: Any = None
    url: Any = None
    title: Any = None
    description: Any = None


class ChatFunction(Struct, gc=False):
    """The function of a call."""

    name: str | None = None
    arguments: Any = None
    input: str | None = None


class ChatCall(Struct, gc=False):
    """A call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: ChatFunction | None = None
    custom: ChatFunction | None = None
    extra_content: Any = None


class ChatMessage(Struct, gc=False):
    """A message, or a piece of one."""

    content: str | list[ContentPart] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Any] | None = None
    refusal: str | None = None
    audio: Any = None
    images: list[Any] | None = None
    tool_calls: list[ChatCall] | None = None
    function_call: ChatFunction | None = None
    annotations: Any = None
    executed_tools: Any = None
    context: Any = None


class ChatChoice(Struct, gc=False):
    """A choice, whole or in a chunk."""

    index: int | None = None
    delta: ChatMessage | None = None
    message: ChatMessage | None = None
    finish_reason: str | None = None
    native_finish_reason: Any = None
    usage: SentUsage | None = None  # Moonshot, in streams
    error: Any = None


class ChatReply(Struct, gc=False):
    """A whole reply, or a chunk of a streamed one."""

    id: str | None = None
    model: str | None = None
    choices: list[ChatChoice] | None = None
    usage: SentUsage | None = None
    service_tier: Any = None
    error: Any = None
    # The sources of vendors that search by themselves.
    citations: Any = None
    search_results: Any = None
    web_search: Any = None
    search_info: Any = None


# The chunks that hold a piece of text and nothing else, of which a stream consists for the most
# part; any field that is not listed, and any value in one that is listed as None, is refused.


class TextPiece(Struct, gc=False, forbid_unknown_fields=True):
    """A piece of a message that is text alone."""

    content: Annotated[str, Meta(min_length=1)]
    role: Literal["assistant"] | None = None
    reasoning_content: None = None
    reasoning: None = None
    refusal: None = None
    tool_calls: None = None
    function_call: None = None
    audio: None = None


class TextChoice(Struct, gc=False, forbid_unknown_fields=True):
    """A choice in a chunk that is text alone."""

    delta: TextPiece
    index: Literal[0]
    finish_reason: None = None
    native_finish_reason: None = None
    logprobs: None = None
    usage: None = None
    stop_reason: None = None
    token_ids: None = None


class TextChunk(Struct, gc=False, forbid_unknown_fields=True):
    """A chunk that is text alone."""

    choices: tuple[TextChoice]
    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: None = None
    provider: str | None = None
    obfuscation: str | None = None
