"""Tools, tool calls and tool choices, and the parsing of their accepted forms."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NotRequired, TypedDict, cast

from msgspec import Struct

from llmring.chat.json_text import json_bytes
from llmring.exceptions import ValidationError


class FunctionCall(TypedDict):
    """The function of a tool call; `arguments` is JSON text, or free text for a custom tool."""

    name: str
    arguments: str


FunctionCall.__module__ = "llmring"


class ToolCall(TypedDict):
    """A call that the model requests, in OpenAI's form.

    Type "custom" is for tools that take free text instead of JSON.
    """

    id: str
    type: Literal["function", "custom"]
    function: FunctionCall
    # An opaque value that the vendor expects back with the call (Google's thought signatures).
    signature: NotRequired[str]
    # Further fields of servers with OpenAI's API, which the server that sent them expects back.
    extra_content: NotRequired[Mapping[str, Any]]
    # What made the call, if not the model itself (programs that OpenAI or Anthropic runs).
    caller: NotRequired[Mapping[str, Any]]


ToolCall.__module__ = "llmring"


class Tool(Struct, frozen=True):
    """A function that the model may call.

    Attributes:
        name: The function's name.
        description: The description that the model sees.
        parameters: JSON Schema of the arguments.
        strict: True to ask the provider to enforce the schema.
        extra: Further fields for Anthropic only (`cache_control`, `defer_loading`,
            `input_examples` …).
    """

    __module__ = "llmring"

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] = {}
    strict: bool | None = None
    extra: Mapping[str, Any] = {}


class ProviderTool(Struct, frozen=True):
    """A tool that the provider runs itself (web search, code execution), sent to its API alone.

    For other APIs, a search of the web takes their form, and any other tool is left out.
    """

    __module__ = "llmring"

    definition: Mapping[str, Any]


class NamedTool(Struct, frozen=True):
    """A tool choice that forces one function."""

    __module__ = "llmring"

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool

# All forms in which callers may give a tool.
AnyTool = Tool | ProviderTool | Mapping[str, Any] | Callable[..., Any]


def parse_call(value: ToolCall | Mapping[str, Any]) -> ToolCall:
    """Convert a tool call to OpenAI's form, with the arguments as text.

    Raises:
        ValidationError: The call is incomplete.
    """
    match value:
        case {"type": "custom", "custom": {"name": str(name), "input": str(text)}}:
            return _call(value, "custom", name, text)
        case {"type": "custom", "function": {"name": str(name), "arguments": str(text)}}:
            return _call(value, "custom", name, text)
    try:
        function = value["function"]
        name, arguments = function["name"], function["arguments"]
    except (KeyError, TypeError) as error:
        raise ValidationError(
            'a tool call needs {"id", "type": "function", "function": {"name", "arguments"}}; '
            f"this one lacks {error}"
        ) from error
    if not isinstance(arguments, str):
        arguments = json_bytes(arguments).decode()
    return _call(value, "function", name, arguments or "{}")


def _call(
    value: ToolCall | Mapping[str, Any],
    kind: Literal["function", "custom"],
    name: str,
    arguments: str,
) -> ToolCall:
    call = ToolCall(
        id=value.get("id") or "", type=kind, function={"name": name, "arguments": arguments}
    )
    given: Mapping[str, Any] = value
    further = {name: given[name] for name in _OF_SOME_CALLS if given.get(name) is not None}
    return cast("ToolCall", {**call, **further}) if further else call


_OF_SOME_CALLS = ("signature", "extra_content", "caller")


def parse_choice(value: str | NamedTool | Mapping[str, Any]) -> ToolChoice:
    """Parse a tool choice from any of its accepted forms.

    Raises:
        ValidationError: The value is not a tool choice.
    """
    match value:
        case NamedTool():
            return value
        case "auto" | "none" | "required":
            return cast("ToolChoice", value)
        case "any":
            return "required"
        case (
            {"function": {"name": str(name)}}
            | {"function": str(name)}
            | {"custom": {"name": str(name)}}
            | {"name": str(name)}
        ):
            return NamedTool(name)
        case {"type": "auto" | "none" | "required" | "any" as kind}:
            return parse_choice(kind)
    raise ValidationError(
        f"tool_choice {value!r} is not auto, none, required or "
        '{"type": "function", "function": {"name": ...}}'
    )
