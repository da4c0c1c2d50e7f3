"""The lockfile on the advisor's desk: changes proposed, applied with consent, and taken back."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.advisor.changes import Bind, Change, edit_of, profile_of
from llmring.advisor.ranking import Standing
from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile import file, resolve
from llmring.lockfile.check import require_providers
from llmring.lockfile.document import Lockfile, ModelRef, parse, references
from llmring.lockfile.starter import starter
from llmring.presets import PRESETS
from llmring.registry.catalog import ModelFacts
from llmring.registry.known import Known
from llmring.registry.price import price_tag
from llmring.routing.targets import Endpoint

# What providers call models; a sentence is none.
_NAME = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,99}", re.ASCII)


class Proposal(Struct, frozen=True):
    """A change that waits for consent.

    Attributes:
        change: The change.
        profile: The profile that it is about.
        done: What it does, in words: "Added binding dev → openai:gpt-4o-mini".
        diff: How the text of the lockfile changes, as a unified diff; empty where it does not.
        evidence: For each model that is bound, what is known of it: prices, context, retirement.
    """

    change: Change
    profile: str
    done: str
    diff: str
    evidence: tuple[str, ...] = ()


class _Applied(Struct, frozen=True):
    proposal: Proposal
    before: str
    after: str
    existed: bool


class Desk:
    """A lockfile being edited in conversation.

    Args:
        path: The lockfile; it need not exist yet.
        profile: The profile that is meant where a change names none.
        known: What is known of models.
        endpoints: Every provider by name, with its key.
        day: Today.

    Attributes:
        path: The lockfile.
        profile: The profile that is meant where a change names none.
        known: What is known of models.
        endpoints: Every provider by name.
        day: Today.
    """

    def __init__(
        self,
        path: Path,
        profile: str,
        known: Known,
        endpoints: Mapping[str, Endpoint],
        day: date,
    ) -> None:
        self.path = path
        self.profile = profile
        self.known = known
        self.endpoints = endpoints
        self.day = day
        self._applied: list[_Applied] = []
        self._first = self.text

    @property
    def text(self) -> str:
        """The text of the lockfile as it is now; where there is none, that of a new one."""
        return file.read(self.path) if self.path.exists() else starter()

    @property
    def lockfile(self) -> Lockfile:
        """The lockfile as it is now."""
        return parse(self.text, self.path)

    @property
    def done(self) -> list[str]:
        """What was changed in this conversation and not taken back, in words."""
        return [each.proposal.done for each in self._applied]

    @property
    def diff(self) -> str:
        """How the lockfile differs from what it was at the beginning."""
        return _diff(self._first, self.text, self.path.name)

    def usable(self, provider: str) -> bool:
        """Whether calls to a provider can be made here: its key is set, or it needs none."""
        endpoint = self.endpoints.get(provider)
        return endpoint is not None and endpoint.usable

    def standing(self, provider: str) -> Standing:
        """How near at hand a provider is."""
        if self.usable(provider):
            return Standing.AT_HAND
        return Standing.ONE_OF_MANY if provider in PRESETS else Standing.KNOWN

    @property
    def models(self) -> Iterator[ModelFacts]:
        """The known models; what could be more than a name is none of them."""
        return (facts for facts in self.known.models if is_name(str(facts)))

    def facts(self, model: str) -> ModelFacts | None:
        """What is known of a model by its reference."""
        return self.known.facts(ModelRef.parse(model))

    def propose(self, change: Change) -> Proposal:
        """What a change would do; nothing is written.

        Raises:
            LLMRingError: It can't be done, or names what does not exist.
        """
        if isinstance(change, Bind):
            require_providers(references(change.models), self.endpoints)
        before = self.text
        parse(before, self.path)
        profile = profile_of(change, self.profile)
        after = edit_of(change, profile, self.day.isoformat())(before)
        return Proposal(
            change,
            profile,
            change.done(before, profile),
            _diff(before, after, self.path.name),
            tuple(self._evidence(change)),
        )

    def apply(self, proposal: Proposal) -> None:
        """Write a proposed change into the lockfile.

        Raises:
            LockfileError: It can't be written.
            ConfigurationError: Somebody has changed the lockfile, so that the change would now
                be another one than was proposed, or can't be made.
        """
        change = edit_of(proposal.change, proposal.profile, self.day.isoformat())
        existed = self.path.exists()
        texts: list[str] = []

        def edit(before: str) -> str:
            after = change(before)
            texts[:] = [before, after]
            if _changed_lines(_diff(before, after, self.path.name)) != _changed_lines(
                proposal.diff
            ):
                raise ConfigurationError(
                    f"{self.path} was changed meanwhile, and this would now do something else "
                    "than was shown; ask for it again"
                )
            return after

        if file.update(self.path, edit, new=starter()):
            self._applied.append(_Applied(proposal, texts[0], texts[1], existed))

    def undo(self) -> Proposal:
        """Take the last change back; gives what it was.

        Raises:
            ConfigurationError: Nothing was changed.
            LockfileError: Somebody else has changed the file since.
        """
        if not self._applied:
            raise ConfigurationError("nothing was changed yet, so there is nothing to take back")
        last = self._applied[-1]

        def back(text: str) -> str:
            if text != last.after:
                raise LockfileError(
                    "was changed by somebody else since; take the change back by hand",
                    path=self.path,
                )
            return last.before

        file.update(self.path, back)
        if not last.existed:
            self.path.unlink()
        self._applied.pop()
        return last.proposal

    def aliases(self, profile: str | None = None) -> dict[str, list[str]]:
        """The aliases of a profile with their models; none where there is no such profile yet."""
        lockfile = self.lockfile
        name = profile or self.profile
        if name not in lockfile.profiles:
            return {}
        found = resolve.bindings(lockfile, name)
        return {alias: [str(ref) for ref in binding.models] for alias, binding in found.items()}

    def _evidence(self, change: Change) -> Iterator[str]:
        if not isinstance(change, Bind):
            return
        for ref in references(change.models):
            facts = self.known.facts(ref)
            if facts is None:
                yield f"{ref}: not in the catalog; price unknown"
                continue
            prices = facts.prices_on(self.day)
            words = [price_tag(prices) if prices else "price unknown"]
            if facts.context_window:
                words.append(f"context of {facts.context_window:,} tokens")
            if facts.retires is not None:
                words.append(f"retires {facts.retires}")
            if not self.usable(ref.provider):
                words.append("its key is not set here")
            yield f"{ref}: {'; '.join(words)}"


def _diff(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, name, n=2, lineterm=""
    )
    return "\n".join(lines)


def _changed_lines(diff: str) -> list[str]:
    """The lines that a diff takes away and adds, wherever they are."""
    return [line for line in diff.split("\n")[2:] if line.startswith(("-", "+"))]


def is_name(text: str) -> bool:
    """Whether this could be the name of a model, and nothing more.

    A catalog's text may be anybody's; what is told to a model must not be able to speak to it.
    """
    return _NAME.fullmatch(text) is not None


def plain(proposal: Proposal) -> dict[str, object]:
    """A proposal for programs."""
    return {
        "done": proposal.done,
        "profile": proposal.profile,
        "diff": proposal.diff,
        "evidence": proposal.evidence,
        "change": msgspec.to_builtins(proposal.change),
    }
