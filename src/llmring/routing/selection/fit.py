"""Requests adapted to a model's capabilities."""

from typing import Any, cast

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, Part, UploadedPart
from llmring.chat.reasoning import EFFORTS, Effort, Reasoning
from llmring.exceptions import UnsupportedFeatureError
from llmring.registry.catalog import Capability, ModelFacts
from llmring.routing.targets import Target


class Fitted(Struct, frozen=True):
    """The adapted copy of a request, and remarks on what was left out or changed."""

    request: ParsedRequest
    adjusted: tuple[str, ...] = ()


class _Adjustment(Struct, frozen=True):
    """Fields to set in the copy, and remarks if anything is lost."""

    fields: dict[str, Any] = {}
    notes: tuple[str, ...] = ()


def fit(request: ParsedRequest, target: Target) -> Fitted:
    """Adapt a request to a model; one that is not in the catalog gets it unchanged.

    Raises:
        UnsupportedFeatureError: The model lacks something that the request can't do without.
    """
    provider, facts = target.endpoint.provider, target.facts
    if provider.prepare is not None:
        request = provider.prepare(request, target.ref.model)
    if facts is None:
        return Fitted(request)
    lacking = missing(request, facts)
    if lacking:
        error = UnsupportedFeatureError(f"the model takes no {' and no '.join(lacking)}")
        error.lacking = {capability: f"no {capability}" for capability in lacking}
        raise error
    limited = _limited(request, facts)
    if limited is not None:
        request = msgspec.structs.replace(request, **limited.fields)
    adjustments = (limited, _sampling(request, facts), _reasoning(request, facts))
    changes = [change for change in adjustments if change]
    if request.max_tokens is None and provider.quirks.needs_max_tokens:
        changes.append(_Adjustment({"max_tokens": facts.max_output}))
    if not changes:
        return Fitted(request)
    fields = {name: value for change in changes for name, value in change.fields.items()}
    notes = tuple(line for change in changes for line in change.notes)
    return Fitted(msgspec.structs.replace(request, **fields), notes)


def _limited(request: ParsedRequest, facts: ModelFacts) -> _Adjustment | None:
    """Lower the limit of the answer, which a client's program sets for models that it expects."""
    asked, most = request.max_tokens, facts.max_output
    if request.own is None or asked is None or most is None or asked <= most:
        return None
    note = f"max_tokens {most:,} for {asked:,}: the model gives no longer answers"
    return _Adjustment({"max_tokens": most}, (note,))


def _sampling(request: ParsedRequest, facts: ModelFacts) -> _Adjustment | None:
    if not facts.lacks("temperature"):
        return None
    given = [name for name in ("temperature", "top_p") if getattr(request, name) is not None]
    if not given:
        return None
    return _Adjustment(
        dict.fromkeys(given),
        tuple(f"{name} left out: the model does not take it" for name in given),
    )


def _reasoning(request: ParsedRequest, facts: ModelFacts) -> _Adjustment | None:
    """Express the reasoning setting in the form and the effort levels that the model takes."""
    reasoning = request.reasoning
    if reasoning is None:
        return None
    left_out = _left_out(reasoning, facts)
    if left_out is not None:
        return _Adjustment({"reasoning": None}, left_out)
    takes_tokens = "reasoning_budget" in facts.capabilities
    if reasoning.tokens is not None and (takes_tokens or not facts.efforts):
        return _clamped(reasoning.tokens, facts)
    if not facts.efforts:
        if not takes_tokens:
            return None
        tokens = reasoning.as_tokens
        return _clamped(tokens, facts) or _Adjustment({"reasoning": Reasoning(tokens=tokens)})
    wanted = reasoning.as_effort
    nearest = min(facts.efforts, key=lambda effort: abs(_rank(effort) - _rank(wanted)))
    lost = nearest != wanted
    notes = (f"reasoning effort {nearest} for {wanted}: the model has no {wanted}",) if lost else ()
    fields = {"reasoning": Reasoning(effort=cast("Effort", nearest))}
    return _Adjustment(fields | _room(request, reasoning, facts), notes)


def _clamped(tokens: int, facts: ModelFacts) -> _Adjustment | None:
    """Put a budget for reasoning within the model's range; None if it is there."""
    if facts.budget is None or (tokens == 0 and "no_reasoning" not in facts.refuses):
        return None
    nearest = facts.budget.nearest(tokens)
    if nearest == tokens:
        return None
    within = f"{facts.budget.least} to {facts.budget.most}"
    note = f"{nearest} tokens of reasoning for {tokens}: the model takes {within}"
    return _Adjustment({"reasoning": Reasoning(tokens=nearest)}, (note,))


def _left_out(reasoning: Reasoning, facts: ModelFacts) -> tuple[str, ...] | None:
    """Return the remarks if the reasoning setting is left out; None if it is sent."""
    if reasoning.is_off and "no_reasoning" in facts.refuses and facts.budget is None:
        return ("reasoning left on: the model can't turn it off",)
    if facts.lacks("reasoning"):
        return () if reasoning.is_off else ("reasoning left out: the model has none",)
    return None


def _room(request: ParsedRequest, reasoning: Reasoning, facts: ModelFacts) -> dict[str, Any]:
    """Raise max_tokens by the reasoning, if it was given in tokens.

    Every vendor counts reasoning towards the longest answer, and an effort does not limit its
    tokens.
    """
    if request.max_tokens is None or not reasoning.tokens or request.limits_all:
        return {}
    longest = request.max_tokens + reasoning.tokens
    return {"max_tokens": longest if facts.max_output is None else min(longest, facts.max_output)}


def _rank(effort: str) -> int:
    return EFFORTS.index(effort) if effort in EFFORTS else len(EFFORTS)


def missing(request: ParsedRequest, facts: ModelFacts) -> list[str]:
    """Return the capabilities that the request needs and the model lacks, by catalog name."""
    needs = needs_of(request)
    if not needs:
        return []
    lacking: list[str] = [need for need in _NEEDS if need in needs and facts.lacks(need)]
    if "forced_tools" in facts.refuses and request.tools and forces_a_tool(request):
        lacking.append("forced choice of a tool")
    return lacking


def needs_of(request: ParsedRequest) -> frozenset[Capability]:
    """Return the capabilities that the request needs, by the catalog's names."""
    needs = {
        _need(part)
        for message in request.turns
        if not isinstance(message.content, str)
        for part in message.parts
    }
    if request.tools:
        needs.add("tools")
    return frozenset(need for need in needs if need is not None)


def forces_a_tool(request: ParsedRequest) -> bool:
    """Return True if the model has to call a tool."""
    return request.choice not in (None, "auto", "none")


_NEEDS: tuple[Capability, ...] = ("tools", "vision", "documents", "audio")


def _need(part: Part) -> Capability | None:
    match part:
        case ImagePart():
            return "vision"
        case AudioPart():
            return "audio"
        case DocumentPart(media_type=media_type) | UploadedPart(media_type=media_type):
            # Any model can read a document that is text.
            kinds: dict[str, Capability | None] = {
                "image": "vision",
                "audio": "audio",
                "text": None,
            }
            return kinds.get(media_type.partition("/")[0], "documents")
    return None
