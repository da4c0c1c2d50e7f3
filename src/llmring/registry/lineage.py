"""What replaces a model: the newest of its line that can do all it does, and why others can't.

A line goes from a model to the newer ones of its family, and to that which its provider advises
in its place, and on from these. The same facts, list and day always give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from llmring.lockfile.current import NOTICE
from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import Capability, ModelFacts
from llmring.registry.known import Known

# What a request may say, rather than what a model can do: a call leaves it out, and tells so,
# where a model does not take it.
_PARAMETERS: frozenset[Capability] = frozenset({"prefill", "reasoning_budget", "temperature"})
_PREVIEW = re.compile(r"(?:^|[-_.:@])(?:preview|exp|experimental|alpha|beta|rc\d*)(?:[-_.:@]|$)")
_DATED = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$")


class Terms(Struct, frozen=True):
    """What a replacement must keep to.

    Attributes:
        on: The day of the choice.
        allow_smaller: Whether it may have a smaller context or fewer capabilities than the model
            that it replaces.
        needs: Capabilities that it must have in any case.
        min_context: Tokens that its context must hold in any case.
    """

    on: date
    allow_smaller: bool = False
    needs: Collection[str] = ()
    min_context: int = 0


class Held(Struct, frozen=True):
    """A newer model that is not taken.

    Attributes:
        model: The model.
        why: What speaks against it, as the rest of a sentence about it: "has no vision".
        smaller: Whether it would be taken if it were allowed to be smaller.
    """

    model: ModelRef
    why: str
    smaller: bool = False


class Step(Struct, frozen=True):
    """What becomes of one model of a list.

    Attributes:
        ref: The model as the list names it.
        facts: What is known of it, if anything.
        to: What replaces it, as the list is to name it; None where it stays.
        to_facts: What is known of that.
        held: The models that are newer still, newest first, and why they are not taken.
        why: Why it stays, where it does.
    """

    ref: ModelRef
    facts: ModelFacts | None
    to: ModelRef | None = None
    to_facts: ModelFacts | None = None
    held: tuple[Held, ...] = ()
    why: str = ""

    @property
    def is_untold(self) -> bool:
        """Whether too little is known of the model to say if there is a newer one."""
        return self.facts is None or _is_alone(self.facts)


def steps(models: Sequence[ModelRef], known: Known, terms: Terms) -> list[Step]:
    """What becomes of each model of a list.

    No model gets into the list twice: a fallback to an older model of the same family was
    chosen as such, and stays.

    Args:
        models: The models of an alias, best first.
        known: What is known of models.
        terms: What replacements must keep to.
    """
    found = []
    listed = {_identity(ref, known.facts(ref)) for ref in models}
    for ref in models:
        step = _step(ref, known, terms, listed)
        if step.to is not None:
            listed.add(_identity(step.to, step.to_facts))
        found.append(step)
    return found


def is_preview(name: str) -> bool:
    """Whether a model's name says that it is not final yet."""
    return _PREVIEW.search(name.lower()) is not None


def _step(ref: ModelRef, known: Known, terms: Terms, listed: Collection[tuple[str, str]]) -> Step:
    facts = known.facts(ref)
    if facts is None:
        return Step(ref, None, why="no catalog knows it")
    if _is_alone(facts):
        return Step(ref, facts, why="no catalog says what family it is of")
    return _Search(ref, facts, known, terms, listed).step()


class _Search:
    """The way along a line, from one model to what replaces it.

    What is near comes first: from a model the way goes to the newest that fits among those of
    its family and those that its provider advises in its place, and from there on. Only where
    none of them fits are those looked at that come after them: what is newest of all may be
    another kind of model, at another price.
    """

    def __init__(
        self,
        ref: ModelRef,
        facts: ModelFacts,
        known: Known,
        terms: Terms,
        listed: Collection[tuple[str, str]],
    ) -> None:
        self._ref = ref
        self._facts = facts
        self._known = known
        self._terms = terms
        self._listed = listed
        self._seen = {facts.name}
        self._held: list[tuple[ModelFacts, Held]] = []
        self._is_newest = True

    def step(self) -> Step:
        """What becomes of the model."""
        last: ModelFacts | None = None
        while (found := self._next(last or self._facts)) is not None:
            last = found
        held = tuple(each for facts, each in self._held if last is None or _age(facts) > _age(last))
        if last is not None:
            return Step(self._ref, self._facts, self._named(last), last, held)
        if self._is_newest:
            why = "it is the newest of its line"
        else:
            why = "nothing newer fits" if held else "what is newer is in the list already"
        return Step(self._ref, self._facts, held=held, why=why)

    def _next(self, facts: ModelFacts) -> ModelFacts | None:
        """The nearest model after one that fits, the newest of those that are as near."""
        near = self._after(facts)
        while near:
            self._is_newest = False
            for other in sorted(near, key=_age, reverse=True):
                if self._fits(other):
                    return other
            near = [each for other in near for each in self._after(other)]
        return None

    def _after(self, facts: ModelFacts) -> list[ModelFacts]:
        """The models that come right after one, but for those that were looked at before."""
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
        objection = next(_objections(self._facts, other, self._terms), None)
        if objection is None:
            return True
        anyhow = msgspec.structs.replace(self._terms, allow_smaller=True)
        smaller = not any(_objections(self._facts, other, anyhow))
        held = Held(ModelRef(other.provider, other.name), objection, smaller)
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


def _objections(facts: ModelFacts, other: ModelFacts, terms: Terms) -> Iterator[str]:
    """What speaks against one model in the place of another."""
    if other.released is None:
        yield "has no known day of release"
    elif other.released > terms.on:
        yield f"is not out until {other.released}"
    if other.retires is not None and other.retires <= terms.on:
        yield f"is retired since {other.retires}"
    if other.deprecated is not None and other.deprecated <= terms.on:
        yield f"is deprecated since {other.deprecated}"
    if other.retires is not None and other.retires - terms.on <= NOTICE:
        yield f"retires {other.retires}"
    if other.retires is not None and facts.retires is not None and other.retires < facts.retires:
        yield f"retires {other.retires}, before {facts.name}"
    if is_preview(other.name) and not is_preview(facts.name):
        yield "is a preview"
    yield from _lacks(facts, other, terms)


def _lacks(facts: ModelFacts, other: ModelFacts, terms: Terms) -> Iterator[str]:
    needs, context, output = {*terms.needs}, terms.min_context, 0
    if not terms.allow_smaller:
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
    """A name of the other model: a dated one where the first is called by a dated one."""
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
