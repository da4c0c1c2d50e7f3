"""The metrics of a gateway: their names, labels and limits.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from llmring.telemetry.instruments import DURATION_BUCKETS, TOKEN_BUCKETS

Kind = Literal["counter", "gauge", "histogram"]

# All lines with a value in an answer, and the part of them that only sets of labels with `OTHER`
# may take.
MOST_SERIES = 2000
_MOST_OF_HISTOGRAMS = 1200
_RESERVED = 300

# The value of a label for all names beyond the limit.
OTHER = "other"

# Labels whose values are names from the lockfile or the store of keys, or made of them.
_OPEN = frozenset(
    {
        "alias",
        "profile",
        "model",
        "from",
        "to",
        "team",
        "key",
        "gen_ai_provider_name",
        "gen_ai_request_model",
        "error_type",
    }
)


class Family(Struct, frozen=True, kw_only=True):
    """The metrics of one name.

    Attributes:
        name: The name, without the ending of counters.
        kind: The kind.
        help: The description.
        labels: The names of its labels; one without a value is left out.
        buckets: The upper bounds of a histogram's buckets.
        takes_most: True if the values of the processes are not added up: the highest one counts.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    takes_most: bool = False

    @property
    def width(self) -> int:
        """The numbers that a set of labels has: of a histogram, its buckets and its sum."""
        return len(self.buckets) + 2 if self.kind == "histogram" else 1

    @property
    def lines(self) -> int:
        """The lines that a set of labels has in an answer."""
        return self.width + 1 if self.kind == "histogram" else 1

    def other(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return a set of labels in which all names are `OTHER`.

        Args:
            values: The values of the labels.
        """
        pairs = zip(self.labels, values, strict=True)
        return tuple(OTHER if value and name in _OPEN else value for name, value in pairs)


def most_lines(kind: Kind, *, reserved: bool) -> int:
    """Return the lines that all metrics of a kind may take together.

    Args:
        kind: The kind; counters and gauges count together.
        reserved: True for a set of labels with `OTHER`.
    """
    most = _MOST_OF_HISTOGRAMS if kind == "histogram" else MOST_SERIES - _MOST_OF_HISTOGRAMS
    return most if reserved else most - _RESERVED


def _seconds(name: str, help_: str, *labels: str) -> Family:
    named = ("gen_ai_operation_name", *labels, "gen_ai_request_model", "error_type")
    return Family(
        name=f"gen_ai_{name}_seconds",
        kind="histogram",
        help=help_,
        labels=named,
        buckets=DURATION_BUCKETS,
    )


REQUESTS = Family(
    name="llmring_requests",
    kind="counter",
    help="Requests of clients that have ended, by the alias that they called.",
    labels=("wire", "alias", "profile", "outcome", "key"),
)
ATTEMPTS = Family(
    name="llmring_attempts",
    kind="counter",
    help="Attempts to use a model, skipped models included.",
    labels=("alias", "model", "outcome", "reason"),
)
FAILOVERS = Family(
    name="llmring_failovers",
    kind="counter",
    help="Models that took over from one that failed, before or inside the answer.",
    labels=("alias", "from", "to", "where"),
)
COST = Family(
    name="llmring_cost_usd",
    kind="counter",
    help="Known cost of the calls in USD.",
    labels=("alias", "profile", "team", "key"),
)
COST_UNKNOWN = Family(
    name="llmring_cost_unknown",
    kind="counter",
    help="Calls whose cost, or a part of it, is not known.",
    labels=("reason",),
)
TOKENS = Family(
    name="llmring_tokens",
    kind="counter",
    help="Tokens that models have used; input includes those read from and written to caches.",
    labels=("alias", "model", "type"),
)
INFLIGHT = Family(
    name="llmring_inflight",
    kind="gauge",
    help="Calls in progress.",
    labels=("alias",),
)
CIRCUIT_OPEN = Family(
    name="llmring_circuit_open",
    kind="gauge",
    help="1 while the circuit of a model is open in any process, so that calls skip the model.",
    labels=("model",),
    takes_most=True,
)
REFUSALS = Family(
    name="llmring_refusals",
    kind="counter",
    help="Calls that were refused for a limit.",
    labels=("limit",),
)
CACHE = Family(
    name="llmring_cache",
    kind="counter",
    help="Calls that the cache of answers was asked for.",
    labels=("result",),
)
OVERHEAD = Family(
    name="llmring_overhead_seconds",
    kind="histogram",
    help="Time of a call in which the gateway alone was at work.",
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0),
)
CLIENT_GONE = Family(
    name="llmring_client_gone",
    kind="counter",
    help="Calls whose client left before the end of the answer.",
)
LEDGER_PENDING = Family(
    name="llmring_ledger_pending",
    kind="gauge",
    help="Calls that are not yet written to the ledger.",
)
CONFIG_STALE = Family(
    name="llmring_config_stale",
    kind="gauge",
    help="1 while the lockfile can't be used, so that the last good one stays in use.",
    takes_most=True,
)
WORKERS = Family(
    name="llmring_workers",
    kind="gauge",
    help="Processes of the gateway that answer.",
)
BUILD_INFO = Family(
    name="llmring_build_info",
    kind="gauge",
    help="1, with the version of llmring.",
    labels=("version",),
    takes_most=True,
)
SERVER_DURATION = _seconds("server_request_duration", "How long calls took.")
SERVER_FIRST_TOKEN = _seconds(
    "server_time_to_first_token", "How long calls took to the first content of the answer."
)
SERVER_PER_TOKEN = _seconds(
    "server_time_per_output_token", "Time per token of an answer after the first one."
)
CLIENT_DURATION = _seconds(
    "client_operation_duration", "How long attempts took.", "gen_ai_provider_name"
)
CLIENT_FIRST_CHUNK = _seconds(
    "client_operation_time_to_first_chunk",
    "How long attempts took to the first chunk.",
    "gen_ai_provider_name",
)
CLIENT_PER_CHUNK = _seconds(
    "client_operation_time_per_output_chunk",
    "Mean time per chunk after the first one, of each attempt.",
    "gen_ai_provider_name",
)
CLIENT_TOKENS = Family(
    name="gen_ai_client_token_usage",
    kind="histogram",
    help="Tokens that attempts used.",
    labels=(
        "gen_ai_operation_name",
        "gen_ai_provider_name",
        "gen_ai_request_model",
        "gen_ai_token_type",
    ),
    buckets=TOKEN_BUCKETS,
)

# In the order of the answer; a process writes the places in this list into shared memory.
FAMILIES = (
    REQUESTS,
    ATTEMPTS,
    FAILOVERS,
    COST,
    COST_UNKNOWN,
    TOKENS,
    INFLIGHT,
    CIRCUIT_OPEN,
    REFUSALS,
    CACHE,
    OVERHEAD,
    CLIENT_GONE,
    LEDGER_PENDING,
    CONFIG_STALE,
    WORKERS,
    BUILD_INFO,
    SERVER_DURATION,
    SERVER_FIRST_TOKEN,
    SERVER_PER_TOKEN,
    CLIENT_DURATION,
    CLIENT_FIRST_CHUNK,
    CLIENT_PER_CHUNK,
    CLIENT_TOKENS,
)
