"""Filters for models that can't serve a request, cost too much, or are retired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from llmring.chat.parsed_request import ParsedRequest
from llmring.exceptions import (
    ContextLengthError,
    ProviderError,
    ProviderRequestError,
    UnsupportedFeatureError,
)
from llmring.registry.catalog import ModelFacts, Rates
from llmring.registry.price import Unpriced, dollars, price_tag
from llmring.routing.estimate import TokenEstimate, usd
from llmring.routing.policy import Policy
from llmring.routing.selection.fit import missing
from llmring.routing.selection.min_tokens import Length
from llmring.routing.targets import Skip, Target

# A thing that a model lacks: its column in a table of models, and its text.
Lack = tuple[str, str]


def capable(
    candidates: Sequence[Target | Skip],
    request: ParsedRequest,
    policy: Policy,
    *,
    tokens: int | None = None,
) -> list[Target | Skip]:
    """Replace the candidates that can't serve a request by skips with the reason.

    A model that is not in the catalog is kept, and so is one with an unknown limit.

    Args:
        candidates: The models, in any order.
        request: The request.
        policy: The policy of the alias.
        tokens: The tokens of the prompt, if known; else they are estimated from its text.
    """
    length = Length(request, tokens)
    own = request.own
    shortens = own is not None and not _SHORTENING.isdisjoint(own.fields)
    found: list[Target | Skip] = []
    for each in candidates:
        error = None
        if isinstance(each, Target) and each.facts is not None:
            is_short = shortens and own is not None and own.dialect in _dialects(each)
            error = _objection(each.facts, request, policy, None if is_short else length)
        found.append(each if error is None else Skip(each.ref, error))
    return found


# Fields with which a server with the client's API may shorten the text.
# https://platform.openai.com/docs/api-reference/responses/create#responses-create-truncation
# https://platform.claude.com/docs/en/build-with-claude/context-editing
# https://openrouter.ai/docs/guides/features/message-transforms
_SHORTENING = frozenset({"context_management", "plugins", "transforms", "truncation"})


def _dialects(target: Target) -> Sequence[str]:
    other = target.elsewhere
    return (target.dialect.name, *(() if other is None else (other.dialect.name,)))


def _objection(
    facts: ModelFacts, request: ParsedRequest, policy: Policy, length: Length | None
) -> ProviderRequestError | None:
    """Return why a model can't serve a request; None if it can.

    Args:
        facts: The facts of the model.
        request: The request.
        policy: The policy of the alias.
        length: The text of the request; None if the provider may shorten it.
    """
    lacking = dict(_features(facts, request, policy))
    kind = UnsupportedFeatureError if lacking else ContextLengthError
    room = prompt_room(facts)
    if room is not None and length is not None and length.exceeds(room):
        lacking["context"] = f"no prompt of more than {room:,} tokens"
    if not lacking:
        return None
    error = kind(f"the model takes {' and '.join(lacking.values())}")
    error.lacking = lacking
    return error


def _features(facts: ModelFacts, request: ParsedRequest, policy: Policy) -> Iterator[Lack]:
    lacking = missing(request, facts)
    for capability in lacking:
        yield capability, f"no {capability}"
    for capability in policy.needs:
        if facts.lacks(capability) and capability not in lacking:
            yield capability, f"no {capability} (needed by the lockfile)"
    window = facts.context_window
    if policy.min_context is not None and window is not None and window < policy.min_context:
        yield "min_context", f"no context of {policy.min_context:,} tokens (it has {window:,})"
    most = facts.max_output
    # A client's program asks the same limit of every model; `fit` lowers it.
    asked = request.max_tokens if request.own is None else None
    if asked is not None and most is not None and asked > most:
        yield "max_tokens", f"no max_tokens above {most:,}"


def prompt_room(facts: ModelFacts) -> int | None:
    """Return the most tokens that the prompt may have; None if unknown."""
    return min(filter(None, (facts.max_input, facts.context_window)), default=None)


# To compare models by one rate, assume three tokens of prompt for one of answer, as comparisons of
# prices usually do.
_PROMPT_PARTS = 3


def within(
    candidates: Sequence[Target | Skip],
    first: ModelFacts | None,
    policy: Policy,
    estimate: TokenEstimate,
    day: date,
) -> list[Target | Skip]:
    """Replace the candidates that may cost too much by skips with the reason.

    Args:
        candidates: The models of the binding, in its order.
        first: The catalog's facts of the first model, which `max_price_ratio` refers to even if
            the model can't be used.
        policy: The policy of the alias.
        estimate: The tokens that the request will take.
        day: The day of the call, for prices.
    """
    found: list[Target | Skip] = []
    for at, each in enumerate(candidates):
        if isinstance(each, Target):
            reasons = [*_of_the_call(each.facts, policy, estimate, day)]
            if at and policy.max_price_ratio is not None:
                reasons += _of_a_fallback(each.facts, first, policy.max_price_ratio, day)
            if reasons:
                found.append(Skip(each.ref, ProviderError("; ".join(reasons))))
                continue
        found.append(each)
    return found


def _of_the_call(
    facts: ModelFacts | None, policy: Policy, estimate: TokenEstimate, day: date
) -> Iterator[str]:
    """Yield the reasons why the cost of this call rules a model out."""
    if policy.max_cost_per_request is None and policy.daily_budget is None:
        return
    cost = estimate.cost(facts, day)
    if isinstance(cost, Unpriced):
        key = "daily_budget" if policy.max_cost_per_request is None else "max_cost_per_request"
        yield f"{key} can't be checked: {cost.reason}"
    elif policy.max_cost_per_request is not None and cost > usd(policy.max_cost_per_request):
        yield (
            f"the call may cost {dollars(cost)} ({estimate.prompt} tokens of prompt, "
            f"{estimate.answer} "
            f"of answer), and max_cost_per_request is {dollars(usd(policy.max_cost_per_request))}"
        )


def _of_a_fallback(
    facts: ModelFacts | None, first: ModelFacts | None, most: float, day: date
) -> Iterator[str]:
    """Yield the reasons why a fallback's price, next to the first model's, rules it out."""
    own, other = (_rates(each, day) for each in (facts, first))
    if own is None or other is None:
        whose = "its price" if own is None else "the price of the first model"
        yield f"max_price_ratio can't be checked: {whose} is not known"
    elif _blended(own) > most * _blended(other):
        yield (
            f"its price of {price_tag(own)} is more than {most:g} times that of {first}, "
            f"{price_tag(other)} (max_price_ratio)"
        )


def _rates(facts: ModelFacts | None, day: date) -> Rates | None:
    return facts.prices_on(day) if facts is not None else None


def _blended(rates: Rates) -> float:
    """Return USD per million tokens of a usual mix of prompt and answer."""
    return (_PROMPT_PARTS * float(rates.input) + float(rates.output)) / (_PROMPT_PARTS + 1)


def retired_last(candidates: Sequence[Target | Skip], day: date) -> list[Target | Skip]:
    """Sort retired models behind the others, keeping the order otherwise.

    Args:
        candidates: The models, in the order in which they would be tried.
        day: The day of the call.
    """
    return sorted(candidates, key=lambda each: is_retired(each, day))


def is_retired(candidate: Target | Skip, day: date) -> bool:
    """Return True if the catalog lists the model as retired on this day."""
    facts = candidate.facts if isinstance(candidate, Target) else None
    return facts is not None and facts.retires is not None and facts.retires <= day


def warning(target: Target) -> str:
    """Return the warning about a retired model that a lockfile still binds."""
    day = target.facts.retires if target.facts else None
    return (
        f"{target.ref} was retired by its provider on {day}, so it is tried last; "
        "run `llmring lock upgrade` to bind another model"
    )
