"""The tracer and the metrics, by OpenTelemetry's conventions for generative AI.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider

SCOPE = "llmring"

DURATION_BUCKETS = tuple(0.01 * 2**power for power in range(14))
TOKEN_BUCKETS = tuple(4**power for power in range(14))


class Instruments(Struct, frozen=True):
    """The tracer and the metrics of an application's providers.

    Attributes:
        tracers: The provider of the tracer.
        meters: The provider of the metrics.
        tracer: Begins spans.
        duration: Seconds that attempts took.
        first_chunk: Seconds to the first chunk of streamed answers.
        per_chunk: Mean seconds per chunk of streamed answers after the first one.
        tokens: Tokens that attempts used.
        tool_duration: Seconds that tools took.
        server_duration: Seconds that the calls of a gateway took.
        server_first_token: Seconds to the first content of its answers.
        server_per_token: Seconds per token of its answers after the first one.
    """

    tracers: TracerProvider
    meters: MeterProvider
    tracer: Tracer
    duration: Histogram
    first_chunk: Histogram
    per_chunk: Histogram
    tokens: Histogram
    tool_duration: Histogram
    server_duration: Histogram
    server_first_token: Histogram
    server_per_token: Histogram


def create_instruments(tracers: TracerProvider, meters: MeterProvider) -> Instruments:
    """Create the tracer and the metrics."""
    from llmring import __version__

    meter = meters.get_meter(SCOPE, __version__)

    def seconds(name: str, description: str) -> Histogram:
        return meter.create_histogram(
            name,
            unit="s",
            description=description,
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )

    return Instruments(
        tracers,
        meters,
        tracers.get_tracer(SCOPE, __version__),
        duration=seconds("gen_ai.client.operation.duration", "How long an attempt took."),
        first_chunk=seconds(
            "gen_ai.client.operation.time_to_first_chunk",
            "How long the first chunk of a streamed answer took.",
        ),
        per_chunk=seconds(
            "gen_ai.client.operation.time_per_output_chunk",
            "Mean time per chunk of a streamed answer after the first one.",
        ),
        tokens=meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens that an attempt used.",
            explicit_bucket_boundaries_advisory=TOKEN_BUCKETS,
        ),
        tool_duration=seconds("gen_ai.execute_tool.duration", "How long a tool took."),
        server_duration=seconds("gen_ai.server.request.duration", "How long a call took."),
        server_first_token=seconds(
            "gen_ai.server.time_to_first_token",
            "How long a call took to the first content of the answer.",
        ),
        server_per_token=seconds(
            "gen_ai.server.time_per_output_token",
            "Time per token of an answer after the first one.",
        ),
    )
