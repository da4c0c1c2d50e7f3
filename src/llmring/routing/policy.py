"""The policy of an alias: how its models are called, by its lockfile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.lockfile.document import ModelRef
from llmring.registry.cost_extras import NO_EXTRAS, CostExtras
from llmring.routing.account import Account, Budget
from llmring.routing.estimate import TokenEstimate, usd
from llmring.routing.fault_script import ScriptedFault

OnStreamFailure = Literal["continue", "restart", "raise"]
OnRefusal = Literal["fallback", "answer"]
Strategy = Literal["ordered", "weighted", "cheapest", "fastest"]
StreamCommit = Literal["first", "whole"]
CacheScope = Literal["key", "team", "all"]
ShownToolCalls = Literal["whole", "as_they_come"]

STALL_SECONDS = 15.0
FIRST_CONTENT_SECONDS = 120.0
# For a model without a fallback.
LAST_RETRIES = 2


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a lockfile for calls of an alias.

    Attributes:
        timeout: Seconds that a call may take, fallbacks included.
        stall_timeout: Seconds without a byte, and within a text without more of it, after which a
            stream has failed.
        first_content_timeout: Seconds after which a stream has failed that sends signs of life
            but no content: before its first content, while the model reasons, in an open tool
            call, and while a provider's own tool works.
        retries: Retries of a model before the next one is tried. None: no retries while another
            model is left, else `LAST_RETRIES`.
        hedge_after: Seconds without an answer after which the next model is tried as well, or
            "p95" for the 95th percentile of recent answers.
        on_stream_failure: The reaction to a stream that fails after a part of it was shown.
            None: "restart" if that part was only white space, else "continue".
        on_refusal: The reaction to an answer that a provider's policy has emptied: the next model
            of another provider, or this answer.
        strategy: The way the first model is chosen.
        weights: For "weighted": the weight of each model, in the order of the models or by
            reference.
        needs: Capabilities that each model must have.
        min_context: Tokens that the context of each model must hold.
        max_price_ratio: The highest price of a fallback, as a multiple of the first model's.
        max_cost_per_request: USD that a call may cost.
        daily_budget: USD that may be spent in a day.
        max_concurrency: Calls that may be in progress at the same time.
        rpm: Requests that may be sent in a minute.
        tpm: Tokens that may be used in a minute.
        faults: Scripted failures, in tests.
        mode: Whether calls are replayed or recorded, in tests.
        recordings: The folder of the recordings, relative to that of the lockfile.
        affinity: For the gateway: True if the turns of a conversation stay with the model that
            answered last.
        cache: For the gateway: how long an answer is kept, such as "1h".
        cache_scope: For the gateway: who is given the kept answers to the requests of a key.
        stream_commit: For the gateway: the point from which a stream is shown, or the number of
            characters after which it is.
        tool_calls: For the gateway: the way that the tool calls of a stream are shown.
    """

    timeout: float | None = None
    stall_timeout: float = STALL_SECONDS
    first_content_timeout: float = FIRST_CONTENT_SECONDS
    retries: int | None = None
    hedge_after: float | Literal["p95"] | None = None
    on_stream_failure: OnStreamFailure | None = None
    on_refusal: OnRefusal = "fallback"
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
    affinity: bool = True
    cache: str | None = None
    cache_scope: CacheScope = "key"
    stream_commit: StreamCommit | int = "first"
    tool_calls: ShownToolCalls = "whole"

    def weight(self, at: int, ref: ModelRef) -> float:
        """Return the weight of a model relative to the others.

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
    """Merge tables of a lockfile into a policy; later ones take precedence.

    Args:
        levels: The tables of the profile and of the binding; the keys of a table `policy` in
            one of them count as its own.
    """
    merged: dict[str, Any] = {}
    for level in levels:
        merged |= level.get("policy", {})
        merged |= {name: value for name, value in level.items() if name != "policy"}
    return msgspec.convert(merged, Policy) if merged else _USUAL


_USUAL = Policy()


class Rules(Struct, frozen=True, kw_only=True):
    """The limits of a call, and its estimated use of them.

    Attributes:
        policy: The limits.
        alias: The alias that is called.
        profile: The active profile.
        lockfile: The identity of the lockfile.
        estimate: The tokens that the request will take.
        accounts: What the call counts for, apart from its alias.
        group: On whose behalf it is made; groups whose calls wait take turns.
        queue: Most seconds that it may wait for its turn; None for as long as it may take.
        refuses_blind: True if it is refused while its limits can't be counted with the other
            machines.
        extras: What may cost more than its tokens.
    """

    policy: Policy
    alias: str
    profile: str
    lockfile: str
    estimate: TokenEstimate
    accounts: tuple[Account, ...] = ()
    group: str = ""
    queue: float | None = None
    refuses_blind: bool = False
    extras: CostExtras = NO_EXTRAS

    @property
    def key(self) -> str:
        """The key under which calls are counted together."""
        return "\n".join((self.lockfile, self.profile, self.alias))

    @property
    def account(self) -> Account:
        """The account of the alias."""
        policy, budget = self.policy, self.policy.daily_budget
        return Account(
            key=self.key,
            name=repr(self.alias),
            rpm=policy.rpm,
            tpm=policy.tpm,
            max_concurrency=policy.max_concurrency,
            budgets=() if budget is None else (Budget("day", usd(budget)),),
        )


def limits(policy: Policy) -> bool:
    """Return True if a policy has limits that calls are counted against."""
    return not (
        policy.daily_budget is None
        and policy.max_concurrency is None
        and policy.rpm is None
        and policy.tpm is None
    )


def weighs(policy: Policy) -> bool:
    """Return True if a policy reorders or filters the models of an alias by cost or strategy."""
    return not (
        policy.strategy == "ordered"
        and policy.daily_budget is None
        and policy.max_cost_per_request is None
        and policy.max_price_ratio is None
    )
