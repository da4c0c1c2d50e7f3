"""Errors in the format of OpenAI's APIs.

https://platform.openai.com/docs/guides/error-codes/api-errors
"""

from __future__ import annotations

import msgspec

from llmring.dialects.reply_encoding import ErrorAnswer, Json
from llmring.wire import HttpHead

# The codes that OpenAI sends with a status. Other statuses come without one.
CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}

# The code and type for an account without credit, which OpenAI sends with status 429.
USED_UP = "insufficient_quota"


def encode_error(error: ErrorAnswer) -> tuple[HttpHead, bytes]:
    """Encode an error into its head and body."""
    return error.head(), msgspec.json.encode({"error": error_object(error)})


def error_object(error: ErrorAnswer) -> Json:
    """Return the error as its object within a body or an event."""
    code = error.code or CODES.get(error.status)
    kind: str | None = "server_error" if error.status >= 500 else "invalid_request_error"
    if error.status == 429:
        kind = "requests"
    if code == USED_UP:
        kind = code
    if code is not None and code.endswith("_error"):
        kind, code = code, None
    elif code is not None and code.isdecimal():
        # A compatible server's: it has no types.
        kind = None
    return {"message": error.message, "type": kind, "param": error.param, "code": code}
