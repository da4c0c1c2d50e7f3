"""The editing session of a lockfile: changes are proposed, applied with consent, and undone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.advisor.changes import Bind, Change, edit_of, profile_of, singles
from llmring.advisor.ranking import Availability
from llmring.config.settings import effective_facts_here, endpoints_for, read_settings
from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile import file, resolve
from llmring.lockfile.check import require_providers
from llmring.lockfile.document import Lockfile, ModelRef, parse, references
from llmring.lockfile.edit.starter import starter
from llmring.providers.endpoint import Endpoint
from llmring.providers.presets import PRESETS
from llmring.registry.catalog import ModelFacts
from llmring.registry.effective_facts import EffectiveFacts
from llmring.registry.price import price_tag

# Matches model names, but no sentences.
_NAME = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,99}", re.ASCII)


class Proposal(Struct, frozen=True):
    """A change that awaits consent.

    Attributes:
        change: The change.
        profile: The profile that it applies to.
        done: The change in words: "Added binding dev → openai:gpt-6-luna".
        diff: The change of the lockfile's text as a unified diff; empty if nothing changes.
        evidence: The facts about each bound model: prices, context, retirement.
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


class LockfileEditor:
    """A lockfile being edited in a conversation.

    Args:
        path: The lockfile; it may not exist yet.
        profile: The profile for changes that name none.
        known: The facts about models.
        endpoints: Every provider by name, with its key.
        day: Today.

    Attributes:
        path: The lockfile.
        profile: The profile for changes that name none.
        known: The facts about models.
        endpoints: Every provider by name.
        day: Today.
    """

    def __init__(
        self,
        path: Path,
        profile: str,
        known: EffectiveFacts,
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
        """The current text of the lockfile, or of a new one if it does not exist."""
        return file.read(self.path) if self.path.exists() else starter()

    @property
    def lockfile(self) -> Lockfile:
        """The current lockfile."""
        return parse(self.text, self.path)

    @property
    def done(self) -> list[str]:
        """The changes made in this conversation and not undone, in words."""
        return [each.proposal.done for each in self._applied]

    @property
    def diff(self) -> str:
        """A unified diff of the lockfile since the beginning of the conversation."""
        return _diff(self._first, self.text, self.path.name)

    def usable(self, provider: str) -> bool:
        """Return True if a provider can be called here: its key is set, or it needs none."""
        endpoint = self.endpoints.get(provider)
        return endpoint is not None and endpoint.usable

    def availability(self, provider: str) -> Availability:
        """Rank a provider by how likely the user can call it."""
        if self.usable(provider):
            return Availability.AT_HAND
        return Availability.ONE_OF_MANY if provider in PRESETS else Availability.KNOWN

    @property
    def models(self) -> Iterator[ModelFacts]:
        """The known models, without those whose names could contain prose."""
        return (facts for facts in self.known.models if is_name(str(facts)))

    def facts(self, model: str) -> ModelFacts | None:
        """Return the facts about a model by its reference, if known."""
        return self.known.facts(ModelRef.parse(model))

    def propose(self, change: Change) -> Proposal:
        """Prepare a change without writing anything.

        Raises:
            LLMRingError: The change is invalid, or names something that does not exist.
        """
        for each in singles(change):
            if isinstance(each, Bind):
                require_providers(references(each.models), self.endpoints)
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
            LockfileError: The file can't be written.
            ConfigurationError: The lockfile was edited since, so the change is no longer possible
                or would differ from the proposal.
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
                    f"{self.path} was edited meanwhile, so the change would differ from the one "
                    "shown; request it again"
                )
            return after

        if file.update(self.path, edit, new=starter()):
            self._applied.append(_Applied(proposal, texts[0], texts[1], existed))

    def undo(self) -> Proposal:
        """Undo the last change and return it.

        Raises:
            ConfigurationError: Nothing was changed.
            LockfileError: The file was edited since by someone else.
        """
        if not self._applied:
            raise ConfigurationError("nothing to undo: no change was made yet")
        last = self._applied[-1]

        def back(text: str) -> str:
            if text != last.after:
                raise LockfileError(
                    "was edited since by someone else; undo the change by hand",
                    path=self.path,
                )
            return last.before

        file.update(self.path, back)
        if not last.existed:
            self.path.unlink()
        self._applied.pop()
        return last.proposal

    def aliases(self, profile: str | None = None) -> dict[str, list[str]]:
        """Return the models of each alias of a profile; empty if the profile does not exist."""
        lockfile = self.lockfile
        name = profile or self.profile
        if name not in lockfile.profiles:
            return {}
        found = resolve.bindings(lockfile, name)
        return {alias: [str(ref) for ref in binding.models] for alias, binding in found.items()}

    def _evidence(self, change: Change) -> Iterator[str]:
        bound = [
            ref
            for each in singles(change)
            if isinstance(each, Bind)
            for ref in references(each.models)
        ]
        for ref in dict.fromkeys(bound):
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
                words.append("no key is set for it here")
            yield f"{ref}: {'; '.join(words)}"


def _diff(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, name, n=2, lineterm=""
    )
    return "\n".join(lines)


def _changed_lines(diff: str) -> list[str]:
    """Return the removed and added lines of a diff, without their positions."""
    return [line for line in diff.split("\n")[2:] if line.startswith(("-", "+"))]


def is_name(text: str) -> bool:
    """Return True if the text can only be the name of a model.

    Catalog text is untrusted: it reaches a model only if it can't contain instructions.
    """
    return _NAME.fullmatch(text) is not None


def to_json(proposal: Proposal) -> dict[str, object]:
    """Convert a proposal to JSON-compatible data."""
    return {
        "done": proposal.done,
        "profile": proposal.profile,
        "diff": proposal.diff,
        "evidence": proposal.evidence,
        "change": msgspec.to_builtins(proposal.change),
    }


def editor_for(path: Path, profile: str) -> LockfileEditor:
    """Build the editor of a lockfile, with the models and keys known on this machine.

    Args:
        path: The lockfile; it need not exist.
        profile: The profile to edit.

    Raises:
        LockfileError: The file can't be read.
    """
    lockfile = parse(file.read(path), path) if path.exists() else Lockfile()
    settings = read_settings()
    endpoints = endpoints_for(lockfile, settings)
    return LockfileEditor(
        path, profile, effective_facts_here(lockfile), endpoints, settings.clock.today()
    )
