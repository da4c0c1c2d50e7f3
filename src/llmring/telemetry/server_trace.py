"""The span of a request that a gateway answers, and the metrics of a server of models.

The span continues the trace of the client, by `traceparent`; the spans of the library are within
it. Names are those of the semantic conventions:
https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.telemetry.attributes import Attributes, present
from llmring.telemetry.instruments import Instruments

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from llmring.telemetry.tracing import Telemetry

PROVIDER = "llmring"
_SERVER_ERROR = 500


class ServerCall(Struct, frozen=True, kw_only=True):
    """A request that has been answered.

    Attributes:
        seconds: How long it took.
        first: Seconds to the first content of the answer; None without any.
        output_tokens: Tokens of a whole answer, if known.
        operation: The kind of call; empty for one that no model answers.
        status: The HTTP status; None if the client was gone before.
        error: The kind of error, if there was one.
        asked: The alias that was called, if there was one.
        served: The name of the model that answered, if one did.
        more: More attributes of the span.
    """

    seconds: float
    first: float | None = None
    output_tokens: int | None = None
    operation: str = ""
    status: int | None = None
    error: str | None = None
    asked: str | None = None
    served: str | None = None
    more: Attributes = {}


class ServerTrace:
    """The span of a request, which is the current one until it ends.

    Args:
        instruments: The tracer and the metrics.
        span: The span.
    """

    def __init__(self, instruments: Instruments, span: Span) -> None:
        from opentelemetry import context, trace

        self._instruments = instruments
        self._span = span
        self._token: Token[Context] = context.attach(trace.set_span_in_context(span))

    def end(self, call: ServerCall) -> None:
        """End the span.

        Args:
            call: The request, answered.
        """
        from opentelemetry import context
        from opentelemetry.trace import Status, StatusCode

        context.detach(self._token)
        common = present(
            {
                "gen_ai.operation.name": call.operation or None,
                "gen_ai.provider.name": PROVIDER if call.operation else None,
                "gen_ai.request.model": call.asked,
                "gen_ai.response.model": call.served,
            }
        )
        error = present({"error.type": call.error})
        status = present({"http.response.status_code": call.status})
        self._span.set_attributes({**common, **error, **status, **call.more})
        if call.error is not None and (call.status is None or call.status >= _SERVER_ERROR):
            self._span.set_status(Status(StatusCode.ERROR))
        if call.operation:
            self._measure(call, common, error)
        self._span.end()

    def _measure(self, call: ServerCall, common: Attributes, error: Attributes) -> None:
        instruments = self._instruments
        instruments.server_duration.record(call.seconds, {**common, **error})
        if call.first is None:
            return
        instruments.server_first_token.record(call.first, common)
        if call.error is None and call.output_tokens is not None and call.output_tokens > 1:
            each = (call.seconds - call.first) / (call.output_tokens - 1)
            instruments.server_per_token.record(each, common)


def server_trace(
    telemetry: Telemetry, method: str, route: str, headers: Mapping[str, str]
) -> ServerTrace | None:
    """Begin the span of a request; return None if OpenTelemetry is not set up.

    Args:
        telemetry: The ring's.
        method: The method.
        route: The path, with placeholders for names; empty for an unknown one.
        headers: The headers, by their names in lower case.
    """
    instruments = telemetry.instruments()
    if instruments is None:
        return None
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    known = {"http.request.method": method, "http.route": route or None, "url.scheme": "http"}
    span = instruments.tracer.start_span(
        f"{method} {route}".strip(),
        extract(headers),
        kind=SpanKind.SERVER,
        attributes=present(known),
    )
    return ServerTrace(instruments, span)
