"""The metrics that an application's own set-up of OpenTelemetry receives."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from llmring.telemetry.instruments import DURATION_BUCKETS, TOKEN_BUCKETS, create_instruments


def test_the_metrics_have_the_units_and_buckets_of_the_conventions() -> None:
    reader = InMemoryMetricReader()
    instruments = create_instruments(TracerProvider(), MeterProvider([reader]))
    instruments.duration.record(1)
    instruments.first_chunk.record(1)
    instruments.tool_duration.record(1)
    instruments.tokens.record(1)
    data = reader.get_metrics_data()
    assert data is not None
    metrics = data.resource_metrics[0].scope_metrics[0].metrics

    assert {each.name: each.unit for each in metrics} == {
        "gen_ai.client.operation.duration": "s",
        "gen_ai.client.operation.time_to_first_chunk": "s",
        "gen_ai.client.token.usage": "{token}",
        "gen_ai.execute_tool.duration": "s",
    }
    for each in metrics:
        (point,) = each.data.data_points
        buckets = TOKEN_BUCKETS if each.unit == "{token}" else DURATION_BUCKETS
        assert tuple(point.explicit_bounds) == buckets  # type: ignore[union-attr]
