"""A request in one form, parsed once: the value that every later step of a call shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, Struct, UnsetType

from llmring.chat.caching import Caching
from llmring.chat.output_format import OutputFormat
from llmring.chat.reasoning import Reasoning
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ProviderTool, Tool, ToolChoice

if TYPE_CHECKING:
    from os import PathLike

    from llmring.chat.request import LLMRequest, Message


class OwnFields(Struct, frozen=True, kw_only=True):
    """The part of a request that is in the format of one API alone.

    Attributes:
        dialect: The name of the API.
        fields: Fields of its requests, which are merged into a request to a server with this API
            after `extra_params`; None may leave out what the library would send.
        required: The paths of fields and content without which the request means something else;
            no other API may answer if there are any.
    """

    dialect: str
    fields: Mapping[str, Any] = {}
    required: Sequence[str] = ()


# How much of a client's request or of a provider's answer stays as it came: all bytes, these with
# single values changed, or the meaning.
Relay = Literal["verbatim", "adapted", "translated"]


class BodyMember(Struct, frozen=True, gc=False):
    """A member of the JSON object that a body is: its key, decoded, and its place in the bytes.

    Attributes:
        key: The key.
        begin: The place of the key's first quote.
        value_begin: The place of the value.
        end: The place after the value.
    """

    key: str
    begin: int
    value_begin: int
    end: int


class VerbatimBody(Struct, frozen=True, kw_only=True):
    """A request as a client's program sent it, for servers with the same API.

    Attributes:
        dialect: The name of the API.
        body: The body.
        members: The members of the body, in their order, repeated ones too.
        headers: The headers, by their names in lower case.
        shows: True if the client gets the bytes of such a server's answer.
    """

    dialect: str
    body: bytes
    members: tuple[BodyMember, ...]
    headers: Mapping[str, str] = {}
    shows: bool = True


class ParsedRequest(Struct, frozen=True, kw_only=True):
    """A request in one form; `parse_request` builds it.

    Attributes:
        turns: The messages.
        model: An alias of the lockfile, or "provider:model".
        temperature: Sampling temperature.
        top_p: Nucleus sampling.
        max_tokens: Longest answer, in tokens.
        stops: Texts at which the answer ends.
        seed: For repeatable sampling.
        tools: The tools that the model may call.
        choice: Which of them it may or must call; None where the request leaves that open.
        output: The form of the answer; None for text.
        reasoning: How much the model may think; None where the request leaves that open.
        caching: What the request asks of the prompt cache, if anything.
        metadata: The application's own, for the ledger and routing.
        timeout: Seconds that the whole call may take; None for no limit, UNSET for the ring's own.
        extra_params: Merged into the provider's request as they are.
        files: IDs of registered files, or paths, that are not part of the messages yet.
        max_repairs: How often a model may fix an answer that does not fit `output`.
        allow_empty: Whether an answer may be empty.
        given: The request as the application gave it; recordings keep that.
        own: What a client's program asks for in the format of its API alone.
        one_call: True if the model may call only one tool at a time.
        limits_all: True if `max_tokens` includes the reasoning, as in the APIs of all vendors.
        cache_group: The key of the prompt cache for APIs that have keys, of a request that has
            marks, or no key of its own.
        verbatim: The request as a client's program sent it, if servers may get it so.
        answers: The number of answers that the caller gets; several are passed on as bytes.
        written: The number of answers that the model writes, and charges for.
    """

    turns: Sequence[Message]
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stops: Sequence[str] = ()
    seed: int | None = None
    tools: Sequence[Tool | ProviderTool] = ()
    choice: ToolChoice | None = None
    output: OutputFormat | None = None
    reasoning: Reasoning | None = None
    caching: Caching | None = None
    metadata: dict[str, Any] | None = None
    timeout: float | UnsetType | None = UNSET
    extra_params: dict[str, Any] = {}
    files: Sequence[str | PathLike[str]] = ()
    max_repairs: int = 1
    allow_empty: bool = False
    given: LLMRequest | None = None
    own: OwnFields | None = None
    one_call: bool = False
    limits_all: bool = False
    cache_group: str | None = None
    verbatim: VerbatimBody | None = None
    answers: int = 1
    written: int = 1

    @property
    def extra_tokens(self) -> int:
        """The most tokens of reasoning on top of `max_tokens`; 0 where no number is given."""
        if self.reasoning is None or self.limits_all:
            return 0
        return self.reasoning.tokens or 0

    @property
    def cache_key(self) -> str | None:
        """The key of the prompt cache, for APIs that have keys."""
        return (self.caching.key if self.caching is not None else None) or self.cache_group


def parse_request(request: LLMRequest) -> ParsedRequest:
    """Return the request in one form, for the steps of a call to share.

    Changes that are made to the request afterwards are not in it.
    """
    return ParsedRequest(
        turns=request.turns(),
        model=request.model,
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_tokens,
        stops=request.stops() if request.stop else (),
        seed=request.seed,
        tools=request.toolset() if request.tools else (),
        choice=None if request.tool_choice is None else request.choice(),
        output=request.output(),
        reasoning=request.reasoning(),
        caching=None if request.cache is None else request.caching(),
        metadata=request.metadata,
        timeout=request.timeout,
        extra_params=request.extra_params or {},
        files=request.files or (),
        max_repairs=request.max_repairs,
        allow_empty=request.allow_empty,
        given=request,
    )
