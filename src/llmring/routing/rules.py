"""What a call is held to."""

from __future__ import annotations

from msgspec import Struct

from llmring.routing.estimate import Load
from llmring.routing.policy import Policy


class Rules(Struct, frozen=True, kw_only=True):
    """The limits of a call, and what is counted against them.

    Attributes:
        policy: The limits.
        alias: What the call asks for.
        profile: The profile in force.
        lockfile: The path of the lockfile.
        load: The tokens that the request will take.
    """

    policy: Policy
    alias: str
    profile: str
    lockfile: str
    load: Load

    @property
    def key(self) -> str:
        """Whose calls are counted together."""
        return "\n".join((self.lockfile, self.profile, self.alias))


def limits(policy: Policy) -> bool:
    """Whether a policy limits calls, so that they are counted."""
    return not (
        policy.daily_budget is None
        and policy.max_concurrency is None
        and policy.rpm is None
        and policy.tpm is None
    )


def weighs(policy: Policy) -> bool:
    """Whether a policy chooses between the models of an alias."""
    return not (
        policy.strategy == "ordered"
        and policy.daily_budget is None
        and policy.max_cost_per_request is None
        and policy.max_price_ratio is None
    )
