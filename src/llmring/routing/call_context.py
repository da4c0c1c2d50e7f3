"""On what terms the models of a call are asked."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from llmring.chat.request import LLMRequest
from llmring.lockfile.document import ModelRef
from llmring.routing.observers import CallObserver
from llmring.routing.policy import Policy, Rules
from llmring.routing.stream_resume import Shown


def _expected(_ref: ModelRef, _name: str | None) -> None:
    """Find nothing unexpected, as nothing is remembered."""


class Terms(Struct, frozen=True, kw_only=True):
    """The terms on which the models of a call are asked.

    Attributes:
        policy: The policy of the alias.
        shown: What of a streamed answer the reader has.
        effects: Whether answering may do something in the world that must not happen twice.
        rules: The limits that the call is counted against; None for no limits.
        observers: Those who follow the call, in the order in which they are called.
        chance: Gives a number from 0 up to 1.
        asked: The request, where it is the application's own; recordings keep it.
        stamp: The active profile, and the digest of what its lockfile has pinned.
        served: Gives a remark where the name under which a model has answered is unexpected.
    """

    policy: Policy = Policy()
    shown: Shown = msgspec.field(default_factory=Shown)
    effects: bool = False
    rules: Rules | None = None
    observers: Sequence[CallObserver] = ()
    chance: Callable[[], float] = random.random
    asked: LLMRequest | None = None
    stamp: tuple[str, str | None] | None = None
    served: Callable[[ModelRef, str | None], str | None] = _expected
