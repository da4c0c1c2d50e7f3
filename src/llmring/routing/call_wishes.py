"""The wishes of a caller for one call, which never allow more than the lockfile does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from llmring.dialects.rates.rate_limits import RateLimits
from llmring.exceptions import ProviderError
from llmring.ledger.call_origin import CallOrigin
from llmring.routing.account import Account
from llmring.routing.policy import Policy, Rules
from llmring.routing.targets import Skip, Target


class RequestTurn(Protocol):
    """The turn of one request, which ends with its outcome."""

    def report(self, limits: RateLimits) -> None:
        """Take the limits that the head of the reply reports."""

    def answered(self, tokens: int | None) -> None:
        """End the turn with an answer.

        Args:
            tokens: The tokens that it took, if known.
        """

    def limited(self, error: ProviderError) -> bool:
        """End the turn with a rate limit; return True if the request is worth another turn."""

    def end(self) -> None:
        """End the turn without such an outcome, unless it has ended."""


class CallPatience(Protocol):
    """Gives the requests of calls their turns, so that they keep within rate limits.

    A call that has patience does not fail by a rate limit: the same request is sent again when the
    model's turn comes.

    Attributes:
        most_wait: Most seconds to wait for a model that answers nothing.
    """

    most_wait: float

    async def turn(self, target: Target, tokens: int, *, limits: int) -> RequestTurn:
        """Wait until a request may be sent to a model.

        Args:
            target: The model.
            tokens: The tokens that the request may take.
            limits: How often it was sent and met a limit; with any, it comes before the others.
        """

    def ordered(self, candidates: Sequence[Target | Skip]) -> Sequence[Target | Skip]:
        """Return the models of a call in the order in which they are to be tried."""


class CallWishes(Struct, frozen=True, kw_only=True):
    """The wishes of a caller for one call.

    Attributes:
        prefer: The reference of the model to try first, if it can be called.
        max_cost: USD that the call may cost; None for no limit of its own.
        accounts: What the call counts for, apart from its alias.
        origin: Where the call comes from, if it was made by a gateway.
        queue: Most seconds that the call may wait for its turn; None for as long as it may take.
        refuses_blind: True if the call is refused while its limits can't be counted with the other
            machines.
        patience: Gives the call's requests their turns, if it waits for rate limits to end. Only
            for whole answers and embeddings.
    """

    prefer: str | None = None
    max_cost: float | None = None
    accounts: tuple[Account, ...] = ()
    origin: CallOrigin | None = None
    queue: float | None = None
    refuses_blind: bool = False
    patience: CallPatience | None = None

    def within(self, policy: Policy) -> Policy:
        """Return a policy with the stricter one of its own limits and the caller's."""
        own = policy.max_cost_per_request
        if self.max_cost is None or (own is not None and own <= self.max_cost):
            return policy
        return msgspec.structs.replace(policy, max_cost_per_request=self.max_cost)

    def at_leisure(self, policy: Policy) -> Policy:
        """Return the policy of a call that has patience: each model is asked once, in turn."""
        if self.patience is None:
            return policy
        return msgspec.structs.replace(policy, retries=0, hedge_after=None)

    @property
    def counts(self) -> bool:
        """True if the call counts for anything apart from its alias."""
        return any(each.is_limited for each in self.accounts)

    def added_to(self, rules: Rules) -> Rules:
        """Return the limits of a call with those that the caller's wishes add."""
        return msgspec.structs.replace(
            rules,
            accounts=self.accounts,
            group="" if self.origin is None else self.origin.key or "",
            queue=self.queue,
            refuses_blind=self.refuses_blind,
        )
