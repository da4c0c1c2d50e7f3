"""Requests in the format of an API, read by the server's half: the types that all dialects share.

A decoder is given the body that a client's program sends, and returns the request that the library
would be given for the same call. Decoders are pure: no key, no address, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import OwnFields, ParsedRequest, parse_request
from llmring.chat.request import LLMRequest
from llmring.exceptions import ValidationError

MOST_DEPTH = 200


class RequestFormatError(ValidationError):
    """The body of a client's request is not what the API accepts.

    Attributes:
        field: The path of the field that is wrong ("messages.3.content"), if it is one field.
        code: The API's own code for the fault ("unsupported_parameter"), if it has one.
    """

    def __init__(self, message: str, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class ClientRequest(Struct, frozen=True, kw_only=True):
    """A request as a client's program sends it, read.

    Attributes:
        model: The model's name as the client gives it; empty where the API has it elsewhere.
        request: The same call as the library takes it, without a model.
        stream: True if the client asks for a stream.
        include_usage: False if a stream of Chat Completions leaves the tokens out.
        echo: Fields that the API repeats in its reply.
        own: Fields of the body that servers of the same API alone understand; they are merged
            into requests to these, and left out for other APIs.
        required_own: The paths of fields and content without which the request means something
            else and which servers of the same API alone understand: no other API may answer.
        one_call: True if the model may call only one tool at a time.
        conversation: The client's own ID of the conversation, if the body has one.
        answers: The number of answers that the client gets.
        written: The number of answers that the model writes, to choose among.
    """

    model: str
    request: LLMRequest
    stream: bool = False
    include_usage: bool = True
    echo: Mapping[str, Any] = {}
    own: Mapping[str, Any] = {}
    required_own: tuple[str, ...] = ()
    one_call: bool = False
    conversation: str | None = None
    answers: int = 1
    written: int = 1

    def parsed(self, dialect: str) -> ParsedRequest:
        """Return the request in the form that the steps of a call share.

        Args:
            dialect: The name of the API in whose format it was sent.
        """
        own = OwnFields(dialect=dialect, fields=self.own, required=self.required_own)
        return msgspec.structs.replace(
            parse_request(self.request),
            own=own,
            one_call=self.one_call,
            answers=self.answers,
            written=max(self.answers, self.written),
            limits_all=True,
        )


class ClientEmbedding(Struct, frozen=True, kw_only=True):
    """A request for embeddings as a client's program sends it, read.

    Attributes:
        model: The model's name as the client gives it.
        texts: The texts; empty if the input is not text, or absent.
        dimensions: The number of dimensions; None for the model's own.
        base64: True if the client wants the vectors in base64.
        own: As with `ClientRequest`.
        required_own: As with `ClientRequest`.
    """

    model: str
    texts: Sequence[str] = ()
    dimensions: int | None = None
    base64: bool = False
    own: Mapping[str, Any] = {}
    required_own: tuple[str, ...] = ()


class DecodeRequest(Protocol):
    """The decoder of requests in an API's format."""

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> ClientRequest:
        """Decode a body; the headers have lower-case names.

        Raises:
            RequestFormatError: The body is not what the API accepts.
        """


class BodyFields:
    """The fields of a JSON object in a body, taken one by one.

    Args:
        fields: The object, which is not changed.
        place: The path of the object in the body; empty for the body itself.
    """

    def __init__(self, fields: Mapping[str, Any], place: str = "") -> None:
        # An API reads null as if the field were absent.
        self._left = {name: value for name, value in fields.items() if value is not None}
        self._place = place

    def path(self, name: str) -> str:
        """Return the path of a field in the body."""
        return f"{self._place}.{name}" if self._place else name

    def take(self, name: str, kind: Any) -> Any:
        """Remove a field and return its value, as it was sent; None if it is absent.

        Args:
            name: The field.
            kind: The type that the API expects, as for a msgspec decoder.

        Raises:
            RequestFormatError: The value is not of the type.
        """
        value = self._left.pop(name, None)
        if value is not None:
            check(value, kind, self.path(name))
        return value

    def need(self, name: str, kind: Any) -> Any:
        """Remove a field and return its value, as it was sent.

        Raises:
            RequestFormatError: The field is absent, or the value is not of the type.
        """
        value = self.take(name, kind)
        if value is None:
            raise RequestFormatError(f"{self.path(name)} is missing", self.path(name))
        return value

    def keep(self, name: str, value: Any) -> None:
        """Put back what remains of a field."""
        self._left[name] = value

    def left(self) -> dict[str, Any]:
        """Return the fields that were not taken."""
        return dict(self._left)


def check(value: Any, kind: Any, path: str) -> None:
    """Check the type of a value.

    Args:
        value: Decoded JSON.
        kind: The type that the API expects, as for a msgspec decoder.
        path: The path of the value in the body.

    Raises:
        RequestFormatError: The value is not of the type.
    """
    if type(value) is kind:
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise RequestFormatError(f"{path}: {error}", path) from None


def body_object(body: bytes) -> dict[str, Any]:
    """Decode the JSON object that a request's body holds.

    Raises:
        RequestFormatError: The body is not JSON, no object, or nested too deep.
    """
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise RequestFormatError(f"the body can't be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise RequestFormatError(f"the body must be a JSON object, not {type(value).__name__}")
    if _is_deeper(value, MOST_DEPTH):
        raise RequestFormatError(f"the body is nested deeper than {MOST_DEPTH} levels")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        # Decoded JSON has these two exactly, and `isinstance` takes several times as long.
        layer = [
            inner
            for each in layer
            for inner in (each.values() if type(each) is dict else each)
            if type(inner) in _CONTAINERS
        ]
        if not layer:
            return False
    return True


_CONTAINERS = frozenset((dict, list))
