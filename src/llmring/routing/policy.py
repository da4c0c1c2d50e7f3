"""How the models of an alias are called, as its lockfile says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.lockfile.document import ModelRef
from llmring.routing.estimate import Load
from llmring.routing.fault_script import ScriptedFault

OnStreamFailure = Literal["continue", "restart", "raise"]
Strategy = Literal["ordered", "weighted", "cheapest", "fastest"]

STALL_SECONDS = 15.0
# Of a model that no other can stand in for.
LAST_RETRIES = 2


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the models of an alias are called; every figure is the lockfile's own.

    Attributes:
        timeout: Seconds that a call may take, fallbacks included.
        stall_timeout: Seconds without a byte after which a stream has failed.
        retries: How often a model is asked again before the next one is. None: never while
            another model is left, else `LAST_RETRIES` times.
        hedge_after: Seconds without an answer after which the next model is asked as well, or
            "p95" for the time within which 95 of 100 answers have come.
        on_stream_failure: What happens when an answer breaks off after a part of it was shown.
            None: "restart" where that part was but white space, else "continue".
        strategy: Which of the models is asked first.
        weights: For "weighted": how often each model comes first, relative to the others; in
            the order of the models, or by reference.
        needs: What each model must be able to do.
        min_context: Tokens that the context of each model must hold.
        max_price_ratio: How many times the price of the first model a fallback may cost.
        max_cost_per_request: USD that a call may cost.
        daily_budget: USD that may be spent in a day.
        max_concurrency: Calls that may be under way at the same time.
        rpm: Requests that may be sent in a minute.
        tpm: Tokens that may be used in a minute.
        faults: Failures to play, in tests.
        mode: Whether calls are played back, or recorded, in tests.
        recordings: Where the recordings are, relative to the folder of the lockfile.
    """

    timeout: float | None = None
    stall_timeout: float = STALL_SECONDS
    retries: int | None = None
    hedge_after: float | Literal["p95"] | None = None
    on_stream_failure: OnStreamFailure | None = None
    strategy: Strategy = "ordered"
    weights: Sequence[float] | Mapping[str, float] | None = None
    needs: tuple[str, ...] = ()
    min_context: int | None = None
    max_price_ratio: float | None = None
    max_cost_per_request: float | None = None
    daily_budget: float | None = None
    max_concurrency: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    faults: tuple[ScriptedFault, ...] = ()
    mode: Literal["replay", "record"] | None = None
    recordings: str | None = None

    def weight(self, at: int, ref: ModelRef) -> float:
        """How often a model comes first, relative to the others.

        Args:
            at: Its place in the binding, from 0.
            ref: The model.
        """
        if self.weights is None:
            return 1.0
        if isinstance(self.weights, Mapping):
            return float(self.weights.get(str(ref), 0))
        return float(self.weights[at]) if at < len(self.weights) else 0.0


def policy_of(*levels: Mapping[str, Any]) -> Policy:
    """The policy that these tables add up to: what a later one says holds.

    Args:
        levels: Those of the profile and of the binding, as they are written; a table `policy`
            in one stands for its keys.
    """
    merged: dict[str, Any] = {}
    for level in levels:
        merged |= level.get("policy", {})
        merged |= {name: value for name, value in level.items() if name != "policy"}
    return msgspec.convert(merged, Policy) if merged else _USUAL


_USUAL = Policy()


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
