"""The terms that a client's call brings to the ring: its origin, its limits and its tags."""

from __future__ import annotations

from llmring.gateway.callers.client_program import client_program
from llmring.gateway.http import GatewayRequest
from llmring.gateway.naming import ClientWishes
from llmring.gateway.wires import Wire
from llmring.ledger.call_origin import CallOrigin
from llmring.lockfile.gateway_table import GatewayTable
from llmring.redaction import one_line
from llmring.routing.call_wishes import CallWishes

_LONGEST_SESSION = 200


def call_wishes(
    wire: Wire,
    request: GatewayRequest,
    wishes: ClientWishes,
    table: GatewayTable,
    *,
    session: str | None = None,
    prefer: str | None = None,
    renames: bool = False,
) -> CallWishes:
    """Return the wishes for a call: the stricter ones of the client and its key.

    Args:
        wire: The API of the client.
        request: The request.
        wishes: The wishes of the client.
        table: The settings of the gateway.
        session: The client's own ID of the conversation, if it sends one.
        prefer: The model to try first, if there is one.
        renames: True if another name of the model is put into bytes that are passed on.
    """
    caller = request.caller
    amounts = [each for each in (wishes.max_cost, caller.max_cost) if each is not None]
    return CallWishes(
        prefer=prefer,
        max_cost=min(amounts, default=None),
        accounts=caller.accounts,
        queue=table.queue,
        refuses_blind=table.when_blind == "refuse",
        origin=CallOrigin(
            key=caller.key,
            team=caller.team,
            wire=wire.name,
            client=client_program(request.headers.get("user-agent", "")),
            session=None if not session else one_line(session[:_LONGEST_SESSION]),
            request_id=request.headers.get("x-request-id"),
            renames=renames,
        ),
    )


def call_tags(request: GatewayRequest, wishes: ClientWishes) -> list[str]:
    """Return the tags of a call: those of the key, and those of the client."""
    return [*dict.fromkeys((*request.caller.tags, *wishes.tags))]
