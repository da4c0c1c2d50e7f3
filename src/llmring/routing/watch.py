"""What watches a call as it goes, for traces and metrics: the interface, and nobody."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from llmring.chat.response import LLMResponse
from llmring.exceptions import ProviderError
from llmring.routing.targets import Target


class AttemptWatch(Protocol):
    """Watches one attempt; `answered`, `failed` and `dropped` end it, and the first one counts."""

    def sending(self) -> AbstractContextManager[object]:
        """Around the opening of the request, so that what the HTTP library traces belongs to it."""

    def first(self) -> None:
        """The first piece of a streamed answer is shown."""

    def answered(self, reply: Callable[[], LLMResponse]) -> None:
        """It has answered.

        Args:
            reply: Gives the answer; called only where somebody watches.
        """

    def failed(self, error: ProviderError) -> None:
        """It has failed."""

    def dropped(self) -> None:
        """It was given up: another one was faster, or the caller has gone."""


class CallWatch(Protocol):
    """Watches a call, from before its first attempt to its end."""

    def attempt(self, target: Target) -> AttemptWatch:
        """A model is about to be asked."""

    def end(self, error: BaseException | None = None) -> None:
        """The call is over; attempts that have not ended are given up.

        Args:
            error: What the caller gets, where it is no answer.
        """


class _Nobody:
    """Watches nothing."""

    __slots__ = ()

    _NOTHING = nullcontext()

    def attempt(self, _target: Target) -> AttemptWatch:
        return self

    def end(self, error: BaseException | None = None) -> None:
        pass

    def sending(self) -> AbstractContextManager[object]:
        return self._NOTHING

    def first(self) -> None:
        pass

    def answered(self, reply: Callable[[], LLMResponse]) -> None:
        pass

    def failed(self, error: ProviderError) -> None:
        pass

    def dropped(self) -> None:
        pass


_nobody = _Nobody()

UNWATCHED: CallWatch = _nobody
UNWATCHED_ATTEMPT: AttemptWatch = _nobody
