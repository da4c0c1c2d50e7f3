"""Those who may look at the records of a gateway."""

from __future__ import annotations

from llmring.gateway.http import GatewayRequest
from llmring.gateway.refusals import ForbiddenError
from llmring.gateway.server_state import Gateway


def check_looker(gateway: Gateway, request: GatewayRequest) -> None:
    """Check that a caller may look at the calls and the spending of all.

    Args:
        gateway: The gateway.
        request: The request.

    Raises:
        ForbiddenError: Others than those at this machine reach the gateway, and the caller has no
            key with the role admin.
    """
    if not gateway.is_open and not request.caller.is_admin:
        raise ForbiddenError(
            "the state of this gateway is shown to callers that have a key with the role admin"
        )
