"""Requests: the messages, and the options for the answer."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from llmring.chat.caching import Caching, parse_caching
from llmring.chat.message_fields import with_fields
from llmring.chat.output_format import OutputFormat, parse_format
from llmring.chat.parts import CommentaryPart, Part, TextPart, parse_part
from llmring.chat.reasoning import Reasoning, parse_reasoning
from llmring.chat.tool_parsing import parse_tools
from llmring.chat.tools import (
    AnyTool,
    NamedTool,
    ProviderTool,
    Tool,
    ToolCall,
    ToolChoice,
    parse_call,
    parse_choice,
)
from llmring.exceptions import ValidationError
from llmring.field_types import number, require, require_items, whole_number
from llmring.plain_data import PlainData

Role = Literal["system", "user", "assistant", "tool"]

# OpenAI's newer models call the system role "developer"; the meaning is the same.
_ROLES: dict[object, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


class Message(PlainData, Struct):
    """One message of a conversation.

    Attributes:
        role: "system", "user", "assistant" or "tool".
        content: A text, or a list of parts: strings, part objects, or dictionaries in the form of
            OpenAI (`text`, `image_url`) or Anthropic (`text`, `image`, `document`).
        tool_calls: Calls that the assistant made in this turn.
        tool_call_id: For role "tool": ID of the call that this message answers.
        name: For role "tool": name of the function, if the ID alone is not enough.
        metadata: `{"cache_control": {...}}` marks the message for a provider's prompt cache.
        timestamp: For the application's own use; never sent.
        origin: For role "assistant": the provider that answered, the first half of its model
            reference; what it alone can read is sent to no other. None if it is not known, which
            fits any provider.

    Raises:
        ValidationError: The role or a part is not valid.
    """

    __module__ = "llmring"

    role: str
    content: str | Sequence[Part | str | Mapping[str, Any]] | None = None
    tool_calls: Sequence[ToolCall | Mapping[str, Any]] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    timestamp: Any = None
    origin: str | None = None

    def __post_init__(self) -> None:
        given: object = self.role
        role = _ROLES.get(given) if isinstance(given, str) else None
        if role is None:
            raise ValidationError(
                f"unknown role {self.role!r}; use system, user, assistant or tool"
            )
        self.role = role
        if self.content is not None and not isinstance(self.content, str):
            if isinstance(self.content, Mapping) or not isinstance(self.content, Sequence):
                raise ValidationError(
                    f"content must be a text or a list of parts, not {type(self.content).__name__}"
                )
            self.content = [parse_part(part) for part in self.content]
        if self.tool_calls is not None:
            require_items("tool_calls", self.tool_calls, "a list of calls")
            self.tool_calls = [parse_call(call) for call in self.tool_calls] or None
        if type(self.tool_call_id) is not str and self.tool_call_id is not None:
            require("tool_call_id", self.tool_call_id, str, "the text that the call has as its id")
        if self.name is not None:
            require("name", self.name, str, "a text")
        if self.metadata is not None:
            require("metadata", self.metadata, Mapping, "a dictionary")
        if role == "tool" and not (self.tool_call_id or self.name):
            raise ValidationError("a message of role 'tool' needs the tool_call_id it answers")

    @property
    def parts(self) -> Sequence[Part]:
        """The content as a list of parts."""
        if self.content is None or self.content == "":
            return ()
        if isinstance(self.content, str):
            return (TextPart(self.content),)
        return cast("Sequence[Part]", self.content)

    @property
    def calls(self) -> Sequence[ToolCall]:
        """The calls that the assistant made in this turn."""
        return cast("Sequence[ToolCall]", self.tool_calls or ())

    @property
    def text(self) -> str:
        """All text of the content, joined; without commentary."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "".join(
            part.text
            for part in self.parts
            if isinstance(part, TextPart) and not isinstance(part, CommentaryPart)
        )

    @property
    def cache_control(self) -> dict[str, Any] | None:
        """The cache mark of the message, if it has one."""
        return self.metadata.get("cache_control") if self.metadata else None


_TOKENS = "a whole number of tokens"
_STOP = "a text, or a list of texts"
_FILES = "a list of the IDs or paths of files"

Messages = str | Sequence[Message | Mapping[str, Any]]


