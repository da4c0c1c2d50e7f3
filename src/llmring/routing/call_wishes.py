"""The wishes of a caller for one call, which never allow more than the lockfile does."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from llmring.ledger.call_origin import CallOrigin
from llmring.routing.account import Account
from llmring.routing.policy import Policy, Rules


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
    """

    prefer: str | None = None
    max_cost: float | None = None
    accounts: tuple[Account, ...] = ()
    origin: CallOrigin | None = None
    queue: float | None = None
    refuses_blind: bool = False

    def within(self, policy: Policy) -> Policy:
        """Return a policy with the stricter one of its own limits and the caller's."""
        own = policy.max_cost_per_request
        if self.max_cost is None or (own is not None and own <= self.max_cost):
            return policy
        return msgspec.structs.replace(policy, max_cost_per_request=self.max_cost)

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
