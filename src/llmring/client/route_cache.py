"""Routes: the part of a plan that all calls of an alias share until the lockfile changes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.client import warn_once
from llmring.ledger.project import Stamp
from llmring.lockfile.compose import Resolved
from llmring.lockfile.document import ModelRef
from llmring.redaction import one_line
from llmring.routing.policy import Policy, limits, weighs
from llmring.routing.selection.filters import is_retired, retired_last, warning
from llmring.routing.selection.shape import ModelsByShape
from llmring.routing.targets import Skip, Target

if TYPE_CHECKING:
    from llmring.config.lockfile_reading import LockfileReading

_log = logging.getLogger("llmring")

# An application that generates model names must not fill the memory with routes.
_MOST = 1000

Key = tuple[str, str | None, str | None]


class Route(Struct, frozen=True):
    """The route of the calls of an alias.

    Attributes:
        found: The models that the alias resolves to.
        policy: How its models are called.
        stamp: What the ledger's entries of the calls repeat of the lockfile.
        reading: The reading of the lockfile that it was built from.
        day: The day for which the route is valid.
        is_weighed: True if its calls are limited, or a strategy orders its models.
        models: Its models, retired ones last.
    """

    found: Resolved
    policy: Policy
    stamp: Stamp
    reading: LockfileReading
    day: date
    is_weighed: bool
    models: ModelsByShape

    def remark(self, ref: ModelRef, name: str | None) -> str | None:
        """Return a remark on the name under which a model answered; log it if it is new."""
        pins = self.reading.lockfile.registry.get("pins")
        pin = pins.get(str(ref)) if pins else None
        remark = warn_once.served_models().remark(ref, name, pin.get("snapshot") if pin else None)
        if remark is not None:
            _log.warning("%s %s", ref, one_line(remark))
        return remark


def route_of(
    found: Resolved,
    policy: Policy,
    candidates: Sequence[Target | Skip],
    stamp: Stamp,
    reading: LockfileReading,
    day: date,
) -> Route:
    """Build the route over these models; warn once of each that is retired.

    The arguments are the attributes of `Route`, with the models in the lockfile's order.
    """
    for each in candidates:
        if isinstance(each, Target) and is_retired(each, day):
            warn_once.warn(f"{each.ref} is retired", partial(warning, each))
    in_order = retired_last(candidates, day)
    is_weighed = limits(policy) or weighs(policy)
    models = ModelsByShape(in_order, policy)
    return Route(found, policy, stamp, reading, day, is_weighed, models)


class Routes(dict[Key, Route]):
    """The routes built for one reading of the lockfile.

    Args:
        reading: The reading, compared by identity.

    Attributes:
        reading: The same.
    """

    def __init__(self, reading: object) -> None:
        super().__init__()
        self.reading = reading

    def keep(self, key: Key, route: Route) -> None:
        """Keep a route for later calls."""
        if len(self) >= _MOST:
            self.clear()
        self[key] = route
