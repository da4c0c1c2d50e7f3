"""The interface of a dialect, and what all dialects share, such as errors from statuses."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from msgspec import Struct

from llmring.chat.events import Event, Usage
from llmring.chat.json_text import value_of
from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.call_ids import CallIds
from llmring.dialects.rates.rate_limits import RateLimits, standard_limits
from llmring.dialects.reported_cost import CostField
from llmring.exceptions import (
    ProviderError,
)
from llmring.plain_data import PlainData
from llmring.wire import HttpHead

if TYPE_CHECKING:
    from llmring.dialects.reply_encoding import ReplyEncoding
    from llmring.dialects.request_decoding import DecodeRequest

T = TypeVar("T")


class Limits(Struct, frozen=True, kw_only=True):
    """Size limits of a server in bytes; None if no limit is known.

    Vendors use MB for two different units; these are the larger ones, so that nothing is refused
    here that the server would accept.

    Attributes:
        request: The body of a request.
        each: One file, by the beginning of its media type.
        files: All files of a request together, except images.
    """

    request: int | None = None
    each: Mapping[str, int] = {}
    files: int | None = None


# The value of `Quirks.reasoning_field` for servers that are not known.
AS_GIVEN = "as given"

# The value of `Quirks.message_fields` for servers that accept all that a server has sent.
EVERY_FIELD = frozenset({"refusal", "annotations", "audio", "extra_content"})


class Quirks(Struct, frozen=True, kw_only=True):
    """Differences between servers of one dialect.

    Attributes:
        max_tokens_field: The name of `max_tokens` on an OpenAI-compatible server.
        stream_usage: True if the server accepts `stream_options.include_usage`.
        needs_max_tokens: True if the API refuses requests without `max_tokens`.
        json_schema: True if the API itself can enforce a schema on answers.
        json_mode: True if models that can't enforce a schema can still enforce JSON.
        any_schema: True if that works with any schema; False if only with those that OpenAI
            accepts as strict.
        reasoning: The form in which an OpenAI-compatible server takes the amount of reasoning, a
            key of `openai_chat_reasoning.FORMS`; None if it takes none.
        reasoning_field: The field of an earlier answer in which such a server expects reasoning
            back, such as "reasoning_content"; AS_GIVEN for what the server itself sent, under the
            name under which it sent it; None if it refuses or ignores reasoning.
        reasoning_on: The earlier answers that must have this field: "thought" for those with
            reasoning, "all" for each one, empty if need be.
        signatures: The reasoning with a signature that the server accepts: its own, or that of
            any server with the same API.
        call_ids: The IDs of tool calls that the server accepts, if they are not the dialect's.
        bridges: True if a user may not speak right after the result of a tool.
        message_fields: The further fields of an earlier answer that the server accepts.
        server: The name of the provider, to know its own turns among those of others.
        caching: The form of cache settings: "keys" (OpenAI's `prompt_cache_key` and lifetimes) or
            "marks" (Anthropic's `cache_control` in the content).
        signed_calls: True if such a server expects the signatures of tool calls back (Google's).
        keeps_files: True if the server has the dialect's file store.
        may_omit_reason: True if the server may end a whole streamed answer with its end mark alone
            ("[DONE]"), without a finish reason; False if such an answer is a cut one.
        prefills: True if all models continue a last message of the assistant as the beginning of
            their own answer.
        system_turns: True if the model takes system messages between the others.
        limits: Size limits of the server.
        reports_cost: The fields in which the server reports the cost of a reply, best first.
        thinking_display: True if the API takes `thinking.display`, Anthropic's field for showing
            reasoning that newer models would leave out.
        searches: True if the server has the API's own search of the web.
        vendor: True if the API's own vendor runs the server, so that it may know who asks.
        betas: The values of `anthropic-beta` that the server takes; None for any.
        think_tags: Whether the server leaves reasoning in `<think>` tags at the beginning of the
            content: "read" turns it into reasoning; "returned" also sends it back so.
    """

    max_tokens_field: str = "max_tokens"
    stream_usage: bool = True
    needs_max_tokens: bool = False
    json_schema: bool = True
    json_mode: bool = True
    any_schema: bool = False
    reasoning: str | None = "effort"
    reasoning_field: str | None = None
    reasoning_on: Literal["thought", "all"] = "thought"
    signatures: Literal["own", "any"] = "own"
    call_ids: CallIds | None = None
    bridges: bool = False
    message_fields: frozenset[str] = frozenset()
    server: str = ""
    caching: Literal["keys", "marks"] | None = None
    signed_calls: bool = False
    keeps_files: bool = False
    may_omit_reason: bool = False
    prefills: bool = False
    system_turns: bool = False
    limits: Limits = Limits()
    reports_cost: tuple[CostField, ...] = ()
    thinking_display: bool = False
    searches: bool = False
    vendor: bool = False
    betas: frozenset[str] | None = None
    think_tags: Literal["read", "returned"] | None = None


class Outgoing(Struct, frozen=True):
    """A request in a vendor's format.

    Attributes:
        path: The path below the base URL, with its query.
        payload: The JSON body.
        method: The HTTP method; a GET or DELETE has no body.
        headers: Sent in addition to the dialect's own.
        body: The bytes to send instead of `payload`, if the body is not JSON.
        content_type: The media type of `body`.
        notes: Remarks on what the API could not take as it was asked for; not sent.
    """

    path: str
    payload: dict[str, Any] = {}
    method: str = "POST"
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    content_type: str = "application/json"
    notes: tuple[str, ...] = ()


class Decoder(Protocol):
    """The decoder of one streamed reply; fed with bytes in any pieces, it returns their events.

    Attributes:
        done: True once the vendor has marked the end of the reply.
    """

    done: bool

    @property
    def text_ended(self) -> bool:
        """True if the vendor has marked the end of the last text, and no other has begun."""

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete."""

    def end(self) -> list[Event]:
        """Return the remaining events when the connection ends."""


class Encode(Protocol):
    """The encoder of requests into a vendor's format."""

    def __call__(
        self, request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks
    ) -> Outgoing:
        """Build the request to a model, for a whole or a streamed answer."""


class Embedding(Struct, frozen=True, kw_only=True):
    """The embedding endpoint of an API.

    Attributes:
        encode: Builds the request for texts, model and dimensions (None for the model's own).
        decode: Decodes the reply to the vectors, in the order of the texts, and the tokens used.
        most_texts: The maximum number of texts in a request.
        costs: Returns the cost fields in the usage of a reply; see `reported_cost`.
    """

    most_texts: int
    encode: Callable[[Sequence[str], str, int | None], Outgoing]
    decode: Callable[[HttpHead, bytes], tuple[list[list[float]], Usage | None]]
    costs: Callable[[HttpHead, bytes], Mapping[str, Any] | None] | None = None


class ListedModel(PlainData, Struct, frozen=True, kw_only=True):
    """A model as its provider lists it.

    Attributes:
        id: The model's name, as written after the colon of a model reference.
        name: Its display name, if the provider gives one.
        created: Creation time in seconds since 1970, if known.
        context_window: Maximum tokens of a request, if known.
        max_output: Maximum tokens of an answer, if known.
    """

    __module__ = "llmring"

    id: str
    name: str | None = None
    created: int | None = None
    context_window: int | None = None
    max_output: int | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """The endpoint that lists a provider's models.

    Attributes:
        encode: Builds the request for the page with this mark (None for the first).
        decode: Decodes the reply to the models and the mark of the next page, if any.
    """

    encode: Callable[[str | None], Outgoing]
    decode: Callable[[HttpHead, bytes], tuple[list[ListedModel], str | None]]


class Counting(Struct, frozen=True, kw_only=True):
    """The endpoint that counts the tokens of a request before it is sent.

    Attributes:
        name: The name of the method, as shown to users.
        encode: Builds the request, like the dialect's `encode` without `stream`.
        decode: Decodes the reply to the number of input tokens.
    """

    name: str
    encode: Callable[[ParsedRequest, str, Quirks], Outgoing]
    decode: Callable[[HttpHead, bytes], int]


class FileContent(Struct, frozen=True, kw_only=True):
    """A file to be uploaded to a provider."""

    name: str
    media_type: str
    data: bytes


class StoredFile(Struct, frozen=True):
    """A file in a provider's store.

    Attributes:
        id: The ID (or URI) by which requests refer to it.
        ready: True once models can read it.
    """

    id: str
    ready: bool = True


class FileStore(Struct, frozen=True, kw_only=True):
    """The file store of a provider.

    Attributes:
        media_types: The beginnings of the media types that a request can refer to.
        max_bytes: The size of the largest accepted file.
        upload: Builds the request that uploads a file.
        look: Builds the request for the state of a file, from its ID; None if files are ready as
            soon as they are uploaded.
        stored: Decodes the reply to either request to the stored file.
        delete: Builds the request that deletes a file, from its ID.
        lifetime: Seconds until the provider deletes a file; None for never.
    """

    media_types: tuple[str, ...]
    max_bytes: int
    upload: Callable[[FileContent], Outgoing]
    stored: Callable[[HttpHead, bytes], StoredFile]
    delete: Callable[[str], Outgoing]
    look: Callable[[str], Outgoing] | None = None
    lifetime: float | None = None


class Relaying(Struct, frozen=True, kw_only=True):
    """The way of a client's own bytes to servers with the same API.

    Attributes:
        headers: The names of the client's headers that the servers get.
        streams: Whether a body asks for a stream without a word on it; None if the path decides.
        as_headers: Fields of a body that are sent as headers.
        needs_signatures: True if servers refuse thoughts without a signature.
        end_mark: The bytes by which clients know that a stream is whole, after all other events.
        fixed: Fields of a body that have the same value for all clients.
        call_ids: The IDs of tool calls that servers usually accept.
    """

    headers: tuple[str, ...] = ()
    streams: bool | None = False
    as_headers: frozenset[str] = frozenset()
    needs_signatures: bool = False
    end_mark: bytes = b""
    fixed: Mapping[str, Any] = {}
    call_ids: CallIds | None = None


def _any_item(_: Mapping[str, Any]) -> bool:
    return True


def _everything(request: ParsedRequest) -> bool:  # noqa: ARG001
    return True


def _nothing(model: str) -> bool:  # noqa: ARG001
    return False


class Dialect(Struct, frozen=True, kw_only=True):
    """The wire format of one API, as a record of pure functions.

    Attributes:
        name: Its name in provider rows and lockfiles.
        encode: Builds the vendor's request.
        decode: Decodes a whole reply (status 2xx) to the events that a stream would have brought.
        decoder: Creates a decoder for one streamed reply (status 2xx).
        explain: Builds the error for a reply with an error status.
        authorize: Builds the headers that carry a key.
        headers: Sent with every request.
        embedding: The embedding endpoint, if there is one.
        listing: The endpoint that lists models, if there is one.
        counting: The endpoint that counts tokens, if there is one.
        files: The file store, if there is one.
        expresses: Returns whether the API has an equivalent for every part of a request; asked only
            where a provider has a second API.
        refuses_tools: Returns whether a model of this name takes no tools by this API, for models
            that the catalog lacks.
        reply_encoding: Returns the encoder of replies, for what answers as the vendor does.
        request_decoding: Returns the decoder of requests, for what answers as the vendor does.
        relaying: The way of a client's own bytes to its servers.
        private: Fields of a client's request about the person or the program that asks, which only
            the API's vendor may get; see `Quirks.vendor`.
        shared: By the name of another API: fields that mean the same in both.
        rate_limits: Returns the limits of requests and tokens that the head of a reply reports.
        is_content: Checks if an item (see `ProviderItem`) is content of an answer, such as an
            image, and not only the vendor's own notes, such as encrypted reasoning.
    """

    name: str
    encode: Encode
    decode: Callable[[HttpHead, bytes], list[Event]]
    decoder: Callable[[HttpHead], Decoder]
    explain: Callable[[HttpHead, bytes], ProviderError]
    authorize: Callable[[str], Mapping[str, str]]
    reply_encoding: "Callable[[], ReplyEncoding]"
    request_decoding: "Callable[[], DecodeRequest]"
    relaying: Relaying = Relaying()
    headers: Mapping[str, str] = {}
    embedding: Embedding | None = None
    listing: Listing | None = None
    counting: Counting | None = None
    files: FileStore | None = None
    is_content: Callable[[Mapping[str, Any]], bool] = _any_item
    expresses: Callable[[ParsedRequest], bool] = _everything
    refuses_tools: Callable[[str], bool] = _nothing
    private: frozenset[str] = frozenset()
    shared: Mapping[str, frozenset[str]] = {}
    rate_limits: Callable[[HttpHead], RateLimits] = standard_limits


def merged(payload: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge extra parameters into a payload; nested tables are merged, other values replaced."""
    result = dict(payload)
    for key, value in extra.items():
        mine = result.get(key)
        both = isinstance(mine, dict) and isinstance(value, Mapping)
        result[key] = merged(mine, value) if both and isinstance(mine, dict) else value
    return result


def json_object(text: str) -> dict[str, Any]:
    """Decode a tool call's arguments to an object, for APIs that do not accept JSON text.

    Arguments that are not a JSON object are kept under the key "arguments".
    """
    try:
        value = value_of(text or "{}")
    except ValueError:
        value = text
    return value if isinstance(value, dict) else {"arguments": value}
