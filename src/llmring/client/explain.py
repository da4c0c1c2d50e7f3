"""Explaining a call without making it: the models in order, and why each would be skipped."""

from __future__ import annotations

import random
from collections.abc import Sequence

from msgspec.structs import replace

from llmring.bridge import portal
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.chat.token_count import estimated
from llmring.client.planner import CallPlanner
from llmring.lockfile.compose import Resolved
from llmring.routing.circuits import Circuits, OpenCircuit
from llmring.routing.estimate import estimate_tokens
from llmring.routing.order import OrderInputs, ordered, user_of
from llmring.routing.plan import CallSize, Plan, PlanInputs, plan
from llmring.routing.selection.filters import capable, retired_last, within
from llmring.routing.stream_resume import StreamProgress
from llmring.routing.targets import Target


def explain(
    request: ParsedRequest,
    tokens: int | None,
    found: Resolved,
    planner: CallPlanner,
    circuits: Circuits,
) -> Plan:
    """Return the plan of a call.

    Args:
        request: The request; it may lack messages.
        tokens: Tokens of the prompt, if known.
        found: The models of the request's alias.
        planner: The planner of the calls that are explained.
        circuits: The circuit breaker of each model.
    """
    size = _size(request, tokens)
    whole = request if request.turns else replace(request, turns=[Message("user", "…")])
    policy, day = planner.policy(found), planner.today()
    estimate = replace(estimate_tokens(whole), prompt=size.prompt or 0)
    candidates = capable(planner.targets(found, policy), whole, policy, tokens=tokens)
    candidates = within(candidates, planner.facts(found.models[0]), policy, estimate, day)
    circumstances = OrderInputs(
        alias=request.model or "",
        user=user_of(request),
        estimate=estimate,
        day=day,
        speed=planner.latencies.typical,
        chance=random.random,
    )
    given = PlanInputs(
        prepare=planner.prepare(whole, StreamProgress(), stream=False),
        size=size,
        policy=policy,
        models=found.models,
        facts=planner.facts,
        blocked=_blocked(circuits, [each for each in candidates if isinstance(each, Target)]),
        day=day,
    )
    candidates = retired_last(ordered(candidates, policy, circumstances), day)
    return plan(candidates, found.alias, given)


def _size(request: ParsedRequest, tokens: int | None) -> CallSize:
    if tokens is not None:
        return CallSize(prompt=tokens, method="as given", answer=request.max_tokens)
    if not any(message.text for message in request.turns):
        return CallSize(answer=request.max_tokens)
    count = estimated(request, request.model or "", "")
    return CallSize(prompt=count.tokens, method=count.method, answer=request.max_tokens)


def _blocked(circuits: Circuits, models: Sequence[Target]) -> dict[str, OpenCircuit]:
    """Return the models with an open circuit; unlike a call, claims no probe that is due."""
    places = {(str(each.ref), each.endpoint.base_url) for each in models}
    return {
        state.model: OpenCircuit(state.seconds, state.reason)
        for state in portal.run(circuits.snapshot())
        if state.state == "open" and (state.model, state.address) in places
    }
