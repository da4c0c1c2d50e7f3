"""How an answer is shown: as it comes, and then what it took."""

from collections.abc import Callable, Sequence

from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.cli.output import note, say, table
from llmring.client.pending import PendingStream
from llmring.providers import PROVIDERS
from llmring.registry.price import dollars
from llmring.routing.estimate import may_have_cost


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
        end: The answer, or the last chunk of a streamed one; None where there is no answer.
    """
    if not attempts:
        return []
    rows = [
        (
            attempt.model,
            attempt.outcome,
            "" if attempt.outcome == "skipped" else f"{attempt.ms:.1f} ms",
            _cost_of(attempt, end if attempt is attempts[-1] else None),
            "; ".join(filter(None, (attempt.reason, *attempt.adjusted, *attempt.notes))),
        )
        for attempt in attempts
    ]
    return table(rows)


def _cost_of(attempt: Attempt, end: LLMResponse | StreamChunk | None) -> str:
    """What an attempt has cost; that of the answer is the call's, repairs included."""
    if end is not None:
        return _cost_in_words(end)
    if attempt.outcome == "ok":
        # An answer that was then mended; it is in the cost of the whole.
        return ""
    charged = attempt.error is not None and may_have_cost(attempt.error)
    return "cost unknown" if attempt.outcome == "failed" and charged else "no cost"


def _cost_in_words(end: LLMResponse | StreamChunk) -> str:
    return f"cost unknown ({end.cost_reason})" if end.cost is None else dollars(end.cost)


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
