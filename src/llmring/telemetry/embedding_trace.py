"""The trace of embeddings: one span for all of their requests, and one for each attempt.

https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/client-embeddings.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmring.routing.observers import CallObserver, ObservedAttempt

if TYPE_CHECKING:
    from llmring.chat.embedding import EmbeddingResponse
    from llmring.telemetry.tracing import CallTrace


class EmbeddingTrace(CallObserver):
    """The spans and metrics of embeddings.

    Args:
        trace: The spans of the operation.
    """

    def __init__(self, trace: CallTrace) -> None:
        self._trace = trace
        self.on_attempt_start = trace.on_attempt_start
        self.on_send = trace.on_send
        self.on_attempt_failure = trace.on_attempt_failure
        self.on_attempt_dropped = trace.on_attempt_dropped

    def on_attempt_settled(self, attempt: ObservedAttempt) -> None:
        """End the span of an attempt that answered, with its tokens."""
        self._trace.on_attempt_counted(attempt)

    def end(self, result: EmbeddingResponse | BaseException) -> None:
        """End the span of the operation with its vectors, or the error that the caller gets."""
        if isinstance(result, BaseException):
            self._trace.on_models_done(result)
            return
        self._trace.record_model(result.model)
        self._trace.on_models_done(None)
