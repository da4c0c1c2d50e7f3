"""Trying other models in place of an alias's own, on its recorded requests."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from llmring.audit.answer_shape import AnswerShape, differences, shape_of
from llmring.client.ring import LLMRing
from llmring.config.active_lockfile import ActiveLockfile
from llmring.exceptions import ProviderError, SchemaValidationError, ValidationError
from llmring.lockfile.compose import Resolved
from llmring.lockfile.document import ModelRef
from llmring.registry.price import Unpriced, cost_of
from llmring.replay.history import RecordedCalls, ReplayableCall, recorded

if TYPE_CHECKING:
    from llmring.chat.response import LLMResponse
    from llmring.config.lockfile_reading import LockfileReading
    from llmring.config.settings import Settings


# Calls at the same time; more would meet rate limits that the recorded calls did not.
MOST_AT_ONCE = 8


class TrialSide(Struct, frozen=True, kw_only=True):
    """The measures of an answer.

    Attributes:
        model: The reference that answered.
        ms: Milliseconds from the call to the end of the answer, if known.
        prompt_tokens: Tokens of the prompt, if known.
        completion_tokens: Tokens of the answer, if known.
        cost: USD at today's prices, if known.
        shape: The answer's shape.
    """

    model: str
    ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: Decimal | None
    shape: AnswerShape


class Comparison(Struct, frozen=True, kw_only=True):
    """A recorded call, made again.

    Attributes:
        recording: Name of its file.
        before: The recorded answer.
        after: The candidate's answer; None if it failed.
        failure: Why it failed.
        unlike: How the shape of its answer differs.
    """

    recording: str
    before: TrialSide
    after: TrialSide | None = None
    failure: str | None = None
    unlike: tuple[str, ...] = ()

    @property
    def is_alike(self) -> bool:
        """True if there is an answer of the same shape as the recorded one."""
        return self.after is not None and not self.unlike


class TrialRing(LLMRing):
    """A ring in which one alias has other models; the lockfile is not changed.

    The alias keeps its policy, including budgets. Nothing is played back or recorded.

    Args:
        lockfile_path: As for `LLMRing`.
        alias: The alias.
        models: The models to try.
        environ: As for `LLMRing`.
    """

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None,
        alias: str,
        models: Sequence[ModelRef],
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(lockfile_path, environ=environ)
        self._alias = alias
        self._bound = self._active_lockfile
        self._active_lockfile = _Rebound(
            lockfile_path, self._settings, environ, alias, tuple(models)
        )
        self._models = tuple(models)
        self._planner = self._planner_for(self._active_lockfile)

    def folder(self, profile: str | None) -> Path:
        """Return the folder of the profile's recordings."""
        policy = self._planner.policy(self._bound.look_up(self._alias, profile))
        return self._recordings(policy.recordings)

    def recorded(self, count: int, profile: str | None) -> RecordedCalls:
        """Return the last recorded calls of the alias.

        Args:
            count: Maximum number of calls.
            profile: The profile; None for the active one.
        """
        endpoints = self._active_lockfile.endpoints
        facts, day = self._active_lockfile.facts, self._settings.clock.today()
        return recorded(self.folder(profile), self._alias, count, endpoints, facts, day)

    def estimate(self, calls: Sequence[ReplayableCall]) -> Decimal | Unpriced:
        """Estimate the USD of making these calls again with the first model.

        Each call is taken to use the same number of tokens as before.
        """
        total = Decimal(0)
        facts = self._active_lockfile.facts(self._models[0])
        for call in calls:
            cost = cost_of(call.answer.usage, facts)
            if isinstance(cost, Unpriced):
                return cost
            total += cost
        return total

    def replay(self, calls: Sequence[ReplayableCall], profile: str | None) -> Iterator[Comparison]:
        """Make these calls again, some at the same time, and yield them in their order.

        Args:
            calls: The calls.
            profile: The profile; None for the active one.

        Raises:
            LimitExceededError: The budget does not allow it.
        """
        pool = ThreadPoolExecutor(MOST_AT_ONCE)
        try:
            yield from pool.map(self._again, calls, repeat(profile))
        finally:
            # After an interrupt or a budget, what has not begun is not sent.
            pool.shutdown(wait=False, cancel_futures=True)

    def _again(self, call: ReplayableCall, profile: str | None) -> Comparison:
        output = call.request.output()
        before = _side(call.answer, call.ms, shape_of(call.answer, output))
        # Repairs would hide what the model answers by itself.
        request = msgspec.structs.replace(call.request, model=self._alias, max_repairs=0)
        began = time.perf_counter()
        try:
            answer = self.chat(request, profile=profile).result()
        except SchemaValidationError as error:
            answer = error.response
        except (ProviderError, ValidationError, OSError) as error:
            return Comparison(recording=call.name, before=before, failure=str(error))
        shape = shape_of(answer, output)
        return Comparison(
            recording=call.name,
            before=before,
            after=_side(answer, (time.perf_counter() - began) * 1000, shape),
            unlike=tuple(differences(before.shape, shape)),
        )


class _Rebound(ActiveLockfile):
    """The aliases of a lockfile, one of them with other models."""

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None,
        settings: Settings,
        environ: Mapping[str, str] | None,
        alias: str,
        models: tuple[ModelRef, ...],
    ) -> None:
        super().__init__(lockfile_path, None, settings, environ)
        self._alias = alias
        self._models = models

    def look_up(
        self, name: str, profile: str | None, reading: LockfileReading | None = None
    ) -> Resolved:
        """Resolve a name."""
        found = super().look_up(name, profile, reading)
        if name != self._alias:
            return found
        # The lockfile's weights belong to its own models.
        unlike = {"mode": None, "faults": (), "weights": None, "strategy": "ordered"}
        return Resolved(self._models, name, (*found.policy, unlike))


def _side(answer: LLMResponse, ms: float | None, shape: AnswerShape) -> TrialSide:
    usage = answer.usage
    return TrialSide(
        model=answer.model,
        ms=ms,
        prompt_tokens=None if usage is None else usage.prompt_tokens,
        completion_tokens=None if usage is None else usage.completion_tokens,
        cost=None if answer.cost is None else Decimal(answer.cost),
        shape=shape,
    )
