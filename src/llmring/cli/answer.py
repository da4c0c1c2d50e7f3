"""How an answer is shown: as it comes, and then what it took."""

from collections.abc import Callable, Sequence

from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.output import note, say, table
from llmring.client.pending import PendingStream
from llmring.providers import PROVIDERS
from llmring.registry.price import dollars


def print_stream(stream: PendingStream, preface: Callable[[str], None]) -> StreamChunk:
    """Print an answer as it comes; gives its last chunk.

    Args:
        stream: The call, which this sends.
        preface: Called with the name of the model that answers, before its first word.

    Raises:
        ProviderError: No model answered, or the one that had begun did not finish.
    """
    with stream:
        chunks = iter(stream)
        chunk = next(chunks)
        model, went_on = chunk.model, []
        preface(model)
        try:
            say(chunk.delta, end="")
            for chunk in chunks:
                if chunk.restart:
                    say()
                    note(f"{model} broke off; {chunk.model} begins anew")
                elif chunk.model != model:
                    went_on.append(f"{model} broke off; {chunk.model} went on from there")
                model = chunk.model
                say(chunk.delta, end="")
        finally:
            # What is told after an answer that was cut short begins on a line of its own.
            say()
            for line in went_on:
                note(line)
    return chunk


def caution(model: str) -> str | None:
    """What to know of whatever this model answers, if anything."""
    provider = PROVIDERS.get(model.partition(":")[0])
    return provider.note if provider else None


def journey(attempts: Sequence[Attempt], end: LLMResponse | StreamChunk | None = None) -> list[str]:
    """What became of each model, one a line: outcome, milliseconds, cost and reason.

    Args:
        attempts: The attempts of a call.
        end: The answer, or the last chunk of a streamed one, whose cost is told where it is not
            that of the last attempt; None where there is no answer.
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
    return [*table(rows), f"in all: {_cost_in_words(end)}"]


def _cost_of(attempt: Attempt) -> str:
    """What an attempt has cost, in words."""
    if attempt.cost is None and attempt.cost_reason is None:
        return "no cost"
    return _cost_in_words(attempt)


def _cost_in_words(end: Attempt | LLMResponse | StreamChunk) -> str:
    if end.cost is None:
        return f"cost unknown ({end.cost_reason})"
    return dollars(end.cost) + (f" ({end.cost_reason})" if end.cost_reason else "")


def account(end: LLMResponse | StreamChunk) -> str:
    """Who answered, with how many tokens, in what time and at what cost, on one line.

    Args:
        end: The answer, or the last chunk of a streamed one.
    """
    usage = end.usage
    tokens = (
        f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out" if usage else "? tokens"
    )
    ms = sum(attempt.ms for attempt in end.attempts)
    return f"{end.model}: {tokens}, {ms:.1f} ms, {_cost_in_words(end)}"
