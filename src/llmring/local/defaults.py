"""Defaults and limits of the bundled local model."""

from typing import Any

import msgspec

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.chat.request import Message
from llmring.exceptions import UnsupportedFeatureError
from llmring.local.weights import SMOLLM2

# Without it, the model's template adds another, with which the model hardly makes sense.
SYSTEM_PROMPT = "You are a helpful AI assistant."

# The model does not always stop by itself.
MAX_TOKENS = 256


def with_local_defaults(request: ParsedRequest, model: str = SMOLLM2.name) -> ParsedRequest:
    """Return a copy of a request with the bundled model's defaults filled in.

    A request for a model of the user's own is returned unchanged.

    Args:
        request: The request.
        model: The second half of the model's reference.

    Raises:
        UnsupportedFeatureError: The request uses something that the model can't do.
    """
    objection = refusal(request, model)
    if objection is not None:
        raise UnsupportedFeatureError(objection, provider="local", model=model)
    if model != SMOLLM2.name:
        return request
    changes: dict[str, Any] = {}
    messages = request.turns
    if all(message.role != "system" for message in messages):
        changes["turns"] = [Message("system", SYSTEM_PROMPT), *messages]
    if request.temperature is None:
        changes["temperature"] = 0.0
    if request.max_tokens is None:
        changes["max_tokens"] = MAX_TOKENS
    if request.tools:
        changes["tools"], changes["choice"] = (), None
    return msgspec.structs.replace(request, **changes)


def refusal(request: ParsedRequest, model: str = SMOLLM2.name) -> str | None:
    """Return why the model can't serve this request; None if it can."""
    parts = [part for message in request.turns for part in message.parts]
    if any(isinstance(part, ImagePart | DocumentPart) for part in parts):
        return "local models read text only; remove the images and documents"
    if model == SMOLLM2.name and request.tools and request.choice != "none":
        return f"{model} is too small to call tools"
    return None
