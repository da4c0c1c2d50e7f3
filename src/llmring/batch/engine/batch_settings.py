"""The settings of a batch: how its rows are sent, and when it stops."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

# Requests in flight to one model.
CONCURRENCY = 256
TRIES = 5
# Seconds for the rows in flight after a signal.
GRACE_SECONDS = 10.0


class BatchSettings(Struct, frozen=True, kw_only=True):
    """The settings of a batch.

    Attributes:
        alias: The alias or model of all rows; None if rows name their own.
        profile: The profile of the lockfile; None for the usual choice.
        concurrency: The most requests in flight to one model.
        tries: How many rounds over the models of its alias a row gets.
        max_cost: USD that the job may cost in all its runs; None for no limit.
        allow_unknown_cost: True if models without a price may be called in spite of `max_cost`.
        max_failed: Failed rows at which the job stops; None for no such number.
        max_failed_share: Share of failed rows, from 0 to 1, at which the job stops; None for none.
        waits_for_budget: True if the job waits for the next day when `daily_budget` is used up.
        on_limit: What a row does at a rate limit: wait, or go on to the next model of its alias.
        dedupe: True if equal requests are asked once.
        cache_system: True if the system prompt is marked for the provider's cache.
        grace: Seconds for the rows in flight after the job was asked to stop.
        retry_seconds: The longest pause before the second round of a row; it doubles each round.
    """

    alias: str | None = None
    profile: str | None = None
    concurrency: int = CONCURRENCY
    tries: int = TRIES
    max_cost: Decimal | None = None
    allow_unknown_cost: bool = False
    max_failed: int | None = None
    max_failed_share: float | None = None
    waits_for_budget: bool = False
    on_limit: Literal["wait", "spill"] = "wait"
    dedupe: bool = False
    cache_system: bool = False
    grace: float = GRACE_SECONDS
    retry_seconds: float = 1.0
