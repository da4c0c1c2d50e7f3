"""The plan of a call: the models that would be tried, in order, and those skipped, with reasons."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import Usage
from llmring.exceptions import ProviderError
from llmring.lockfile.document import ModelRef
from llmring.plain_data import PlainData
from llmring.registry.catalog import ModelFacts, Prices, Rates
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.circuits import OpenCircuit, least_bad
from llmring.routing.policy import Policy, Strategy
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Skip, Target


class CallSize(PlainData, Struct, frozen=True, kw_only=True):
    """The size of a call.

    Attributes:
        prompt: Tokens of the prompt, if known.
        method: The way they were counted: "as given", or the name of the estimate.
        answer: Tokens of the longest answer allowed, if there is a limit.
    """

    __module__ = "llmring"

    prompt: int | None = None
    method: str | None = None
    answer: int | None = None


class PlanStep(PlainData, Struct, frozen=True, kw_only=True):
    """One model in the plan of a call.

    Attributes:
        model: The reference, "provider:model".
        turn: Its place in the order, from 1; it is tried if those before it fail. None if it
            would be skipped.
        api: The name of the API by which it would be asked, which can depend on the request.
        reason: Why it would be skipped.
        remarks: Further remarks, such as what would be left out of the request.
        context_window: Tokens that prompt and answer may have together, if known.
        max_output: Tokens that the answer may have, if known.
        rates: The prices of its tokens in a call of this size, if known.
        prompt_cost: USD of the prompt, if known.
        cost: USD of the prompt and of the longest answer allowed, if known.
        cost_reason: Why the cost is not known.
    """

    __module__ = "llmring"

    model: str
    turn: int | None
    api: str | None = None
    reason: str | None = None
    remarks: tuple[str, ...] = ()
    context_window: int | None = None
    max_output: int | None = None
    rates: Rates | None = None
    prompt_cost: Decimal | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None


class Plan(PlainData, Struct, frozen=True, kw_only=True):
    """The plan of a call.

    Attributes:
        alias: The alias, or None if the call names a model itself.
        strategy: The lockfile's strategy for the order of the models.
        size: The size of the call.
        steps: The models: those that would be tried, in their order, then those skipped.
    """

    __module__ = "llmring"

    alias: str | None
    strategy: Strategy
    size: CallSize
    steps: tuple[PlanStep, ...]

    @property
    def tried(self) -> tuple[PlanStep, ...]:
        """The models that would be tried, in their order."""
        return tuple(step for step in self.steps if step.turn is not None)

    @property
    def skipped(self) -> tuple[PlanStep, ...]:
        """The models that would be skipped."""
        return tuple(step for step in self.steps if step.turn is None)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Convert a plan to JSON-compatible data, with amounts as strings without exponents."""
    plain: dict[str, Any] = msgspec.to_builtins(plan, builtin_types=(Decimal,))
    for step in plain["steps"]:
        for amounts in (step, step["rates"] or {}):
            for key, value in amounts.items():
                if isinstance(value, Decimal):
                    amounts[key] = f"{value:f}"
    return plain


class PlanInputs(Struct, frozen=True, kw_only=True):
    """The facts that a plan is made from, apart from the models.

    Attributes:
        prepare: Makes the request for one model, as for `Walk`.
        size: The size of the call.
        policy: The policy of the alias.
        models: The binding's models, in its order.
        facts: Looks a model up in the catalog.
        blocked: The models whose circuits are open, by reference.
        day: The day of the call.
    """

    prepare: Callable[[Target], Prepared]
    size: CallSize
    policy: Policy
    models: Sequence[ModelRef]
    facts: Callable[[ModelRef], ModelFacts | None]
    blocked: Mapping[str, OpenCircuit]
    day: date


def plan(candidates: Sequence[Target | Skip], alias: str | None, given: PlanInputs) -> Plan:
    """Plan a call of these models; nothing is sent.

    Args:
        candidates: The models in the order in which they would be tried, as `Walk` takes them.
        alias: The alias, or None if the call names a model itself.
        given: The other facts.
    """
    tried: list[PlanStep] = []
    skipped: list[PlanStep] = []
    hope = _last_hope(candidates, given.blocked)
    for each in candidates:
        name = str(each.ref)
        found = _prepared(each, given.prepare)
        circuit = given.blocked.get(name)
        if isinstance(found, ProviderError):
            skipped.append(_step(each.ref, given, reason=found.message))
        elif circuit is not None and name != hope:
            skipped.append(_step(each.ref, given, reason=_cooling(circuit)))
        else:
            remarks = (*_second_api(found), *found.adjusted)
            if circuit is not None:
                remarks = (
                    f"{_cooling(circuit)}; tried anyway, as all circuits are open",
                    *remarks,
                )
            turn = len(tried) + 1
            tried.append(_step(each.ref, given, turn=turn, api=_api(each, found), remarks=remarks))
    return Plan(
        alias=alias,
        strategy=given.policy.strategy,
        size=given.size,
        steps=(*tried, *skipped),
    )