class LLMRequest(Struct):
    """A request for an answer: the messages, and the options.

    llmring never changes a request, so it can be reused, or changed and sent again.

    Attributes:
        model: An alias of the lockfile, or "provider:model".
        messages: `Message`s, OpenAI-style dictionaries, or a single text from the user.
        temperature: Sampling temperature; not sent to models that do not accept one.
        max_tokens: Maximum length of the answer, in tokens.
        reasoning_tokens: Maximum number of tokens for reasoning; 0 turns it off.
        response_format: OpenAI's `{"type": "json_schema", ...}` or `{"type": "json_object"}`, the
            latter with a `schema` too, or a type: a dataclass, TypedDict, msgspec Struct or
            pydantic model.
        tools: Python functions, `Tool`s, functions as dictionaries in the form of OpenAI,
            Anthropic, Google, Amazon's Converse or MCP, or a provider's own tools as dictionaries.
        tool_choice: "auto", "none", "required" (or "any"), or a function by name.
        cache: Prompt caching: True, a lifetime ("5m", "1h"), or `{"ttl": …, "key": …}`.
        metadata: For the application's own use, the ledger and routing; not part of the prompt.
        json_response: Short for `response_format={"type": "json_object"}`.
        timeout: Maximum seconds for the whole call, including fallbacks; None for no limit; the
            ring's own timeout by default.
        extra_params: Merged into the provider's request unchanged; None for none.
        files: IDs of registered files, or paths; attached to the last user message.
        top_p: Nucleus sampling.
        stop: Texts at which the answer ends.
        seed: Seed for repeatable sampling, if the provider supports it.
        reasoning_effort: "none", "minimal", "low", "medium", "high", "xhigh" or "max", instead of
            `reasoning_tokens`.
        max_repairs: How often the model may correct an answer that does not fit
            `response_format`; each correction is one more request. Streams are not repaired.
        allow_empty: True if an answer may be empty. By default, a model that answers nothing has
            failed, unless it stopped at one of the texts in `stop` or was given a tool's result.

    Raises:
        ValidationError: A field has an invalid value.
    """

    __module__ = "llmring"

    model: str | None = None
    messages: Messages = ()
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning_tokens: int | None = None
    response_format: Any = None
    tools: Sequence[AnyTool] | None = None
    tool_choice: str | NamedTool | Mapping[str, Any] | None = None
    cache: Any = None
    metadata: dict[str, Any] | None = None
    json_response: bool | None = None
    timeout: float | UnsetType | None = UNSET
    extra_params: dict[str, Any] | None = msgspec.field(default_factory=dict)
    files: Sequence[str | PathLike[str]] | None = None
    top_p: float | None = None
    stop: str | Sequence[str] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    max_repairs: int = 1
    allow_empty: bool = False

    def __post_init__(self) -> None:
        # A value of the usual type is not checked any further, as each call takes this path.
        if type(self.model) is not str and self.model is not None:
            require("model", self.model, str, "an alias, or provider:model")
        self.messages = self.turns()
        self._check_numbers()
        self._check_others()
        if self.tools is not None:
            self.tools = self.toolset()
        if self.tool_choice is not None:
            self.tool_choice = self.choice()
        if self.response_format is not None:
            self.response_format = self.output()
        if self.reasoning_tokens is not None or self.reasoning_effort is not None:
            self.reasoning()
        if self.cache is not None:
            self.caching()

    def _check_numbers(self) -> None:
        if self.temperature is not None:
            self.temperature = number("temperature", self.temperature, "a number like 0.7")
        if self.top_p is not None:
            self.top_p = number("top_p", self.top_p, "a number like 0.9")
        if type(self.max_tokens) is not int and self.max_tokens is not None:
            self.max_tokens = whole_number("max_tokens", self.max_tokens, _TOKENS)
        if self.reasoning_tokens is not None:
            self.reasoning_tokens = whole_number("reasoning_tokens", self.reasoning_tokens, _TOKENS)
        if self.seed is not None:
            self.seed = whole_number("seed", self.seed, "a whole number")
        if type(self.max_repairs) is not int:
            self.max_repairs = whole_number("max_repairs", self.max_repairs, "a whole number")
        if self.timeout is not UNSET and self.timeout is not None:
            self.timeout = number("timeout", self.timeout, "seconds, like 30")

    def _check_others(self) -> None:
        if self.stop is not None and not isinstance(self.stop, str):
            require_items("stop", self.stop, _STOP)
            self.stop = list(self.stop)
            for text in self.stop:
                require("stop", text, str, _STOP)
        if self.files is not None:
            if isinstance(self.files, str | PathLike):
                self.files = [self.files]
            require_items("files", self.files, _FILES)
            self.files = list(self.files)
            for each in self.files:
                require("files", each, (str, PathLike), _FILES)
        if self.metadata is not None:
            require("metadata", self.metadata, Mapping, "a dictionary")
        if type(self.extra_params) is not dict:
            self.extra_params = _parameters(self.extra_params)
        if self.json_response is not None:
            require("json_response", self.json_response, bool, "True or False")
        if self.allow_empty is not False:
            require("allow_empty", self.allow_empty, bool, "True or False")

    def turns(self) -> list[Message]:
        """Return the messages as `Message`s."""
        if isinstance(self.messages, str):
            return [Message("user", self.messages)]
        if type(self.messages) is not list:
            require_items("messages", self.messages, "a text or a list of messages")
        return [each if type(each) is Message else _message(each) for each in self.messages]

    def toolset(self) -> list[Tool | ProviderTool]:
        """Return the tools as `Tool`s and `ProviderTool`s."""
        if self.tools is None:
            return []
        require_items("tools", self.tools, "a list of tools")
        return parse_tools(self.tools)

    def choice(self) -> ToolChoice | None:
        """Return the parsed tool choice."""
        return None if self.tool_choice is None else parse_choice(self.tool_choice)

    def output(self) -> OutputFormat | None:
        """Return the parsed output format; None for text."""
        if self.response_format is None and not self.json_response:
            return None
        found = parse_format(self.response_format)
        return OutputFormat() if found is None and self.json_response else found

    def reasoning(self) -> Reasoning | None:
        """Return the allowed amount of reasoning; None if that is left to the model."""
        if self.reasoning_tokens is None and self.reasoning_effort is None:
            return None
        return parse_reasoning(self.reasoning_tokens, self.reasoning_effort)

    def caching(self) -> Caching | None:
        """Return the parsed cache setting, if there is one."""
        return None if self.cache is None else parse_caching(self.cache)

    def stops(self) -> list[str]:
        """Return the stop texts as a list."""
        if isinstance(self.stop, str):
            return [self.stop]
        return list(self.stop or ())


def _parameters(value: Any) -> dict[str, Any]:
    """Check that extra parameters are a mapping; None means none."""
    if value is None:
        return {}
    require("extra_params", value, Mapping, "a dictionary")
    return cast("dict[str, Any]", value)


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
    if len(known) < len(value):
        known["content"] = with_fields(known.get("content"), value)
    return Message(**known)
