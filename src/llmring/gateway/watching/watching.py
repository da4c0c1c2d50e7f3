"""All that one process records of its calls: metrics, the last calls, a log, and traces."""

from __future__ import annotations

import asyncio
import mmap
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.clock import SYSTEM
from llmring.gateway.watching import metric_store, recent_calls
from llmring.gateway.watching.call_metrics import CallMetrics
from llmring.gateway.watching.finish_call import CallEnd, finished_call
from llmring.gateway.watching.finished_call import FinishedCall
from llmring.gateway.watching.metric_families import BUILD_INFO
from llmring.gateway.watching.metric_store import MetricStore
from llmring.gateway.watching.recent_calls import RecentCalls
from llmring.gateway.watching.running_call import RunningCall, watch
from llmring.lockfile.document import Lockfile
from llmring.telemetry.attributes import present
from llmring.telemetry.server_trace import ServerCall

if TYPE_CHECKING:
    from llmring.gateway.served_ring import ServedRing
    from llmring.gateway.watching.access_log import AccessLog

# The calls that the only process of a gateway keeps.
_CALLS = 512
# A call is recorded within this time after its end.
_MOMENT_SECONDS = 0.05


class Records(Struct, frozen=True):
    """The memory of what is recorded, which several processes may share."""

    metrics: MetricStore
    calls: RecentCalls


def own_records() -> Records:
    """Return the memory of the only process of a gateway."""
    metrics = mmap.mmap(-1, metric_store.size_of(1))
    calls = mmap.mmap(-1, recent_calls.size_of(1, _CALLS))
    return Records(MetricStore(metrics), RecentCalls(calls, rows=_CALLS))


class Watching:
    """The records of one process.

    Args:
        ring: The ring that makes the calls.
        records: The memory of the records.
        log: The log, if one is kept.

    Attributes:
        records: The memory of the records.
        metrics: The metrics of this process.
        log: The log, if one is kept.
    """

    def __init__(self, ring: ServedRing, records: Records, log: AccessLog | None = None) -> None:
        from llmring import __version__

        self._ring = ring
        self._ended: list[tuple[RunningCall, CallEnd, bool]] = []
        self._known: tuple[Lockfile, frozenset[str]] | None = None
        self.records = records
        self.metrics = CallMetrics(records.metrics)
        self.log = log
        self.metrics.set(1, BUILD_INFO, __version__)

    def begin(
        self, method: str, operation: str, route: str, headers: Mapping[str, str]
    ) -> RunningCall:
        """Keep the facts of a call from now on, in the running task.

        Args:
            method: The method.
            operation: The kind of call, as of `RunningCall`.
            route: The path, as of `RunningCall`.
            headers: The headers.
        """
        call = RunningCall(
            at=SYSTEM.time_ns(),
            began=time.perf_counter(),
            operation=operation,
            route=route,
            on_named=self._enter if operation else None,
            trace=self._ring.server_trace(method, route, headers),
        )
        watch(call)
        return call

    def _enter(self, call: RunningCall) -> None:
        self.metrics.begin(call.alias or "")

    def end(self, call: RunningCall, end: CallEnd, *, with_keys: bool) -> None:
        """Record a call that has ended, at once or within a moment.

        Args:
            call: The facts of the call.
            end: Its end.
            with_keys: True to count by the names of keys too.
        """
        watch(None)
        if call.operation and call.profile is not None:
            self.metrics.end(call.alias or "")
        if call.trace is not None:
            # Its span is the current one of this task.
            call.trace.end(_traced(self._record(call, end, with_keys=with_keys)))
            return
        # Many at a time take half the processor time.
        if not self._ended:
            asyncio.get_running_loop().call_later(_MOMENT_SECONDS, self.flush)
        self._ended.append((call, end, with_keys))

    def flush(self) -> None:
        """Record the calls that have ended."""
        ended, self._ended = self._ended, []
        for call, end, with_keys in ended:
            self._record(call, end, with_keys=with_keys)

    def _record(self, call: RunningCall, end: CallEnd, *, with_keys: bool) -> FinishedCall:
        finished = finished_call(call, end)
        self.metrics.count(finished, self.known_models(), with_key=with_keys)
        self.records.calls.add(finished)
        if self.log is not None:
            self.log.write(finished)
        return finished

    def known_models(self) -> frozenset[str]:
        """Return the references of the models in the lockfile."""
        lockfile, known = self._ring.lockfile, self._known
        if known is None or known[0] is not lockfile:
            found = frozenset(
                str(ref)
                for profile in lockfile.profiles.values()
                for binding in profile.bindings.values()
                for ref in binding.models
            )
            self._known = known = lockfile, found
        return known[1]


def _traced(call: FinishedCall) -> ServerCall:
    """Return a call as its span has it."""
    is_cancelled = call.outcome == "cancelled"
    return ServerCall(
        seconds=call.ms / 1000,
        first=None if call.first_ms is None else call.first_ms / 1000,
        output_tokens=call.output_tokens,
        operation=call.operation,
        status=call.status,
        error="cancelled" if is_cancelled else call.error,
        asked=call.alias,
        served=None if call.model is None else call.model.partition(":")[2],
        more=present(
            {
                "llmring.wire": call.wire,
                "llmring.key": call.key,
                "llmring.lock": call.lock,
                "llmring.profile": call.profile,
                "llmring.relay": call.relay,
                "llmring.cache": call.cache,
            }
        ),
    )