def _last_hope(
    candidates: Sequence[Target | Skip], blocked: Mapping[str, OpenCircuit]
) -> str | None:
    """Return the model that is tried although its circuit is open, if all circuits are."""
    names = [str(each.ref) for each in candidates if isinstance(each, Target)]
    if not names or not all(name in blocked for name in names):
        return None
    return least_bad({name: blocked[name] for name in names})


def _prepared(
    candidate: Target | Skip, prepare: Callable[[Target], Prepared]
) -> Prepared | ProviderError:
    if isinstance(candidate, Skip):
        return candidate.error
    try:
        return prepare(candidate)
    except ProviderError as error:
        return error


def _second_api(prepared: Prepared) -> Iterator[str]:
    target = prepared.target
    if target is not None and target.dialect is not target.endpoint.provider.dialect:
        yield f"asked by its API {target.dialect.name}"


def _api(candidate: Target | Skip, prepared: Prepared) -> str | None:
    target = prepared.target or candidate
    return target.dialect.name if isinstance(target, Target) else None


def _cooling(circuit: OpenCircuit) -> str:
    return f"circuit open for another {circuit.seconds:.0f} s: {circuit.reason}"


def _step(
    ref: ModelRef,
    given: PlanInputs,
    *,
    turn: int | None = None,
    api: str | None = None,
    reason: str | None = None,
    remarks: tuple[str, ...] = (),
) -> PlanStep:
    facts = given.facts(ref)
    prices = facts.prices_on(given.day) if facts is not None else None
    prompt, cost = _costs(facts, given)
    return PlanStep(
        model=str(ref),
        turn=turn,
        api=api,
        reason=reason,
        remarks=(*_remarks(ref, facts, given), *remarks),
        context_window=facts.context_window if facts is not None else None,
        max_output=facts.max_output if facts is not None else None,
        rates=_rates(prices, given.size.prompt or 0),
        prompt_cost=None if isinstance(prompt, Unpriced) else Decimal(prompt),
        cost=None if isinstance(cost, Unpriced) else Decimal(cost),
        cost_reason=cost.reason if isinstance(cost, Unpriced) else None,
    )


def _rates(prices: Prices | None, prompt: int) -> Rates | None:
    """Return the rates for a prompt of this many tokens."""
    if prices is None:
        return None
    rates = prices.rates(prompt)
    return Rates(**{name: getattr(rates, name) for name in Rates.__struct_fields__})


def _costs(
    facts: ModelFacts | None, given: PlanInputs
) -> tuple[Decimal | Unpriced, Decimal | Unpriced]:
    """Return the cost in USD of the prompt alone, and the highest cost of the call."""
    size = given.size
    usage = Usage(prompt_tokens=size.prompt or 0)
    prompt = cost_of(usage, facts, given.day)
    if isinstance(prompt, Unpriced):
        return prompt, prompt
    if size.prompt is None:
        unknown = Unpriced("the length of the prompt is not known")
        return unknown, unknown
    if size.answer is None:
        return prompt, Unpriced("the request sets no max_tokens")
    usage = Usage(prompt_tokens=size.prompt, completion_tokens=size.answer)
    return prompt, cost_of(usage, facts, given.day)


def _remarks(ref: ModelRef, facts: ModelFacts | None, given: PlanInputs) -> Iterator[str]:
    policy = given.policy
    if policy.strategy == "weighted":
        yield f"weight {policy.weight(given.models.index(ref), ref):g}"
    if facts is None:
        yield "not in the catalog: its capabilities and prices are not known"
    elif facts.retires is not None and facts.retires <= given.day:
        yield f"retired by its provider on {facts.retires}, so it is tried last"
    elif facts.retires is not None:
        yield f"its provider retires it on {facts.retires}"
