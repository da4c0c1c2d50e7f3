"""What a call would do, without calling: the models in order, and why each would be skipped."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.chat.token_count import estimated
from llmring.client import portal
from llmring.client.guide import Guide
from llmring.lockfile.compose import Resolved
from llmring.routing.breakage import Shown
from llmring.routing.capable import capable
from llmring.routing.ceilings import within
from llmring.routing.estimate import load_of
from llmring.routing.health import Health, Open
from llmring.routing.order import Circumstances, ordered, user_of
from llmring.routing.plan import Given, Plan, Size, plan
from llmring.routing.retired import retired_last
from llmring.routing.targets import Target


def explained(
    request: ParsedRequest, tokens: int | None, found: Resolved, guide: Guide, health: Health
) -> Plan:
    """What a call would do.

    Args:
        request: The request; it need not have messages yet.
        tokens: The tokens of the prompt, where these are known.
        found: What the request's alias stands for.
        guide: Makes the walks of the calls that are explained.
        health: Remembers which models have failed.
    """
    size = _size(request, tokens)
    whole = request if request.turns else replace(request, turns=[Message("user", "…")])
    policy, day = guide.policy(found), date.today()
    load = replace(load_of(whole), prompt=size.prompt or 0)
    candidates = capable(guide.targets(found, policy), whole, policy, tokens=tokens)
    candidates = within(candidates, guide.facts(found.models[0]), policy, load, day)
    circumstances = Circumstances(
        alias=request.model or "",
        user=user_of(request),
        load=load,
        day=day,
        speed=guide.speeds.typical,
        chance=random.random,
    )
    given = Given(
        prepare=guide.prepare(whole, Shown(), stream=False),
        size=size,
        policy=policy,
        models=found.models,
        facts=guide.facts,
        blocked=_blocked(health, [each for each in candidates if isinstance(each, Target)]),
        day=day,
    )
    candidates = retired_last(ordered(candidates, policy, circumstances), day)
    return plan(candidates, found.alias, given)


def _size(request: ParsedRequest, tokens: int | None) -> Size:
    if tokens is not None:
        return Size(prompt=tokens, method="as given", answer=request.max_tokens)
    if not any(message.text for message in request.turns):
        return Size(answer=request.max_tokens)
    count = estimated(request, request.model or "", "")
    return Size(prompt=count.tokens, method=count.method, answer=request.max_tokens)


def _blocked(health: Health, models: Sequence[Target]) -> dict[str, Open]:
    """Those whose circuits are open; unlike a call, this claims none that is due."""
    places = {(str(each.ref), each.endpoint.base_url) for each in models}
    return {
        state.model: Open(state.seconds, state.reason)
        for state in portal.run(health.snapshot())
        if state.state == "open" and (state.model, state.address) in places
    }
