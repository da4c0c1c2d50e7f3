"""Answers as commands print them: text as it streams, then attempts, time and cost."""

import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from llmring.chat.citation import Citation
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.output import is_terminal, print_note, print_out
from llmring.cli.tables import table
from llmring.client.pending_calls import PendingStream
from llmring.providers.table import PROVIDERS
from llmring.registry.price import dollars


class AnswerDisplay(Protocol):
    """The place where an answer appears as it streams."""

    def piece(self, text: str) -> None:
        """Show the next piece of the answer."""

    def restart(self) -> None:
        """End the answer shown so far; another follows."""

    def end(self) -> None:
        """Finish the answer."""


class RawDisplay:
    """Standard output, as the text arrives."""

    def piece(self, text: str) -> None:
        """Print the next piece of the answer."""
        print_out(text, end="")

    def restart(self) -> None:
        """End the line; what was printed stays."""
        print_out()

    def end(self) -> None:
        """End the line, as notes need a line of their own."""
        print_out()


def answer_display() -> AnswerDisplay:
    """Return the display of answers: rendered Markdown on a terminal, if rich is installed."""
    if not is_terminal(sys.stdout):
        return RawDisplay()
    try:
        from rich.console import Console

        from llmring.cli.live_markdown import LiveMarkdown
    except ImportError:
        return RawDisplay()
    console = Console(highlight=False)
    return RawDisplay() if console.is_dumb_terminal else LiveMarkdown(console)


def print_stream(
    stream: PendingStream,
    preface: Callable[[str], None],
    display: AnswerDisplay | None = None,
) -> StreamChunk:
    """Print an answer as it streams and return its last chunk.

    Args:
        stream: The call; iterating sends it.
        preface: Called with the name of the answering model before its first word.
        display: The place where the answer appears; standard output by default.

    Raises:
        ProviderError: No model answered, or the stream failed before its end.
    """
    display = display or RawDisplay()
    with stream:
        chunks = iter(stream)
        chunk = next(chunks)
        model, went_on = chunk.model, []
        preface(model)
        try:
            display.piece(chunk.delta)
            for chunk in chunks:
                if chunk.restart:
                    display.restart()
                    print_note(f"{model} failed; {chunk.model} starts over")
                elif chunk.model != model:
                    went_on.append(f"{model} failed; {chunk.model} continued the answer")
                model = chunk.model
                display.piece(chunk.delta)
        finally:
            display.end()
            for line in went_on:
                print_note(line)
    return chunk


def model_warning(model: str) -> str | None:
    """Return a warning that applies to every answer of this model, if there is one."""
    provider = PROVIDERS.get(model.partition(":")[0])
    return provider.note if provider else None


def attempt_lines(
    attempts: Sequence[Attempt], end: LLMResponse | StreamChunk | None = None
) -> list[str]:
    """Describe each attempt on one line: outcome, milliseconds, cost and reason.

    Args:
        attempts: The attempts of a call.
        end: The answer, or the last chunk of a streamed one; None if the call failed. If its
            cost differs from that of the last attempt, a line with the total is added.
    """
    if not attempts:
        return []
    rows = [
        (
            attempt.model,
            attempt.outcome,
            "" if attempt.outcome == "skipped" else f"{attempt.ms:.1f} ms",
            _cost_of(attempt),
            "; ".join(filter(None, (attempt.reason, *attempt.adjusted, *attempt.notes))),
        )
        for attempt in attempts
    ]
    last = attempts[-1]
    if end is None or (end.cost, end.cost_reason) == (last.cost, last.cost_reason):
        return table(rows)
    return [*table(rows), f"total: {_cost_text(end)}"]


def source_lines(citations: Sequence[Citation]) -> list[str]:
    """Describe each source on one line; of sources with places in the answer, only those."""
    named: dict[str, str] = {}
    shown = [each for each in citations if each.start is not None] or citations
    for each in shown:
        name = each.title or each.file_id or each.cited_text or f"document {each.index}"
        line = f"{name}: {each.url}" if each.url and each.title else each.url or name
        named.setdefault(each.url or line, line)
    return [f"[{at}] {line}" for at, line in enumerate(named.values(), start=1)]


def _cost_of(attempt: Attempt) -> str:
    """Describe the cost of an attempt."""
    if attempt.cost is None and attempt.cost_reason is None:
        return "no cost"
    return _cost_text(attempt)


def _cost_text(end: Attempt | LLMResponse | StreamChunk) -> str:
    if end.cost is None:
        return f"cost unknown ({end.cost_reason})"
    return dollars(end.cost) + (f" ({end.cost_reason})" if end.cost_reason else "")


def summary_line(end: LLMResponse | StreamChunk) -> str:
    """Summarize an answer on one line: model, tokens, time and cost.

    Args:
        end: The answer, or the last chunk of a streamed one.
    """
    usage = end.usage
    tokens = (
        f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out" if usage else "? tokens"
    )
    ms = sum(attempt.ms for attempt in end.attempts)
    return f"{end.model}: {tokens}, {ms:.1f} ms, {_cost_text(end)}"
