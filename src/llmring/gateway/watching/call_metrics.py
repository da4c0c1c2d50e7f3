"""The counting of calls.

A call that ends is counted in some microseconds: each number is found by a look into a dictionary.
"""

from __future__ import annotations

from bisect import bisect_left

from llmring.gateway.watching import metric_families as families
from llmring.gateway.watching.finished_call import FinishedAttempt, FinishedCall
from llmring.gateway.watching.metric_families import OTHER, Family
from llmring.gateway.watching.metric_store import MetricStore
from llmring.telemetry.attributes import PROVIDER_NAMES

_CACHE_RESULTS = frozenset({"hit", "miss", "shared", "bypass"})


class CallMetrics:
    """The metrics of one process.

    Args:
        store: The numbers.

    Attributes:
        own: The numbers of this process, as of `MetricStore`.
    """

    def __init__(self, store: MetricStore) -> None:
        self._store = store
        self.own = store.own
        self._places: dict[tuple[str, ...], int] = {}
        self._inflight: dict[str, _Numbers] = {}
        self._of_calls: dict[tuple[str, ...], _CallNumbers] = {}
        self._of_attempts: dict[tuple[str, ...], _AttemptNumbers] = {}

    def begin(self, alias: str) -> None:
        """Count a call in progress."""
        self._in_progress(alias).add(1)

    def end(self, alias: str) -> None:
        """Count a call in progress no longer."""
        self._in_progress(alias).add(-1)

    def _in_progress(self, alias: str) -> _Numbers:
        found = self._inflight.get(alias)
        if found is None:
            found = self._inflight[alias] = _Numbers(self, families.INFLIGHT, alias)
        return found

    def add(self, amount: float, family: Family, *labels: str) -> None:
        """Add to a counter or a gauge.

        Args:
            amount: The amount.
            family: The metric.
            labels: The values of its labels.
        """
        place = self.place(family, labels)
        if place >= 0:
            self.own[place] += amount

    def set(self, value: float, family: Family, *labels: str) -> None:
        """Set a gauge; arguments as for `add`."""
        place = self.place(family, labels)
        if place >= 0:
            self.own[place] = value

    def observe(self, value: float, family: Family, *labels: str) -> None:
        """Add a value to a histogram; arguments as for `add`."""
        _Numbers(self, family, *labels).observe(value)

    def count(self, call: FinishedCall, known: frozenset[str], *, with_key: bool) -> None:
        """Count a call that has ended.

        Args:
            call: The call.
            known: The references of the models in the lockfile; others become `OTHER`.
            with_key: True to count by the names of keys too.
        """
        alias, profile = call.alias or "", call.profile or ""
        key = (call.key or "") if with_key else ""
        error, team = call.error or "", call.team or ""
        same = (call.wire, call.operation, alias, profile, call.outcome, error, team, key)
        numbers = self._of_calls.get(same)
        if numbers is None:
            numbers = self._of_calls[same] = _CallNumbers(self, call, key)
        numbers.requests.add(1)
        if call.cost is not None and (cost := float(call.cost)):
            numbers.cost.add(cost)
        if call.overhead_ms is not None:
            numbers.overhead.observe(call.overhead_ms / 1000)
        if call.operation:
            numbers.measure(call)
        for each in call.attempts:
            self._count_attempt(each, alias, call.operation, known)
        self._count_rare(call, alias, known)

    def _count_rare(self, call: FinishedCall, alias: str, known: frozenset[str]) -> None:
        """Count what few calls have."""
        if call.cost_unknown is not None:
            self.add(1, families.COST_UNKNOWN, call.cost_unknown)
        if call.limit is not None:
            self.add(1, families.REFUSALS, call.limit)
        if call.cache is not None:
            self.add(1, families.CACHE, call.cache if call.cache in _CACHE_RESULTS else OTHER)
        if call.outcome == "cancelled":
            self.add(1, families.CLIENT_GONE)
        for failover in call.failovers:
            failed = failover.failed if failover.failed in known else OTHER
            successor = failover.successor if failover.successor in known else OTHER
            self.add(1, families.FAILOVERS, alias, failed, successor, failover.where)

    def _count_attempt(
        self, attempt: FinishedAttempt, alias: str, operation: str, known: frozenset[str]
    ) -> None:
        model = attempt.model if attempt.model in known else OTHER
        same = (alias, operation, model, attempt.outcome, attempt.reason or "")
        numbers = self._of_attempts.get(same)
        if numbers is None:
            numbers = self._of_attempts[same] = _AttemptNumbers(self, *same)
        numbers.attempts.add(1)
        if attempt.outcome == "skipped":
            return
        numbers.duration.observe(attempt.ms / 1000)
        if attempt.first_ms is not None:
            numbers.first_chunk.observe(attempt.first_ms / 1000)
        if attempt.chunks is not None and attempt.chunk_ms is not None:
            numbers.per_chunk.observe(attempt.chunk_ms / 1000, attempt.chunks)
        if attempt.input_tokens is not None:
            numbers.input.add(attempt.input_tokens)
            numbers.input_use.observe(attempt.input_tokens)
        if attempt.output_tokens is not None:
            numbers.output.add(attempt.output_tokens)
            numbers.output_use.observe(attempt.output_tokens)

    def place(self, family: Family, labels: tuple[str, ...]) -> int:
        """Return the place of a set of labels; -1 if it has none.

        Args:
            family: The metric.
            labels: The values of its labels.
        """
        key = (family.name, *labels)
        place = self._places.get(key)
        if place is None:
            found = self._store.find(family, labels)
            place = -1 if found is None else found
            # Names that clients make up can't fill it: only those of the lockfile and of keys come.
            self._places[key] = place
        return place


