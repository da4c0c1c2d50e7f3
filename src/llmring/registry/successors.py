"""Replacements of models: the newest of a line that fits, and why newer ones do not.

A line leads from a model to newer ones of its family and to the successor that its provider
recommends, and on from these. Equal facts, lists and days always give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from llmring.lockfile.document import ModelRef
from llmring.lockfile.model_checks import NOTICE
from llmring.registry.catalog import Capability, ModelFacts
from llmring.registry.effective_facts import EffectiveFacts

# Capabilities that are only parameters of a request: for a model that does not accept them, a call
# leaves them out and warns.
_PARAMETERS: frozenset[Capability] = frozenset({"prefill", "reasoning_budget", "temperature"})
_PREVIEW = re.compile(r"(?:^|[-_.:@])(?:preview|exp|experimental|alpha|beta|rc\d*)(?:[-_.:@]|$)")
_DATED = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$")


class ReplacementRules(Struct, frozen=True):
    """The conditions for a replacement.

    Attributes:
        on: The day of the choice.
        allow_smaller: Whether the replacement may have a smaller context or fewer capabilities
            than the model it replaces.
        needs: Capabilities that it must have in any case.
        min_context: The smallest context window in any case, in tokens.
    """

    on: date
    allow_smaller: bool = False
    needs: Collection[str] = ()
    min_context: int = 0


class HeldBackModel(Struct, frozen=True):
    """A newer model that was rejected.

    Attributes:
        model: The model.
        why: The reason, as a predicate: "has no vision".
        smaller: Whether it would be accepted with `ReplacementRules.allow_smaller`.
    """

    model: ModelRef
    why: str
    smaller: bool = False


class Step(Struct, frozen=True):
    """The decision to replace or keep one model of a list.

    Attributes:
        ref: The model as the list names it.
        facts: The model's facts, if known.
        to: The replacement, as the list should name it; None if the model stays.
        to_facts: The replacement's facts.
        held: The rejected models that are newer still, newest first.
        why: The reason why the model stays, if it does.
    """

    ref: ModelRef
    facts: ModelFacts | None
    to: ModelRef | None = None
    to_facts: ModelFacts | None = None
    held: tuple[HeldBackModel, ...] = ()
    why: str = ""

    @property
    def is_unknown(self) -> bool:
        """True if too little is known of the model to find newer ones."""
        return self.facts is None or _is_alone(self.facts)


def steps(models: Sequence[ModelRef], known: EffectiveFacts, rules: ReplacementRules) -> list[Step]:
    """Decide for each model of a list whether a newer one replaces it.

    No replacement is a model that is already in the list: a fallback to an older model of the same
    family was chosen on purpose, and stays.

    Args:
        models: The models of an alias, best first.
        known: The known facts of all models.
        rules: The conditions for replacements.
    """
    found = []
    listed = {_identity(ref, known.facts(ref)) for ref in models}
    for ref in models:
        step = _step(ref, known, rules, listed)
        if step.to is not None:
            listed.add(_identity(step.to, step.to_facts))
        found.append(step)
    return found


def is_preview(name: str) -> bool:
    """Return True if a model's name marks it as a preview."""
    return _PREVIEW.search(name.lower()) is not None


def _step(
    ref: ModelRef,
    known: EffectiveFacts,
    rules: ReplacementRules,
    listed: Collection[tuple[str, str]],
) -> Step:
    facts = known.facts(ref)
    if facts is None:
        return Step(ref, None, why="it is in no catalog")
    if _is_alone(facts):
        return Step(ref, facts, why="its family is unknown")
    return _Search(ref, facts, known, rules, listed).step()


