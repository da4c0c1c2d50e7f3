"""The models that calls can name, with the facts that hold for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.lockfile.compose import Resolved
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.registry.catalog import Capability, ModelFacts
from llmring.routing.policy import Policy
from llmring.routing.selection.filters import capable, prompt_room
from llmring.routing.targets import Skip, Target

_ANY = ParsedRequest(turns=[Message("user", "…")])


class OfferedModel(Struct, frozen=True, kw_only=True):
    """A name that calls can give, and the facts that hold whichever of its models answers.

    Attributes:
        name: The alias, or "provider:model".
        models: The references of its models, in their order.
        first: The reference of the one that is tried first.
        context_window: Tokens of the longest prompt that all of its models take, if known.
        max_output: Tokens of the longest answer that all of its models give, if known.
        capabilities: The capabilities that at least one of its models has, if known.
        embeds: True if its models make embeddings, not answers.
    """

    name: str
    models: tuple[str, ...]
    first: str
    context_window: int | None = None
    max_output: int | None = None
    capabilities: frozenset[Capability] | None = None
    embeds: bool = False


def offered(
    name: str, found: Resolved, candidates: Sequence[Target | Skip], policy: Policy
) -> OfferedModel:
    """Return the facts about a name, by those of its models that calls can use.

    Args:
        name: The name.
        found: Its models.
        candidates: For each of its models, the target or the reason for skipping it.
        policy: Their policy.
    """
    usable = [each for each in capable(candidates, _ANY, policy) if isinstance(each, Target)]
    known = [each.facts for each in usable if each.facts is not None]
    return _offer(name, found.models, usable[0].ref if usable else found.models[0], known)


def offered_directly(
    known: Iterable[ModelFacts], endpoints: Mapping[str, Endpoint], day: date
) -> Iterator[OfferedModel]:
    """Yield the known models that can be called without an alias.

    Models of servers that need no key are left out, as such a server has only those that its owner
    has installed.

    Args:
        known: All known models.
        endpoints: Every provider by name.
        day: The day on which they are called.
    """
    for facts in known:
        endpoint = endpoints.get(facts.provider)
        retired = facts.retires is not None and facts.retires <= day
        if endpoint is None or not endpoint.key or not endpoint.usable or retired:
            continue
        ref = ModelRef(facts.provider, facts.name)
        yield _offer(str(ref), (ref,), ref, [facts])


def _offer(
    name: str, refs: tuple[ModelRef, ...], first: ModelRef, known: Sequence[ModelFacts]
) -> OfferedModel:
    able = [each.capabilities for each in known if each.capabilities]
    return OfferedModel(
        name=name,
        models=tuple(map(str, refs)),
        first=str(first),
        context_window=_least(known, prompt_room),
        max_output=_least(known, lambda facts: facts.max_output),
        capabilities=frozenset().union(*able) if able else None,
        embeds=bool(known) and all(each.kind == "embedding" for each in known),
    )


def _least(known: Sequence[ModelFacts], limit: Callable[[ModelFacts], int | None]) -> int | None:
    return min((most for each in known if (most := limit(each)) is not None), default=None)
