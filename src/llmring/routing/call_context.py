"""The settings that all attempts of a call share."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import LLMRequest
from llmring.ledger.project import Stamp
from llmring.lockfile.document import ModelRef
from llmring.routing.call_wishes import CallPatience
from llmring.routing.observers import CallObserver
from llmring.routing.policy import Policy, Rules
from llmring.routing.refused_parameters import RefusedParameters
from llmring.routing.stream_resume import StreamProgress


def _nothing_unexpected(_ref: ModelRef, _name: str | None) -> None:
    """Return None: without a memory, no name is unexpected."""


class CallContext(Struct, frozen=True, kw_only=True):
    """The settings that all attempts of a call share.

    Attributes:
        policy: The policy of the alias.
        progress: The part of a streamed answer that has been shown.
        effects: Whether the request may have side effects that must not happen twice.
        rules: The limits that the call is counted against; None for no limits.
        observers: The observers of the call, in the order in which they are called.
        chance: Returns a random number from 0 up to 1.
        request: The request, if it is the application's own; recordings keep it.
        question: The request that answers are judged by; None if they are not answers to a chat.
        stamp: What the ledger's entry of the call repeats of the lockfile.
        refused: The parameters that models have refused.
        remark_on: Returns a remark if a provider reports an unexpected model; else None.
        until_content: Whether the call's deadline holds only until an answer's first content.
        checks_form: Whether an answer is checked for its form when its stream has ended.
        most_pauses: Seconds that the pauses of the call may take together; None for no limit.
        patience: Gives the call's requests their turns; None if they are sent at once.
        tokens: The tokens that its request may take, for their turns.
    """

    policy: Policy = Policy()
    progress: StreamProgress = msgspec.field(default_factory=StreamProgress)
    effects: bool = False
    rules: Rules | None = None
    observers: Sequence[CallObserver] = ()
    chance: Callable[[], float] = random.random
    request: LLMRequest | None = None
    question: ParsedRequest | None = None
    stamp: Stamp | None = None
    refused: RefusedParameters = msgspec.field(default_factory=RefusedParameters)
    remark_on: Callable[[ModelRef, str | None], str | None] = _nothing_unexpected
    until_content: bool = False
    checks_form: bool = False
    most_pauses: float | None = None
    patience: CallPatience | None = None
    tokens: int = 0