class _Search:
    """The search along a line, from a model to its replacement.

    Near models come first: each step goes to the newest that fits among the newer models of the
    family and the recommended successor. Models further on are considered only if none of these
    fits, since the newest of all may be another kind of model, at another price.
    """

    def __init__(
        self,
        ref: ModelRef,
        facts: ModelFacts,
        known: EffectiveFacts,
        rules: ReplacementRules,
        listed: Collection[tuple[str, str]],
    ) -> None:
        self._ref = ref
        self._facts = facts
        self._known = known
        self._rules = rules
        self._listed = listed
        self._seen = {facts.name}
        self._held: list[tuple[ModelFacts, HeldBackModel]] = []
        self._is_newest = True

    def step(self) -> Step:
        """Return the decision for the model."""
        last: ModelFacts | None = None
        while (found := self._next(last or self._facts)) is not None:
            last = found
        held = tuple(each for facts, each in self._held if last is None or _age(facts) > _age(last))
        if last is not None:
            return Step(self._ref, self._facts, self._named(last), last, held)
        if self._is_newest:
            why = "it is the newest of its line"
        else:
            why = "no newer model fits" if held else "the newer ones are in the list already"
        return Step(self._ref, self._facts, held=held, why=why)

    def _next(self, facts: ModelFacts) -> ModelFacts | None:
        """Return the nearest later model that fits; of equally near ones, the newest."""
        near = self._after(facts)
        while near:
            self._is_newest = False
            for other in sorted(near, key=_age, reverse=True):
                if self._fits(other):
                    return other
            near = [each for other in near for each in self._after(other)]
        return None

    def _after(self, facts: ModelFacts) -> list[ModelFacts]:
        """Return the models directly after one that have not been considered yet."""
        found = [
            each
            for each in self._known.models
            if each.provider == facts.provider and _is_newer(each, facts)
        ]
        advised = facts.successor and self._known.find(facts.provider, facts.successor)
        new = [
            each
            for each in (*found, *([advised] if advised else []))
            if each.name not in self._seen and each.kind == facts.kind
        ]
        self._seen |= {each.name for each in new}
        return new

    def _fits(self, other: ModelFacts) -> bool:
        new = self._named(other)
        if _identity(new, other) in self._listed:
            return False
        objection = next(_objections(self._facts, other, self._rules), None)
        if objection is None:
            return True
        anyhow = msgspec.structs.replace(self._rules, allow_smaller=True)
        smaller = not any(_objections(self._facts, other, anyhow))
        held = HeldBackModel(ModelRef(other.provider, other.name), objection, smaller)
        self._held.append((other, held))
        return False

    def _named(self, other: ModelFacts) -> ModelRef:
        return ModelRef(other.provider, _named_as(self._ref.model, other))


def _is_alone(facts: ModelFacts) -> bool:
    return facts.family is None and facts.successor is None


def _is_newer(one: ModelFacts, other: ModelFacts) -> bool:
    if one.family is None or one.family != other.family:
        return False
    return (
        one.released is not None and other.released is not None and (one.released > other.released)
    )


def _objections(facts: ModelFacts, other: ModelFacts, rules: ReplacementRules) -> Iterator[str]:
    """Yield the reasons not to replace one model by another."""
    if other.released is None:
        yield "has no known release date"
    elif other.released > rules.on:
        yield f"is not released until {other.released}"
    if other.retires is not None and other.retires <= rules.on:
        yield f"is retired since {other.retires}"
    if other.deprecated is not None and other.deprecated <= rules.on:
        yield f"is deprecated since {other.deprecated}"
    if other.retires is not None and other.retires - rules.on <= NOTICE:
        yield f"retires {other.retires}"
    if other.retires is not None and facts.retires is not None and other.retires < facts.retires:
        yield f"retires {other.retires}, before {facts.name}"
    if is_preview(other.name) and not is_preview(facts.name):
        yield "is a preview"
    yield from _lacks(facts, other, rules)


def _lacks(facts: ModelFacts, other: ModelFacts, rules: ReplacementRules) -> Iterator[str]:
    needs, context, output = {*rules.needs}, rules.min_context, 0
    if not rules.allow_smaller:
        needs |= facts.capabilities - _PARAMETERS
        context = max(context, facts.context_window or 0)
        output = facts.max_output or 0
    missing = sorted(needs - other.capabilities)
    if missing:
        yield f"has no {', no '.join(missing)}"
    sizes = (
        ("a context", other.context_window, context),
        ("an answer", other.max_output, output),
    )
    for noun, has, wanted in sizes:
        if wanted and has is None:
            yield f"has {noun} of unknown size"
        elif has is not None and has < wanted:
            yield f"has {noun} of {has:,} tokens, less than {wanted:,}"


def _named_as(model: str, other: ModelFacts) -> str:
    """Return the other model's name, a dated one if the first model is named by a dated one."""
    if not _DATED.search(model):
        return other.name
    dated = [
        (found[1].replace("-", ""), name)
        for name in (other.name, *other.aliases)
        if (found := _DATED.search(name))
    ]
    return max(dated)[1] if dated else other.name


def _identity(ref: ModelRef, facts: ModelFacts | None) -> tuple[str, str]:
    return (facts.provider, facts.name) if facts is not None else (ref.provider, ref.model)


def _age(facts: ModelFacts) -> tuple[date, list[int], str]:
    numbers = [int(digits) for digits in re.findall(r"\d+", facts.name)]
    return facts.released or date.min, numbers, facts.name
