"""What a local model is asked where the request leaves it open, and what it can't be asked."""

from typing import Any

import msgspec

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.chat.request import Message
from llmring.exceptions import UnsupportedFeatureError
from llmring.local.weights import SMOLLM2

# Without it the model's own template puts in another, with which it hardly makes sense.
SYSTEM_PROMPT = "You are a helpful AI assistant."

# It does not always find an end.
MAX_TOKENS = 256


def with_local_defaults(request: ParsedRequest, model: str = SMOLLM2.name) -> ParsedRequest:
    """The request as the local model should get it; a changed copy.

    A model of the user's own is sent what the request says and nothing more.

    Args:
        request: What to ask.
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
    """Why this model can't be asked this; None where it can."""
    parts = [part for message in request.turns for part in message.parts]
    if any(isinstance(part, ImagePart | DocumentPart) for part in parts):
        return "local models read text only, no images and no documents"
    if model == SMOLLM2.name and request.tools and request.choice != "none":
        return f"{model} is too small to call tools"
    return None
