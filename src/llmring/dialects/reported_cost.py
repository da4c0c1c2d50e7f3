"""The cost of a reply as its server reports it.

Each server has fields of its own for it; a server's row names those that it sends. All amounts are
in USD.

- `cost` in the usage, a number: https://openrouter.ai/docs/use-cases/usage-accounting
- `cost` in the usage, an object with `total_cost`:
  https://docs.perplexity.ai/api-reference/chat-completions-post
- `cost_in_usd_ticks` in the usage: https://docs.x.ai/developers/cost-tracking
- `estimated_cost` in the usage: https://deepinfra.com/docs/openai_api
- the header `x-litellm-response-cost`: https://docs.litellm.ai/docs/proxy/response_headers
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Literal, get_args

from msgspec import Struct

from llmring.chat.cost import EXACT
from llmring.wire import HttpHead

CostField = Literal["x-litellm-response-cost", "cost", "cost_in_usd_ticks", "estimated_cost"]

COST_FIELDS: tuple[CostField, ...] = get_args(CostField)
LITELLM: CostField = "x-litellm-response-cost"

# https://docs.x.ai/developers/cost-tracking: 1 USD is 10^10 ticks.
_TICK_DIGITS = -10


class SentCosts(Struct, gc=False):
    """The cost fields of a usage object, of any type, as sent by the server."""

    cost: Any = None
    cost_details: Any = None
    is_byok: Any = None
    cost_in_usd_ticks: Any = None
    estimated_cost: Any = None


class ReportedCost(Struct, frozen=True):
    """A cost that a server reports.

    Attributes:
        usd: The amount in USD.
        field: The field in which it was sent.
    """

    usd: Decimal
    field: str


def sent_costs(sent: SentCosts) -> Mapping[str, Any] | None:
    """Return the cost fields that the server has sent, by name; None if it sent none."""
    if sent.cost is None and sent.cost_in_usd_ticks is None and sent.estimated_cost is None:
        return None
    return {name: getattr(sent, name) for name in SentCosts.__struct_fields__}


def reported_cost(
    fields: Sequence[CostField], costs: Mapping[str, Any] | None, head: HttpHead
) -> ReportedCost | None:
    """Return the cost that a server reports; None if it reports none that can be read.

    Args:
        fields: The fields in which this server reports costs, best first.
        costs: The cost fields of the reply's usage, as sent.
        head: The head of the reply.
    """
    for field in fields:
        if field == LITELLM:
            # The head of a stream is sent before the cost is known.
            streamed = head.content_type == "text/event-stream"
            usd = None if streamed else _amount(head.headers.get(field))
        else:
            usd = None if costs is None else _FORMS[field](costs)
        if usd is not None:
            return ReportedCost(usd, field if field == LITELLM else f"usage.{field}")
    return None


def _cost(costs: Mapping[str, Any]) -> Decimal | None:
    sent = costs["cost"]
    if isinstance(sent, Mapping):
        return _amount(sent.get("total_cost"))
    charged = _amount(sent)
    details = costs["cost_details"]
    upstream = None
    if isinstance(details, Mapping):
        upstream = _amount(details.get("upstream_inference_cost"))
    if charged is None or upstream is None:
        return charged
    # With the user's own key, `cost` is only the router's fee, and another vendor bills the rest.
    # Otherwise the amount upstream is the cost again, or what the router pays.
    own_key = costs["is_byok"]
    if own_key is None:
        own_key = upstream > charged
    return EXACT.add(charged, upstream) if own_key is True else charged


def _ticks(costs: Mapping[str, Any]) -> Decimal | None:
    ticks = _amount(costs["cost_in_usd_ticks"])
    return None if ticks is None else EXACT.scaleb(ticks, _TICK_DIGITS)


def _estimated(costs: Mapping[str, Any]) -> Decimal | None:
    return _amount(costs["estimated_cost"])


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Decimal | None]] = MappingProxyType(
    {"cost": _cost, "cost_in_usd_ticks": _ticks, "estimated_cost": _estimated}
)


def _amount(sent: object) -> Decimal | None:
    """Read an amount in USD; None for anything else, such as a negative number or a text."""
    if isinstance(sent, bool) or not isinstance(sent, int | float | str):
        return None
    try:
        # The shortest decimal that gives this float is the one that was sent.
        amount = Decimal(sent.strip() if isinstance(sent, str) else str(sent))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
