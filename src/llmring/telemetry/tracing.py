"""Traces and metrics of calls through OpenTelemetry, if the application has set it up.

Names are those of the semantic conventions for generative AI:
https://github.com/open-telemetry/semantic-conventions-genai/tree/main/docs/gen-ai

Each call has a span, `chat ALIAS`, and each attempt a span within it, `chat MODEL`; embeddings have
`embeddings ALIAS` and `embeddings MODEL`. Only attempts have token counts, so that a sum over spans
counts tokens once. No other folder uses OpenTelemetry.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal

from llmring.chat.events import Usage
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.response import LLMResponse
from llmring.exceptions import ConfigurationError, ProviderError
from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.targets import Target
from llmring.telemetry.attributes import (
    Attributes,
    addressee,
    error_type,
    present,
    reply_attributes,
    request_attributes,
    usage_attributes,
)
from llmring.telemetry.instruments import Instruments, create_instruments

if TYPE_CHECKING:
    from opentelemetry.trace import Span

TelemetryWish = Literal["auto", "off", "content"]


class Telemetry:
    """Traces and measures a ring's calls.

    It costs next to nothing until the application imports OpenTelemetry and sets up a provider
    of traces or metrics, which may happen at any time.

    Args:
        mode: "auto", "off", or "content" to record the texts of prompts and answers too.

    Raises:
        ConfigurationError: `mode` has another value.
    """

    def __init__(self, mode: TelemetryWish = "auto") -> None:
        if mode not in ("auto", "off", "content"):
            raise ConfigurationError(
                f'telemetry is {mode!r}; set it to "auto", "off", or "content" (with the texts)'
            )
        self._mode = mode
        self._instruments: Instruments | None = None

    def call(
        self,
        name: str,
        profile: str | None,
        request: ParsedRequest,
        *,
        stream: bool,
        digest: Callable[[], str | None] = lambda: None,
    ) -> CallTrace | None:
        """Return the observer of a new call; None if OpenTelemetry is not set up.

        Args:
            name: The alias, or the reference of a model.
            profile: The active profile.
            request: The request.
            stream: True for a streamed answer.
            digest: Returns the digest of the lockfile's pins; called only if the call is traced.
        """
        instruments = self.instruments()
        if instruments is None:
            return None
        given = request_attributes(request, stream=stream)
        span = self._begin(instruments, "chat", name, profile, digest, given)
        content = self._mode == "content" and span.is_recording()
        if content:
            from llmring.telemetry.content import input_messages

            span.set_attribute("gen_ai.input.messages", input_messages(request))
        return CallTrace(instruments, span, given, content=content)

    def embedding(
        self,
        name: str,
        profile: str | None,
        dimensions: int | None,
        *,
        digest: Callable[[], str | None] = lambda: None,
    ) -> CallTrace | None:
        """Return the spans of new embeddings; None if OpenTelemetry is not set up.

        Args:
            name: The alias, or the reference of a model.
            profile: The active profile.
            dimensions: The length of the vectors; None for the model's own.
            digest: As for `call`.
        """
        instruments = self.instruments()
        if instruments is None:
            return None
        given = present({"gen_ai.embeddings.dimension.count": dimensions})
        span = self._begin(instruments, "embeddings", name, profile, digest, given)
        content = self._mode == "content" and span.is_recording()
        return CallTrace(instruments, span, given, content=content, operation="embeddings")

    @property
    def has_content(self) -> bool:
        """True if texts are recorded."""
        return self._mode == "content"

    def instruments(self) -> Instruments | None:
        """Return the tracer and the metrics; None if OpenTelemetry is not set up."""
        loaded = sys.modules
        if self._mode == "off" or (_TRACES not in loaded and _METRICS not in loaded):
            return None
        return self._ready()

    def _begin(
        self,
        instruments: Instruments,
        operation: str,
        name: str,
        profile: str | None,
        digest: Callable[[], str | None],
        given: Attributes,
    ) -> Span:
        """Begin the span of a call."""
        pinned = digest()
        attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.request.model": name,
            "llmring.alias": name,
            **({"llmring.profile": profile} if profile else {}),
            **({"llmring.lockfile.digest": pinned} if pinned else {}),
            **given,
        }
        return instruments.tracer.start_span(f"{operation} {name}", attributes=attributes)

    def _ready(self) -> Instruments | None:
        from opentelemetry import metrics, trace

        tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
        if not (_is_set_up(tracers) or _is_set_up(meters)):
            return None
        ready = self._instruments
        if ready is None or ready.tracers is not tracers or ready.meters is not meters:
            ready = self._instruments = create_instruments(tracers, meters)
        return ready


_TRACES, _METRICS = "opentelemetry.trace", "opentelemetry.metrics"


def _is_set_up(provider: object) -> bool:
    """Check if a provider is the application's own; the defaults of the API do nothing."""
    return not type(provider).__module__.startswith((_TRACES, _METRICS))


