"""A request: messages and their parts, tools, and how the answer should be made."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from llmring.exceptions import ValidationError

Role = Literal["system", "user", "assistant", "tool"]

# OpenAI's newer models call the system role "developer"; it means the same.
_ROLES: dict[object, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


class FunctionCall(TypedDict):
    """The function of a tool call; `arguments` is a JSON text."""

    name: str
    arguments: str


class ToolCall(TypedDict):
    """A call that the model wants made, in OpenAI's form."""

    id: str
    type: Literal["function"]
    function: FunctionCall
    # What the vendor wants back with the call, opaque to us (Google's thought signatures).
    signature: NotRequired[str]


class TextPart(Struct, frozen=True):
    """A piece of text in a message."""

    text: str
    cache_control: dict[str, Any] | None = None


class ImagePart(Struct, frozen=True):
    """An image: either a URL, or its bytes in base64 with their media type."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    detail: str | None = None
    cache_control: dict[str, Any] | None = None

    @property
    def as_url(self) -> str:
        """The URL, as a data: URL where the image is given by its bytes."""
        return self.url or f"data:{self.media_type};base64,{self.data}"


class DocumentPart(Struct, frozen=True):
    """A document (a PDF, say): either a URL, or its bytes in base64 with their media type."""

    url: str | None = None
    data: str | None = None
    media_type: str = "application/pdf"
    name: str | None = None
    cache_control: dict[str, Any] | None = None


class ReasoningPart(Struct, frozen=True):
    """Reasoning that the model gave in an earlier turn, with the vendor's signature."""

    text: str
    signature: str | None = None


Part = TextPart | ImagePart | DocumentPart | ReasoningPart

_DATA_URL = re.compile(r"data:(?P<media_type>[^;,]+)(?:;[^;,]+)*;base64,(?P<data>.*)", re.DOTALL)


