"""The explanation of a call that is not made: the models that it would try, and the limits."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from llmring.chat.parsed_request import OwnFields, parse_request
from llmring.chat.request import LLMRequest
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.naming import called
from llmring.gateway.refusals import ForbiddenError
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, WIRES, Wire
from llmring.routing.plan import plan_to_json

_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}
_MOST_DIGITS = 9
# Of no use to those who look at a gateway.
_HIDDEN = frozenset({"faults", "mode", "recordings"})


async def answer_explain(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with what a call would do: its models in order, those skipped, prices and limits.

    The query has `model`, and may have `wire` (the client's API), `tokens` (of the prompt) and
    `max_tokens`.

    Raises:
        ForbiddenError: Others than those at this machine reach the gateway, without keys.
        RequestFormatError: The query has no model, or a value that can't be used.
        RefusedCallError: As for `called`.
    """
    if not (gateway.is_open or request.caller.is_admin):
        raise ForbiddenError("calls are explained on this machine alone, by `llmring explain`")
    query = request.query
    if not query.get("model"):
        raise RequestFormatError("model is missing", "model")
    wire = _wire(query.get("wire", CHAT.name))
    name = called(gateway, wire, request, query["model"])
    question = msgspec.structs.replace(
        parse_request(
            LLMRequest(model=name.name, messages=[], max_tokens=_count(query, "max_tokens"))
        ),
        own=OwnFields(dialect=wire.dialect.name),
    )
    # The state of the circuits may have to be fetched.
    plan, policy = await asyncio.to_thread(
        gateway.ring.explain_parsed, question, _count(query, "tokens"), name.profile
    )
    settings: dict[str, Any] = msgspec.to_builtins(policy)
    shown = {
        **plan_to_json(plan),
        "profile": name.profile,
        "wire": wire.name,
        "policy": {
            key: value
            for key, value in settings.items()
            if value is not None and key not in _HIDDEN
        },
    }
    for step in shown["steps"]:
        step["relay"] = "verbatim" if step["api"] == wire.dialect.name else "translated"
    return GatewayAnswer(headers=_HEADERS, body=msgspec.json.encode(shown))


def _wire(name: str) -> Wire:
    for wire in WIRES:
        if wire.name == name:
            return wire
    known = ", ".join(wire.name for wire in WIRES)
    raise RequestFormatError(f"wire: {name!r:.100} is not an API; use one of {known}", "wire")


def _count(query: Any, field: str) -> int | None:
    given = query.get(field)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS and int(given)):
        raise RequestFormatError(f"{field}: {given!r:.100} is not a whole number above 0", field)
    return int(given)
