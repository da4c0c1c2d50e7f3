"""The origin of a client's call, as the ledger keeps it."""

from __future__ import annotations

import re

from llmring.gateway.chats.conversation import HEADERS
from llmring.gateway.http import GatewayRequest
from llmring.gateway.wires import Wire
from llmring.ledger.call_origin import CallOrigin

# The first product of a "user-agent", such as "claude-cli/2.1.3":
# https://www.rfc-editor.org/rfc/rfc9110#name-user-agent
_PRODUCT = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,48}(?:/[!#$%&'*+.^_`|~0-9A-Za-z-]{1,24})?")

# Characters of an ID that a client gives.
_LONGEST = 128


def origin_of(
    wire: Wire,
    request: GatewayRequest,
    conversation: str | None = None,
    *,
    renames: bool = False,
) -> CallOrigin:
    """Return the origin of the call that a request makes.

    Args:
        wire: The client's API.
        request: The request.
        conversation: The ID of the conversation in its body, if it has one.
        renames: True if another name of the model is put into bytes that are passed on.
    """
    caller, headers = request.caller, request.headers
    session = next(filter(None, map(headers.get, HEADERS)), None) or conversation
    product = _PRODUCT.match(headers.get("user-agent", ""))
    return CallOrigin(
        key=caller.key,
        team=caller.team,
        wire=wire.name,
        client=None if product is None else product[0],
        session=session[:_LONGEST] if session else None,
        request_id=headers.get("x-request-id", "")[:_LONGEST] or None,
        renames=renames,
    )
