"""The status of the gateway: its lockfile, its aliases and the health of their models."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from llmring.exceptions import LLMRingError
from llmring.gateway.endpoints.health import usable_aliases
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.lookers import check_looker
from llmring.gateway.server_state import Gateway
from llmring.gateway.watching.log_lines import log_line
from llmring.gateway.watching.metric_families import (
    CIRCUIT_OPEN,
    CONFIG_STALE,
    INFLIGHT,
    LEDGER_PENDING,
    WORKERS,
    Family,
)
from llmring.gateway.watching.metric_store import SeriesRow

_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


class GatewayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a gateway.

    Attributes:
        version: The version of llmring.
        lockfile: The path of the lockfile.
        profile: The profile of requests that name none.
        lock: The digest of the lockfile.
        stale: True while the lockfile can't be used, so that the last good one stays in use.
        aliases: Each alias of the profile, with the first of its models that can be called.
        open_circuits: The models that calls skip in a process at least, as they have failed.
        workers: The processes that answer.
        inflight: The calls in progress.
        ledger_pending: The calls that are not yet written to the ledger.
    """

    version: str
    lockfile: str
    profile: str
    lock: str
    stale: bool
    aliases: dict[str, str | None]
    open_circuits: tuple[str, ...] = ()
    workers: int = 1
    inflight: int = 0
    ledger_pending: int = 0


async def answer_status(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with the status of all processes of the gateway.

    Raises:
        ForbiddenError: As for `check_looker`.
    """
    check_looker(gateway, request)
    return GatewayAnswer(headers=_HEADERS, body=log_line(status_of_gateway(gateway)))


def status_of_gateway(gateway: Gateway) -> GatewayStatus:
    """Return the status of all processes of a gateway.

    Args:
        gateway: The gateway.
    """
    from llmring import __version__

    ring = gateway.ring
    try:
        aliases = usable_aliases(gateway)
        profile = ring.callable_names(gateway.profile).profile
    except LLMRingError:
        aliases, profile = {}, gateway.profile or ""
    watching = gateway.watching
    rows = [] if watching is None else list(watching.records.metrics.rows())
    return GatewayStatus(
        version=__version__,
        lockfile=str(ring.lockfile_path),
        profile=profile,
        lock=gateway.digest.of(ring.lockfile),
        stale=bool(_sum(rows, CONFIG_STALE)),
        aliases=aliases,
        open_circuits=tuple(
            row.labels[0] for row in rows if row.family is CIRCUIT_OPEN and row.numbers[0]
        ),
        workers=_sum(rows, WORKERS),
        inflight=_sum(rows, INFLIGHT),
        ledger_pending=_sum(rows, LEDGER_PENDING),
    )


def _sum(rows: Iterable[SeriesRow], family: Family) -> int:
    return int(sum(row.numbers[0] for row in rows if row.family is family))
