"""The order in which an alias's models are tried, by the strategy of its lockfile."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.registry.price import Unpriced
from llmring.routing.estimate import TokenEstimate
from llmring.routing.policy import Policy, Strategy
from llmring.routing.targets import Skip, Target

# The share of calls that begin with a model of unknown speed, to measure it.
EXPLORED = 0.1


class OrderInputs(Struct, frozen=True, kw_only=True):
    """The circumstances of a call that decide the order, in addition to the lockfile.

    Attributes:
        alias: The alias that is called.
        user: The user of the call, if the request names one.
        estimate: The tokens that the request will take.
        day: The day of the call, for prices.
        speed: Returns the typical time to a model's first content in seconds, if known.
        chance: Returns a random number from 0 up to 1.
    """

    alias: str
    user: str | None
    estimate: TokenEstimate
    day: date
    speed: Callable[[Target], float | None]
    chance: Callable[[], float]


class _WeightedTarget(Struct, frozen=True):
    """A model, and its weight relative to the others."""

    target: Target
    weight: float


_Order = Callable[[list[_WeightedTarget], OrderInputs], list[_WeightedTarget]]


def user_of(request: ParsedRequest) -> str | None:
    """Return the user that a request names in `metadata["user"]`."""
    user = (request.metadata or {}).get("user")
    return None if user is None or user == "" else str(user)


def ordered(
    candidates: Sequence[Target | Skip], policy: Policy, given: OrderInputs
) -> list[Target | Skip]:
    """Sort the models into the order in which they are tried.

    Models that can't be sent to come first, so that they appear among the attempts; the strategy
    does not choose from them.

    Args:
        candidates: The models of the binding, in its order.
        policy: The policy of the alias.
        given: The circumstances of the call.
    """
    if policy.strategy == "ordered":
        return list(candidates)
    entries = [
        _WeightedTarget(each, policy.weight(at, each.ref))
        for at, each in enumerate(candidates)
        if isinstance(each, Target)
    ]
    skipped = [each for each in candidates if isinstance(each, Skip)]
    chosen = _ORDERS[policy.strategy](entries, given)
    return [*skipped, *(entry.target for entry in chosen)]


def preferred_first(candidates: Sequence[Target | Skip], model: str) -> Sequence[Target | Skip]:
    """Return the candidates with this model first, if it can be called.

    Args:
        candidates: The models, in the order in which they would be tried.
        model: The reference of the model.
    """
    for at, each in enumerate(candidates):
        if isinstance(each, Target) and each.name == model:
            return [each, *candidates[:at], *candidates[at + 1 :]]
    return candidates


def _as_it_is(entries: list[_WeightedTarget], _: OrderInputs) -> list[_WeightedTarget]:
    return entries


def _weighted(entries: list[_WeightedTarget], given: OrderInputs) -> list[_WeightedTarget]:
    """Draw the first model by weight, the same for the same user; then the heaviest first.

    A model of weight 0 is never drawn.
    """
    weighed = [entry for entry in entries if entry.weight > 0]
    if not weighed:
        return entries
    first = _drawn(weighed, given.chance()) if given.user is None else _of_user(weighed, given)
    others = [entry for entry in entries if entry is not first]
    return [first, *sorted(others, key=lambda entry: -entry.weight)]


def _drawn(entries: list[_WeightedTarget], chance: float) -> _WeightedTarget:
    left = chance * sum(entry.weight for entry in entries)
    for entry in entries:
        left -= entry.weight
        if left < 0:
            return entry
    return entries[-1]


def _of_user(entries: list[_WeightedTarget], given: OrderInputs) -> _WeightedTarget:
    # Weighted rendezvous hashing: each model draws a number for the user by itself, and the
    # largest wins. A changed weight then moves users only to or from that model.
    # https://en.wikipedia.org/wiki/Rendezvous_hashing#Weighted_rendezvous_hash
    def score(entry: _WeightedTarget) -> float:
        named = "\0".join((given.alias, given.user or "", str(entry.target.ref)))
        digest = hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # 52 bits and half a step fit a float exactly, and are never 0 or 1.
        share = ((int.from_bytes(digest) >> 12) + 0.5) / 2**52
        return entry.weight / -math.log(share)

    return max(entries, key=score)


def _cheapest(entries: list[_WeightedTarget], given: OrderInputs) -> list[_WeightedTarget]:
    def price(entry: _WeightedTarget) -> tuple[bool, Decimal]:
        cost = given.estimate.cost(entry.target.facts, given.day)
        return (True, Decimal(0)) if isinstance(cost, Unpriced) else (False, cost)

    return sorted(entries, key=price)


def _fastest(entries: list[_WeightedTarget], given: OrderInputs) -> list[_WeightedTarget]:
    latencies = [(given.speed(entry.target), entry) for entry in entries]
    known = [(speed, entry) for speed, entry in latencies if speed is not None]
    unknown = [entry for speed, entry in latencies if speed is None]
    if not known:
        return entries
    fast = [entry for _, entry in sorted(known, key=lambda pair: pair[0])]
    if unknown and given.chance() < EXPLORED:
        return [unknown[0], *fast, *unknown[1:]]
    return [*fast, *unknown]


_ORDERS: Mapping[Strategy, _Order] = {
    "ordered": _as_it_is,
    "weighted": _weighted,
    "cheapest": _cheapest,
    "fastest": _fastest,
}
