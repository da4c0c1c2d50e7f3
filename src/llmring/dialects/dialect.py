"""What a dialect is, and what all dialects share: errors out of statuses and headers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import msgspec
from msgspec import Struct

from llmring.chat.events import Event, Usage
from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.waiting import retry_after
from llmring.exceptions import (
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnreadableResponseError,
)
from llmring.redaction import redact
from llmring.wire import HttpHead

T = TypeVar("T")

# Enough to recognise what a proxy or a vendor said; never a whole page in an error.
BODY_EXCERPT = 500
# Longer than any message of a vendor's that was seen.
MOST_WORDS = 4000


class Limits(Struct, frozen=True, kw_only=True):
    """How large the things are that a server takes, in bytes; None for no limit that is known.

    Vendors write MB for either of two units. The larger is meant here, so that nothing is held
    back that the server would have taken.

    Attributes:
        request: The body of a request.
        each: One file, by the beginning of its media type.
        files: All files of a request together, images apart.
    """

    request: int | None = None
    each: Mapping[str, int] = {}
    files: int | None = None


class Quirks(Struct, frozen=True, kw_only=True):
    """Where servers of one dialect differ from each other.

    Attributes:
        max_tokens_field: The name under which an OpenAI-compatible server takes `max_tokens`.
        stream_usage: Whether the server takes `stream_options.include_usage`.
        needs_max_tokens: Whether the API refuses a request without a longest answer.
        json_schema: Whether answers can be held to a schema by the API's own means.
        any_schema: Whether such a schema may be any; else it has to be of the kind that OpenAI
            takes as a strict one.
        reasoning: How an OpenAI-compatible server is told how much to reason: a name out of
            `openai_chat_reasoning.FORMS`; None where it can't be told.
        reasoning_field: The field of an earlier answer in which such a server wants its reasoning
            back: "reasoning_content", "reasoning" or "reasoning_details"; None where it refuses
            or ignores it.
        caching: How such a server is told what to cache: "keys" (OpenAI's `prompt_cache_key` and
            lifetimes) or "marks" (Anthropic's `cache_control` in the content).
        signed_calls: Whether such a server wants the signatures of tool calls back (Google's).
        keeps_files: Whether the server has what the dialect knows of keeping files.
        prefills: Whether all its models go on from a last message of the assistant's as from the
            beginning of their own answer.
        limits: How large the things are that it takes.
    """

    max_tokens_field: str = "max_tokens"
    stream_usage: bool = True
    needs_max_tokens: bool = False
    json_schema: bool = True
    any_schema: bool = False
    reasoning: str | None = "effort"
    reasoning_field: Literal["reasoning_content", "reasoning", "reasoning_details"] | None = None
    caching: Literal["keys", "marks"] | None = None
    signed_calls: bool = False
    keeps_files: bool = False
    prefills: bool = False
    limits: Limits = Limits()


class Outgoing(Struct, frozen=True):
    """A request in a vendor's words.

    Attributes:
        path: Below the base URL, with its query.
        payload: The JSON body.
        method: The HTTP method; a GET or DELETE has no body.
        headers: Sent beside the dialect's own.
        body: The bytes to send in place of `payload`, where the body is not JSON.
        content_type: The media type of `body`.
    """

    path: str
    payload: dict[str, Any] = {}
    method: str = "POST"
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    content_type: str = "application/json"


class Decoder(Protocol):
    """A streamed reply being read. Fed with bytes in any pieces, it gives the events they hold.

    Attributes:
        done: Whether the vendor has said that nothing more will come.
    """

    done: bool

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""

    def end(self) -> list[Event]:
        """The events still held when the connection ends."""


class Encode(Protocol):
    """Puts a request into the vendor's words."""

    def __call__(
        self, request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks
    ) -> Outgoing:
        """The request for a model, to be answered whole or as a stream."""


class Embedding(Struct, frozen=True, kw_only=True):
    """How texts are turned into vectors.

    Attributes:
        encode: Texts, model and dimensions (None for the model's own) into the request.
        decode: The reply into the vectors, in the order of the texts, and the tokens they took.
        most_texts: How many texts a request may have.
    """

    most_texts: int
    encode: Callable[[Sequence[str], str, int | None], Outgoing]
    decode: Callable[[HttpHead, bytes], tuple[list[list[float]], Usage | None]]


class ListedModel(Struct, frozen=True, kw_only=True):
    """A model as its provider lists it.

    Attributes:
        id: Its name, as a model reference has it after the colon.
        name: Its name for people, where the provider gives one.
        created: When it was made, in seconds since 1970, where the provider says.
        context_window: Tokens that a request may have, where the provider says.
        max_output: Tokens that an answer may have, where the provider says.
    """

    id: str
    name: str | None = None
    created: int | None = None
    context_window: int | None = None
    max_output: int | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """How a provider's models are listed.

    Attributes:
        encode: The mark of the next page (None for the first) into the request.
        decode: The reply into the models, and the mark of the next page, if there is one.
    """

    encode: Callable[[str | None], Outgoing]
    decode: Callable[[HttpHead, bytes], tuple[list[ListedModel], str | None]]


class Counting(Struct, frozen=True, kw_only=True):
    """How a provider counts the tokens of a request before it is sent.

    Attributes:
        name: What it is called, for those who ask how a count came about.
        encode: As that of the dialect, without the choice of a stream.
        decode: The reply into the number of input tokens.
    """

    name: str
    encode: Callable[[ParsedRequest, str, Quirks], Outgoing]
    decode: Callable[[HttpHead, bytes], int]


class FileContent(Struct, frozen=True, kw_only=True):
    """A file to be given to a provider."""

    name: str
    media_type: str
    data: bytes


class StoredFile(Struct, frozen=True):
    """A file that a provider keeps.

    Attributes:
        id: The ID (or URI) by which requests refer to it.
        ready: Whether a model can read it yet.
    """

    id: str
    ready: bool = True


class FileStore(Struct, frozen=True, kw_only=True):
    """How a provider keeps files for requests to come.

    Attributes:
        media_types: The beginnings of the media types that a request can refer to.
        max_bytes: The largest file that it takes.
        upload: A file into the request that brings it there.
        look: The ID of a file into the request that asks after it; None where a file is ready
            as soon as it is there.
        stored: The reply to either into the file, as it is kept.
        delete: The ID of a file into the request that removes it.
        lifetime: Seconds after which the provider forgets a file; None for never.
    """

    media_types: tuple[str, ...]
    max_bytes: int
    upload: Callable[[FileContent], Outgoing]
    stored: Callable[[HttpHead, bytes], StoredFile]
    delete: Callable[[str], Outgoing]
    look: Callable[[str], Outgoing] | None = None
    lifetime: float | None = None


class Dialect(Struct, frozen=True, kw_only=True):
    """How one API speaks, as a record of pure functions.

    Attributes:
        name: Its name in provider rows and lockfiles.
        encode: A request into the vendor's words.
        decode: A whole reply (status 2xx) into the events that a stream would have brought.
        decoder: A new decoder for one streamed reply (status 2xx).
        explain: A reply with an error status into the error that it means.
        authorize: A key into the headers that carry it.
        headers: Sent with every request.
        embedding: How it embeds texts; None where it does not.
        listing: How its models are listed.
        counting: How it counts tokens.
        files: How it keeps files.
    """

    name: str
    encode: Encode
    decode: Callable[[HttpHead, bytes], list[Event]]
    decoder: Callable[[HttpHead], Decoder]
    explain: Callable[[HttpHead, bytes], ProviderError]
    authorize: Callable[[str], Mapping[str, str]]
    headers: Mapping[str, str] = {}
    embedding: Embedding | None = None
    listing: Listing | None = None
    counting: Counting | None = None
    files: FileStore | None = None


_BY_STATUS: dict[int, type[ProviderError]] = {
    401: ProviderAuthenticationError,
    402: ProviderAuthenticationError,
    403: ProviderAuthenticationError,
    404: ProviderModelNotFoundError,
    408: ProviderTimeoutError,
    409: ProviderResponseError,
    410: ProviderModelNotFoundError,
    413: ContextLengthError,
    425: ProviderResponseError,
    429: ProviderRateLimitError,
    504: ProviderTimeoutError,
}


def error_class(status: int) -> type[ProviderError]:
    """The error that a status means, where the body says nothing more exact."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ProviderRequestError if 400 <= status < 500 else ProviderResponseError


def response_error(
    head: HttpHead,
    body: bytes,
    *,
    message: str | None,
    code: str | None = None,
    kind: type[ProviderError] | None = None,
) -> ProviderError:
    """The error for a reply with an error status.

    Args:
        head: Status and headers of the reply.
        body: Its body, quoted (cut, keys masked) where the vendor gave no message.
        message: The vendor's own words, if the body could be read.
        code: The vendor's own code or type.
        kind: The class of the error, where the body says more than the status does.
    """
    words = redact(message)[:MOST_WORDS] if message else None
    said = words or excerpt(body)
    return (kind or error_class(head.status))(
        " ".join(dict.fromkeys(filter(None, (str(head.status), code, said)))),
        status=head.status,
        code=code,
        request_id=request_id(head),
        provider_message=words,
        retry_after=retry_after(head),
    )


def unreadable(head: HttpHead, body: bytes, why: str) -> UnreadableResponseError:
    """The error for a reply that is not what the API sends: a proxy's page, a cut body."""
    kind = head.content_type or "no content type"
    said = excerpt(body)
    return UnreadableResponseError(
        f"{head.status} with an answer that can't be read ({why}; {kind})"
        + (f": {said}" if said else ", and it is empty"),
        status=head.status,
        request_id=request_id(head),
    )


def read_as(kind: type[T], head: HttpHead, body: bytes) -> T:
    """A whole reply as a value of this type.

    Raises:
        UnreadableResponseError: It is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        fault = unreadable(head, body, str(error))
    raise fault


def excerpt(body: bytes) -> str:
    """The beginning of a body as one line of text, keys masked."""
    text = " ".join(body[: 2 * BODY_EXCERPT].decode("utf-8", "replace").split())
    return redact(text)[:BODY_EXCERPT]


def request_id(head: HttpHead) -> str | None:
    """The provider's ID of the request, under any of the names in use."""
    for name in ("x-request-id", "request-id", "apim-request-id", "cf-ray"):
        if name in head.headers:
            return head.headers[name]
    return None


def merged(payload: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with extra parameters in it; a table within is merged, all else replaced."""
    result = dict(payload)
    for key, value in extra.items():
        mine = result.get(key)
        both = isinstance(mine, dict) and isinstance(value, Mapping)
        result[key] = merged(mine, value) if both and isinstance(mine, dict) else value
    return result


def json_object(text: str) -> dict[str, Any]:
    """A tool call's arguments as the object they must be, for APIs that take no JSON text.

    Arguments that are not a JSON object are given under one key rather than lost.
    """
    try:
        value = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        value = text
    return value if isinstance(value, dict) else {"arguments": value}
