"""How an answer is shown: as it comes, and then what it took."""

from collections.abc import Callable

from llmring.chat.response import LLMResponse, StreamChunk
from llmring.cli.output import say
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
        preface(chunk.model)
        try:
            say(chunk.delta, end="")
            for chunk in chunks:
                say(chunk.delta, end="")
        finally:
            # What is told after an answer that was cut short begins on a line of its own.
            say()
    return chunk


def caution(model: str) -> str | None:
    """What to know of whatever this model answers, if anything."""
    provider = PROVIDERS.get(model.partition(":")[0])
    return provider.note if provider else None


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
    cost = f"cost unknown ({end.cost_reason})" if end.cost is None else dollars(end.cost)
    return f"{end.model}: {tokens}, {ms:.1f} ms, {cost}"