class CallTrace(CallObserver):
    """The spans and metrics of one call.

    Args:
        instruments: The tracer and the metrics.
        span: The span of the call.
        given: Attributes that attempts get as well.
        content: True to record texts.
        operation: The conventions' name of the operation.
    """

    def __init__(
        self,
        instruments: Instruments,
        span: Span,
        given: Attributes,
        *,
        content: bool,
        operation: str = "chat",
    ) -> None:
        self.instruments = instruments
        self._span = span
        self._given = given
        self._content = content
        self._operation = operation
        self._count = 0
        self._under_way: list[_AttemptSpan] = []
        self._spans: dict[ObservedAttempt, _AttemptSpan] = {}
        self._reply: LLMResponse | None = None
        self._over = False

    def on_attempt_start(self, attempt: ObservedAttempt) -> None:
        """Begin the span of an attempt."""
        self._spans[attempt] = self.attempt(attempt.target)

    def on_send(self, attempt: ObservedAttempt) -> AbstractContextManager[object]:
        """Return a context that makes spans of the HTTP library children of the attempt's."""
        return self._spans[attempt].sending()

    def on_first_content(self, attempt: ObservedAttempt) -> None:
        """Record the time to the first chunk."""
        self._spans[attempt].first()

    def on_attempt_answer(self, attempt: ObservedAttempt, reply: Callable[[], LLMResponse]) -> None:
        """End the span of an attempt that answered."""
        self._spans[attempt].answered(reply, attempt.chunks)

    def on_attempt_failure(self, attempt: ObservedAttempt, error: ProviderError) -> None:
        """End the span of an attempt that failed."""
        self._spans[attempt].failed(error)

    def on_attempt_counted(self, attempt: ObservedAttempt) -> None:
        """End the span of an attempt whose answer is not text."""
        self._spans[attempt].counted(attempt.usage)

    def on_attempt_dropped(self, attempt: ObservedAttempt) -> None:
        """End the span of an attempt that was cancelled."""
        self._spans[attempt].dropped()

    def on_failover(self, failed: str, successor: str, error: ProviderError) -> None:
        """Add that another model takes over as an event of the call's span."""
        self._span.add_event(
            "llmring.failover",
            {"llmring.from": failed, "llmring.to": successor, "error.type": error_type(error)},
        )

    def on_refused_answer(self, answer: LLMResponse) -> None:
        """Keep the answer that a provider's policy has emptied, as the answer of the call."""
        self._reply = answer

    def on_models_done(self, error: BaseException | None) -> None:
        """End the span of the call."""
        self.end(error)
        # Attempts refer to this object; without them no reference cycle is left.
        self._spans.clear()

    def attempt(self, target: Target) -> _AttemptSpan:
        """Begin the span of an attempt at this model."""
        from opentelemetry.trace import SpanKind, set_span_in_context

        self._count += 1
        known = {**addressee(target), "gen_ai.operation.name": self._operation}
        span = self.instruments.tracer.start_span(
            f"{self._operation} {target.ref.model}",
            set_span_in_context(self._span),
            kind=SpanKind.CLIENT,
            attributes={**known, **self._given, "llmring.attempt": self._count},
        )
        attempt = _AttemptSpan(self, span, known)
        self._under_way.append(attempt)
        return attempt

    @property
    def is_streamed(self) -> bool:
        """True if the answer is streamed."""
        return "gen_ai.request.stream" in self._given

    def record_model(self, model: str) -> None:
        """Set the model that answered, "provider:model", on the span of the call."""
        self._span.set_attribute("llmring.model", model)

    def ended(self, attempt: _AttemptSpan, reply: LLMResponse | None) -> None:
        """Remove a finished attempt, and keep its answer, if any."""
        self._under_way.remove(attempt)
        self._reply = reply or self._reply

    def end(self, error: BaseException | None = None) -> None:
        """End the span of the call, and those of attempts that have not ended.

        Args:
            error: The error that the caller gets; None for an answer.
        """
        if self._over:
            return
        self._over = True
        for attempt in tuple(self._under_way):
            attempt.dropped()
        self._span.set_attribute("llmring.attempts", self._count)
        if error is not None:
            mark_error(self._span, error, with_text=self._content)
        elif self._reply is not None:
            self.record_model(self._reply.model)
            self._span.set_attributes(reply_attributes(self._reply))
            if self._content:
                from llmring.telemetry.content import output_messages

                self._span.set_attribute("gen_ai.output.messages", output_messages(self._reply))
        self._span.end()


