"""Where the calls of an alias go: what is the same for each of them while the lockfile is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from msgspec import Struct

from llmring.client import once
from llmring.lockfile.compose import Resolved
from llmring.lockfile.document import ModelRef
from llmring.routing import retired
from llmring.routing.policy import Policy
from llmring.routing.targets import Skip, Target

_log = logging.getLogger("llmring")

# An application that makes up names of models must not fill the memory with them.
_MOST = 1000

Key = tuple[str, str | None, str | None]


class Route(Struct, frozen=True):
    """Where the calls of an alias go.

    Attributes:
        found: What the alias stands for.
        policy: How its models are called.
        candidates: Its models, those that are retired last.
        stamp: The profile in force, and the digest of what the lockfile has pinned.
        pins: What the lockfile has pinned, by reference, as it is written.
        day: The day for which this holds.
    """

    found: Resolved
    policy: Policy
    candidates: Sequence[Target | Skip]
    stamp: tuple[str, str | None]
    pins: Mapping[str, Any]
    day: date

    def remark(self, ref: ModelRef, name: str | None) -> str | None:
        """What to say of the name under which a model has answered; the log has it too."""
        pin = self.pins.get(str(ref)) if self.pins else None
        remark = once.served().remark(ref, name, pin.get("snapshot") if pin else None)
        if remark is not None:
            _log.warning("%s %s", ref, remark)
        return remark


def route_of(
    found: Resolved,
    policy: Policy,
    candidates: Sequence[Target | Skip],
    stamp: tuple[str, str | None],
    pins: Mapping[str, Any],
    day: date,
) -> Route:
    """The route over these models; those that are retired are warned of, each once.

    The arguments are the attributes of `Route`; the candidates in the lockfile's order.
    """
    for each in candidates:
        if isinstance(each, Target) and retired.is_retired(each, day):
            once.warn(f"{each.ref} is retired", partial(retired.warning, each))
    return Route(found, policy, retired.retired_last(candidates, day), stamp, pins, day)


class Routes:
    """The routes that are worked out, for one reading of the lockfile.

    Args:
        reading: The reading, told from others by its identity.

    Attributes:
        reading: The same.
    """

    def __init__(self, reading: object) -> None:
        self.reading = reading
        self._routes: dict[Key, Route] = {}

    def get(self, key: Key, day: date) -> Route | None:
        """The route of a key, if it is worked out and holds on this day."""
        route = self._routes.get(key)
        return route if route is not None and route.day == day else None

    def keep(self, key: Key, route: Route) -> None:
        """Keep a route for the calls to come."""
        if len(self._routes) >= _MOST:
            self._routes.clear()
        self._routes[key] = route
