"""Further models that a client's request names, for a provider to call them.

Some servers call other models than the one that a request is for, if a field of their own names
them. With it, a client would call models that are not in its aliases.

https://openrouter.ai/docs/features/model-routing
https://vercel.com/docs/ai-gateway/models-and-providers/model-fallbacks
https://docs.litellm.ai/docs/proxy/reliability
"""

from __future__ import annotations

from llmring.chat.parsed_request import ParsedRequest
from llmring.gateway.refusals import ForbiddenError

_FIELDS = ("models", "fallbacks")


def check_named_models(request: ParsedRequest, *, direct: bool) -> None:
    """Check that a request names no further models, or that it may.

    Args:
        request: The request.
        direct: True if the client may call models directly.

    Raises:
        ForbiddenError: It may not.
    """
    if direct or request.own is None or not request.own.fields:
        return
    fields = request.own.fields
    found = [name for name in _FIELDS if fields.get(name)]
    match fields.get("providerOptions"):
        case {"gateway": {"models": _}}:
            found.append("providerOptions.gateway.models")
    if found:
        raise ForbiddenError(f"{found[0]}: this client may not name further models; leave it out")
