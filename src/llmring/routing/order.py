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
from llmring.routing.estimate import Load
from llmring.routing.policy import Policy, Strategy
from llmring.routing.targets import Skip, Target

# The share of calls that begin with a model whose speed is not known, so that it becomes known.
EXPLORED = 0.1


class Circumstances(Struct, frozen=True, kw_only=True):
    """What the order goes by, beside the lockfile.

    Attributes:
        alias: What the call asks for.
        user: Whoever the call is for, if the request says so.
        load: The tokens that the request will take.
        day: The day of the call, for prices.
        speed: Gives the typical time to a model's first content in seconds, if it is known.
        chance: Gives a number from 0 up to 1.
    """

    alias: str
    user: str | None
    load: Load
    day: date
    speed: Callable[[Target], float | None]
    chance: Callable[[], float]


class _Entry(Struct, frozen=True):
    """A model, and how often it comes first, relative to the others."""

    target: Target
    weight: float


_Order = Callable[[list[_Entry], Circumstances], list[_Entry]]


def user_of(request: ParsedRequest) -> str | None:
    """Whoever a request is for, by its `metadata["user"]`."""
    user = (request.metadata or {}).get("user")
    return None if user is None or user == "" else str(user)


def ordered(
    candidates: Sequence[Target | Skip], policy: Policy, given: Circumstances
) -> list[Target | Skip]:
    """The models in the order in which they are to be tried.

    Those that can't be sent to come first, so that the answer tells of them: they are none of
    those that a strategy chooses from.

    Args:
        candidates: The models of the binding, in its order.
        policy: What the lockfile says.
        given: What else matters.
    """
    if policy.strategy == "ordered":
        return list(candidates)
    entries = [
        _Entry(each, policy.weight(at, each.ref))
        for at, each in enumerate(candidates)
        if isinstance(each, Target)
    ]
    skipped = [each for each in candidates if isinstance(each, Skip)]
    chosen = _ORDERS[policy.strategy](entries, given)
    return [*skipped, *(entry.target for entry in chosen)]


def _as_it_is(entries: list[_Entry], _: Circumstances) -> list[_Entry]:
    return entries


def _weighted(entries: list[_Entry], given: Circumstances) -> list[_Entry]:
    """One by its weight, the same for the same user; then the others, the heaviest first.

    Weight 0 is for a model that never comes first of itself.
    """
    weighed = [entry for entry in entries if entry.weight > 0]
    if not weighed:
        return entries
    first = _drawn(weighed, given.chance()) if given.user is None else _of_user(weighed, given)
    others = [entry for entry in entries if entry is not first]
    return [first, *sorted(others, key=lambda entry: -entry.weight)]


def _drawn(entries: list[_Entry], chance: float) -> _Entry:
    left = chance * sum(entry.weight for entry in entries)
    for entry in entries:
        left -= entry.weight
        if left < 0:
            return entry
    return entries[-1]


def _of_user(entries: list[_Entry], given: Circumstances) -> _Entry:
    # Weighted rendezvous hashing: each model draws a number for the user by itself, and the
    # largest wins. A changed weight then moves users only to or from that model.
    # https://en.wikipedia.org/wiki/Rendezvous_hashing#Weighted_rendezvous_hash
    def score(entry: _Entry) -> float:
        named = "\0".join((given.alias, given.user or "", str(entry.target.ref)))
        digest = hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # As many bits as a float holds with half a step, which keeps it off 0 and 1.
        share = ((int.from_bytes(digest) >> 12) + 0.5) / 2**52
        return entry.weight / -math.log(share)

    return max(entries, key=score)


def _cheapest(entries: list[_Entry], given: Circumstances) -> list[_Entry]:
    def price(entry: _Entry) -> tuple[bool, Decimal]:
        cost = given.load.cost(entry.target.facts, given.day)
        return (True, Decimal(0)) if isinstance(cost, Unpriced) else (False, cost)

    return sorted(entries, key=price)


def _fastest(entries: list[_Entry], given: Circumstances) -> list[_Entry]:
    speeds = [(given.speed(entry.target), entry) for entry in entries]
    known = [(speed, entry) for speed, entry in speeds if speed is not None]
    unknown = [entry for speed, entry in speeds if speed is None]
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