class _Numbers:
    """The numbers of a set of labels, whose place is looked for when they are first needed."""

    __slots__ = ("_buckets", "_family", "_labels", "_metrics", "_own", "_place")

    def __init__(self, metrics: CallMetrics, family: Family, *labels: str) -> None:
        self._metrics = metrics
        self._own = metrics.own
        self._family = family
        self._buckets = family.buckets
        self._labels = labels
        self._place: int | None = None

    def _find(self) -> int:
        self._place = place = self._metrics.place(self._family, self._labels)
        return place

    def add(self, amount: float) -> None:
        place = self._place
        if place is None:
            place = self._find()
        if place >= 0:
            self._own[place] += amount

    def observe(self, value: float, times: int = 1) -> None:
        place = self._place
        if place is None:
            place = self._find()
        if place >= 0:
            own, buckets = self._own, self._buckets
            own[place + bisect_left(buckets, value)] += times
            own[place + len(buckets) + 1] += value * times


class _CallNumbers:
    """The numbers of all calls that are alike."""

    def __init__(self, metrics: CallMetrics, call: FinishedCall, key: str) -> None:
        alias, profile = call.alias or "", call.profile or ""
        self.requests = _Numbers(
            metrics, families.REQUESTS, call.wire, alias, profile, call.outcome, key
        )
        self.cost = _Numbers(metrics, families.COST, alias, profile, call.team or "", key)
        self.overhead = _Numbers(metrics, families.OVERHEAD)
        # As a server of models is measured.
        error = "cancelled" if call.outcome == "cancelled" else call.error or ""
        self._duration = _Numbers(metrics, families.SERVER_DURATION, call.operation, alias, error)
        self._first = _Numbers(metrics, families.SERVER_FIRST_TOKEN, call.operation, alias, "")
        self._each = _Numbers(metrics, families.SERVER_PER_TOKEN, call.operation, alias, "")

    def measure(self, call: FinishedCall) -> None:
        """Measure a call that models answer."""
        seconds = call.ms / 1000
        self._duration.observe(seconds)
        if call.first_ms is None:
            return
        first = call.first_ms / 1000
        self._first.observe(first)
        if call.outcome == "ok" and call.output_tokens is not None and call.output_tokens > 1:
            self._each.observe((seconds - first) / (call.output_tokens - 1))


class _AttemptNumbers:
    """The numbers of all attempts that are alike."""

    def __init__(
        self,
        metrics: CallMetrics,
        alias: str,
        operation: str,
        model: str,
        outcome: str,
        reason: str,
    ) -> None:
        provider, _, name = model.partition(":")
        target = (operation, PROVIDER_NAMES.get(provider, provider), name or OTHER)
        error = "cancelled" if outcome == "dropped" else reason

        def of(family: Family, *labels: str) -> _Numbers:
            return _Numbers(metrics, family, *labels)

        self.attempts = of(families.ATTEMPTS, alias, model, outcome, reason)
        self.duration = of(families.CLIENT_DURATION, *target, error)
        self.first_chunk = of(families.CLIENT_FIRST_CHUNK, *target, "")
        self.per_chunk = of(families.CLIENT_PER_CHUNK, *target, "")
        self.input = of(families.TOKENS, alias, model, "input")
        self.output = of(families.TOKENS, alias, model, "output")
        self.input_use = of(families.CLIENT_TOKENS, *target, "input")
        self.output_use = of(families.CLIENT_TOKENS, *target, "output")