class Message(Struct):
    """One message of a conversation.

    Attributes:
        role: "system", "user", "assistant" or "tool".
        content: A text, or a list of parts: strings, part objects, or dictionaries in OpenAI's
            form (`text`, `image_url`) or Anthropic's (`text`, `image`, `document`).
        tool_calls: Calls that the assistant made in this turn.
        tool_call_id: For role "tool": the call that this is the result of.
        name: For role "tool": the name of the function, where the call's ID is not enough.
        metadata: `{"cache_control": {...}}` marks the message for a provider's prompt cache.
        timestamp: The application's own; never sent.

    Raises:
        ValidationError: The role or a part is not one that can be sent.
    """

    role: str
    content: str | Sequence[Part | str | Mapping[str, Any]] | None = None
    tool_calls: Sequence[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    timestamp: Any = None

    def __post_init__(self) -> None:
        role = _ROLES.get(self.role)
        if role is None:
            raise ValidationError(f"role {self.role!r} is not one of system, user, assistant, tool")
        self.role = role
        if self.content is not None and not isinstance(self.content, str):
            if isinstance(self.content, Mapping) or not isinstance(self.content, Sequence):
                raise ValidationError(
                    f"content must be a text or a list of parts, not {type(self.content).__name__}"
                )
            self.content = [_part(part) for part in self.content]
        if self.tool_calls is not None:
            self.tool_calls = [_tool_call(call) for call in self.tool_calls] or None
        if role == "tool" and not (self.tool_call_id or self.name):
            raise ValidationError("a message of role 'tool' needs the tool_call_id it answers")

    @property
    def parts(self) -> Sequence[Part]:
        """The content as a list of parts, whatever form it was given in."""
        if self.content is None or self.content == "":
            return ()
        if isinstance(self.content, str):
            return (TextPart(self.content),)
        return cast("Sequence[Part]", self.content)

    @property
    def text(self) -> str:
        """All text of the content, joined."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def cache_control(self) -> dict[str, Any] | None:
        """The cache mark of the message, if it has one."""
        return self.metadata.get("cache_control") if self.metadata else None


Messages = str | Sequence[Message | Mapping[str, Any]]


class Tool(Struct, frozen=True):
    """A function that the model may ask to have called.

    Attributes:
        name: Its name.
        description: What it does, for the model.
        parameters: JSON Schema of its arguments.
        strict: Whether the provider should hold the arguments to the schema.
    """

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] = {}
    strict: bool | None = None


class ProviderTool(Struct, frozen=True):
    """A tool of the provider's own (web search, code execution), sent as it stands."""

    definition: Mapping[str, Any]


class NamedTool(Struct, frozen=True):
    """A tool choice that forces one function."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


class LLMRequest(Struct):
    """What to ask, and how.

    Nothing in llmring changes a request: it can be sent again, changed and sent again.

    Attributes:
        model: An alias of the lockfile, or "provider:model".
        messages: `Message`s, OpenAI-style dictionaries, or a single text from the user.
        temperature: Sampling temperature; not sent where the model takes none.
        max_tokens: Longest answer, in tokens.
        reasoning_tokens: How many tokens the model may spend on reasoning.
        response_format: OpenAI's `{"type": "json_schema", ...}` or `{"type": "json_object"}`.
        tools: Functions in OpenAI's form, `Tool`s, or a provider's own tools as dictionaries.
        tool_choice: "auto", "none", "required" (or "any"), or a function by name.
        cache: Prompt-cache settings.
        metadata: The application's own, for the ledger and routing; not sent as text.
        json_response: Short for `response_format={"type": "json_object"}`.
        timeout: Seconds that the whole call may take, fallbacks included; None for no limit;
            left out, the ring's own.
        extra_params: Merged into the provider's request as they stand.
        files: IDs of registered files.
        top_p: Nucleus sampling.
        stop: Texts at which the answer ends.
        seed: For repeatable sampling, where the provider has it.

    Raises:
        ValidationError: A field is not what it should be.
    """

    model: str | None = None
    messages: Messages = ()
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning_tokens: int | None = None
    response_format: Any = None
    tools: Sequence[Tool | ProviderTool | Mapping[str, Any]] | None = None
    tool_choice: str | NamedTool | Mapping[str, Any] | None = None
    cache: Any = None
    metadata: dict[str, Any] | None = None
    json_response: bool | None = None
    timeout: float | UnsetType | None = UNSET
    extra_params: dict[str, Any] = msgspec.field(default_factory=dict)
    files: Sequence[str] | None = None
    top_p: float | None = None
    stop: str | Sequence[str] | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        self.messages = self.turns()
        if self.tools is not None:
            self.tools = self.toolset()
        if self.tool_choice is not None:
            self.tool_choice = self.choice()

    def turns(self) -> list[Message]:
        """The messages, each a `Message`, however they were given."""
        if isinstance(self.messages, str):
            return [Message("user", self.messages)]
        return [_message(message) for message in self.messages]

    def toolset(self) -> list[Tool | ProviderTool]:
        """The tools, each a `Tool` or a `ProviderTool`, however they were given."""
        return [_tool(tool) for tool in self.tools or ()]

    def choice(self) -> ToolChoice | None:
        """The tool choice in one form, however it was given."""
        return None if self.tool_choice is None else _tool_choice(self.tool_choice)

    def stops(self) -> list[str]:
        """The stop texts as a list."""
        if isinstance(self.stop, str):
            return [self.stop]
        return list(self.stop or ())


def _message(value: Message | Mapping[str, Any]) -> Message:
    if isinstance(value, Message):
        return value
    if not isinstance(value, Mapping):
        raise ValidationError(
            f"a message must be a Message or a dictionary, not {type(value).__name__}"
        )
    known = {name: value[name] for name in Message.__struct_fields__ if name in value}
    if "role" not in known:
        raise ValidationError(f"a message needs a role; it has {', '.join(map(str, value))}")
    return Message(**known)


def _part(value: Part | str | Mapping[str, Any]) -> Part:
    if isinstance(value, str):
        return TextPart(value)
    if not isinstance(value, Mapping):
        return value
    kind = value.get("type")
    parse = _PARTS.get(kind)
    if parse is None:
        raise ValidationError(f"content part of type {kind!r}; known are {', '.join(_PARTS)}")
    try:
        return parse(value)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValidationError(f"content part of type {kind!r} is not complete: {error}") from error


def _text_part(value: Mapping[str, Any]) -> TextPart:
    return TextPart(str(value["text"]), value.get("cache_control"))


def _image_url_part(value: Mapping[str, Any]) -> ImagePart:
    image = value["image_url"]
    if isinstance(image, str):
        return image_from_url(image)
    return image_from_url(image["url"], image.get("detail"))


def _image_part(value: Mapping[str, Any]) -> ImagePart:
    source, mark = value["source"], value.get("cache_control")
    if source["type"] == "url":
        return ImagePart(url=source["url"], cache_control=mark)
    return ImagePart(data=source["data"], media_type=source["media_type"], cache_control=mark)


def _document_part(value: Mapping[str, Any]) -> DocumentPart:
    source, name, mark = value["source"], value.get("title"), value.get("cache_control")
    if source["type"] == "url":
        return DocumentPart(url=source["url"], name=name, cache_control=mark)
    data = source["data"]
    if source["type"] == "text":
        data = base64.b64encode(data.encode()).decode()
    return DocumentPart(data=data, media_type=source["media_type"], name=name, cache_control=mark)


def _file_part(value: Mapping[str, Any]) -> DocumentPart:
    file = value["file"]
    match = _DATA_URL.fullmatch(file["file_data"])
    if match is None:
        raise ValidationError("file_data must be a data: URL in base64")
    return DocumentPart(
        data=match["data"], media_type=match["media_type"], name=file.get("filename")
    )


_PARTS: dict[Any, Callable[[Mapping[str, Any]], Part]] = {
    "text": _text_part,
    "image_url": _image_url_part,
    "image": _image_part,
    "document": _document_part,
    "file": _file_part,
}


def image_from_url(url: str, detail: str | None = None) -> ImagePart:
    """The image behind a URL; a data: URL is taken apart.

    Raises:
        ValidationError: The URL is neither http(s) nor base64 data.
    """
    if url.startswith(("http://", "https://")):
        return ImagePart(url=url, detail=detail)
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise ValidationError(f"an image URL must be http(s) or base64 data, not {url[:40]!r}")
    try:
        base64.b64decode(match["data"], validate=True)
    except binascii.Error as error:
        raise ValidationError(f"the image's data URL is not base64: {error}") from error
    return ImagePart(data=match["data"], media_type=match["media_type"], detail=detail)


def _tool_call(value: ToolCall | Mapping[str, Any]) -> ToolCall:
    try:
        function = value["function"]
        name, arguments = function["name"], function["arguments"]
    except (KeyError, TypeError) as error:
        raise ValidationError(
            'a tool call is {"id", "type": "function", "function": {"name", "arguments"}}; '
            f"this one lacks {error}"
        ) from error
    if not isinstance(arguments, str):
        arguments = msgspec.json.encode(arguments).decode()
    call = ToolCall(
        id=value.get("id") or "",
        type="function",
        function={"name": name, "arguments": arguments or "{}"},
    )
    if "signature" in value:
        call["signature"] = value["signature"]
    return call


def _tool(value: Tool | ProviderTool | Mapping[str, Any]) -> Tool | ProviderTool:
    if not isinstance(value, Mapping):
        return value
    kind = value.get("type", "function")
    function = value.get("function", value)
    if kind not in ("function", "custom") or "custom" in value or not isinstance(function, Mapping):
        return ProviderTool(dict(value))
    if "name" not in function:
        if "type" in value:
            raise ValidationError(f"tool without a name: {value}")
        # Google names its own tools by key: {"google_search": {}}.
        return ProviderTool(dict(value))
    return Tool(
        name=function["name"],
        description=function.get("description"),
        parameters=function.get("parameters") or function.get("input_schema") or {},
        strict=function.get("strict"),
    )


def _tool_choice(value: str | NamedTool | Mapping[str, Any]) -> ToolChoice:
    match value:
        case NamedTool():
            return value
        case "auto" | "none" | "required":
            return cast("ToolChoice", value)
        case "any":
            return "required"
        case {"function": {"name": str(name)}} | {"function": str(name)} | {"name": str(name)}:
            return NamedTool(name)
        case {"type": "auto" | "none" | "required" | "any" as kind}:
            return _tool_choice(kind)
    raise ValidationError(
        f"tool_choice {value!r} is not auto, none, required or "
        '{"type": "function", "function": {"name": ...}}'
    )