class _AttemptSpan:
    """The span of one attempt; `answered`, `failed` and `dropped` end it, the first one counts."""

    def __init__(self, call: CallTrace, span: Span, known: Attributes) -> None:
        self._call = call
        self._span = span
        self._known = known
        self._began = time.perf_counter()
        self._has_content = False
        self._first = 0.0
        self._over = False

    @contextmanager
    def sending(self) -> Iterator[None]:
        from opentelemetry.trace import use_span

        with use_span(self._span, record_exception=False, set_status_on_exception=False):
            yield

    def first(self) -> None:
        # The attempt of a whole answer has ended already, and has no first chunk.
        if not (self._has_content or self._over):
            self._has_content = True
            self._first = took = time.perf_counter() - self._began
            self._span.set_attribute("gen_ai.response.time_to_first_chunk", took)
            if self._call.is_streamed:
                self._call.instruments.first_chunk.record(took, self._known)

    def answered(self, reply: Callable[[], LLMResponse], chunks: int = 0) -> None:
        if self._over:
            return
        if self._has_content and self._call.is_streamed and chunks > 1:
            pace = (time.perf_counter() - self._began - self._first) / (chunks - 1)
            self._call.instruments.per_chunk.record(pace, self._known)
        response = reply()
        self._span.set_attributes({**reply_attributes(response), **usage_attributes(response)})
        self._end({"gen_ai.response.model": response.served_model}, response)
        usage = response.usage
        if usage is not None:
            counts = {"input": usage.prompt_tokens, "output": usage.completion_tokens}
            served = {"gen_ai.response.model": response.served_model}
            for kind, count in counts.items():
                attributes = present({**self._known, **served, "gen_ai.token.type": kind})
                self._call.instruments.tokens.record(count, attributes)

    def counted(self, usage: Usage | None) -> None:
        if self._over:
            return
        if usage is not None:
            self._span.set_attribute("gen_ai.usage.input_tokens", usage.prompt_tokens)
            counted = {**self._known, "gen_ai.token.type": "input"}
            self._call.instruments.tokens.record(usage.prompt_tokens, counted)
        self._end({})

    def failed(self, error: ProviderError) -> None:
        if not self._over:
            mark_error(self._span, error)
            self._end({"error.type": error_type(error)})

    def dropped(self) -> None:
        if not self._over:
            self._span.set_attribute("error.type", "cancelled")
            self._end({"error.type": "cancelled"})

    def _end(self, outcome: Attributes, reply: LLMResponse | None = None) -> None:
        self._over = True
        took = time.perf_counter() - self._began
        self._call.instruments.duration.record(took, present({**self._known, **outcome}))
        self._span.end()
        self._call.ended(self, reply)


def mark_error(span: Span, error: BaseException, *, with_text: bool = False) -> None:
    """Mark a span as failed; its message is recorded only with the texts."""
    from opentelemetry.trace import Status, StatusCode

    if not isinstance(error, Exception):
        # Cancelled by the caller: not a failure of the provider.
        span.set_attribute("error.type", "cancelled")
        return
    span.set_attribute("error.type", error_type(error))
    # A provider's message may quote the prompt.
    span.set_status(Status(StatusCode.ERROR, str(error) if with_text else None))
