"""The state of a gateway, for load balancers, and its root, for client programs that look at it.

Neither calls a provider.
"""

from __future__ import annotations

import msgspec

from llmring.exceptions import LLMRingError
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.server_state import Gateway

_JSON = {"content-type": "application/json", "cache-control": "no-store"}
_PLAIN = {"content-type": "text/plain; charset=utf-8"}
_ROOT = b"A gateway to language models. Client programs use this address as their base URL.\n"


async def answer_root(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:  # noqa: ARG001 -- as all handlers
    """Answer that there is a gateway; in words only to a browser."""
    is_browser = "text/html" in request.headers.get("accept", "")
    return GatewayAnswer(headers=_PLAIN, body=_ROOT if is_browser else b"")


async def answer_health(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:  # noqa: ARG001 -- as all handlers
    """Answer that the process runs."""
    return GatewayAnswer(headers=_JSON, body=b'{"status":"ok"}')


async def answer_ready(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer whether calls can succeed: some alias has a model whose provider can be called.

    With `?deep`, an open gateway lists each alias with the model that a call would try first.
    """
    try:
        usable = usable_aliases(gateway)
    except LLMRingError:
        return not_ready("the lockfile or the profile can't be used")
    if not any(usable.values()):
        return not_ready("no alias has a model whose provider has a key")
    state: dict[str, object] = {"status": "ready"}
    if "deep" in request.query and gateway.is_open:
        state["aliases"] = usable
    return GatewayAnswer(headers=_JSON, body=msgspec.json.encode(state))


def usable_aliases(gateway: Gateway) -> dict[str, str | None]:
    """Return each alias of the gateway's profile with its first model that can be called.

    Raises:
        LLMRingError: The lockfile or the profile can't be used.
    """
    ring, profile = gateway.ring, gateway.profile
    found: dict[str, str | None] = {}
    for alias in ring.list_aliases(profile):
        try:
            found[alias] = ring.resolve_alias(alias, profile, require_available=True)
        except LLMRingError:
            found[alias] = None
    return found


def not_ready(reason: str) -> GatewayAnswer:
    """Answer that calls should go elsewhere.

    Args:
        reason: The reason, for people.
    """
    body = msgspec.json.encode({"status": "not ready", "reason": reason})
    return GatewayAnswer(status=503, headers={**_JSON, "retry-after": "1"}, body=body)
