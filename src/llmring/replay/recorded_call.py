"""The call that a recorded exchange was part of, kept so that it can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.request import LLMRequest
from llmring.chat.request_json import from_json, to_json
from llmring.exceptions import ConfigurationError
from llmring.redaction import redact

# Raised when existing fields change; new fields don't raise it.
VERSION = 1

# Recordings belong in repositories; requests with attachments are too large for that.
MOST_BYTES = 64 * 1024


class RecordedCall(Struct, frozen=True):
    """A recorded call.

    Attributes:
        version: Version of the form in which the request is kept.
        alias: The alias that was called.
        at: Time of the call in UTC, in ISO 8601.
        request: The request with keys masked; None if it was too long, or not JSON.
    """

    version: int
    alias: str
    at: str
    request: Mapping[str, Any] | None = None


def call_of(request: LLMRequest, at: datetime, secrets: Iterable[str] = ()) -> RecordedCall:
    """Build the record of a call.

    Args:
        request: The request, with the alias in `model`.
        at: The time of the call, in UTC.
        secrets: Known keys, to be masked.
    """
    now = at.isoformat(timespec="milliseconds")
    return RecordedCall(
        VERSION, request.model or "", now, _request_without_secrets(request, tuple(secrets))
    )


def request_of(call: RecordedCall) -> LLMRequest:
    """Restore the request of a call, ready to be sent again.

    Raises:
        ConfigurationError: The request was not kept, or can't be read.
    """
    if call.version > VERSION:
        raise ConfigurationError("it was recorded by a newer llmring; upgrade llmring")
    if call.request is None:
        raise ConfigurationError(
            f"its request was not kept, being longer than {MOST_BYTES // 1024} kB or not JSON; "
            "record a shorter one"
        )
    try:
        return from_json(call.alias, call.request)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"its request can't be read: {error!r:.200}") from error


def _request_without_secrets(
    request: LLMRequest, secrets: tuple[str, ...]
) -> Mapping[str, Any] | None:
    try:
        data = msgspec.json.encode(to_json(request))
    except (TypeError, ValueError, RecursionError):
        return None
    if len(data) > MOST_BYTES:
        return None
    kept: Mapping[str, Any] = _masked(msgspec.json.decode(data), secrets)
    return kept


def _masked(value: Any, secrets: tuple[str, ...]) -> Any:
    match value:
        case str():
            return redact(value, secrets)
        case dict():
            return {key: _masked(each, secrets) for key, each in value.items()}
        case list():
            return [_masked(each, secrets) for each in value]
    return value
