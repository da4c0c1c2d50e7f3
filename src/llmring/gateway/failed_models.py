"""Failures of the models of a call, judged together: the cause to report, and the message.

A client is to know what it may do: wait, change its request, or give up. Models that fail for good,
such as one whose key is refused, count only if no other model may answer later.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from llmring.exceptions import (
    AllModelsFailedError,
    ContentPolicyError,
    ContextLengthError,
    LLMRingError,
    NoUsableModelError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnreadableResponseError,
)
from llmring.redaction import redact
from llmring.routing.failure_policy import is_passing


class Failure(enum.Enum):
    """The cause of a failed call."""

    RATE_LIMITED = "all models that may answer later are rate limited"
    OVERLOADED = "a model has no capacity"
    BROKEN = "the models fail"
    UNKNOWN_MODEL = "the client named a model that does not exist"
    TOO_LONG = "the prompt is too long"
    TOO_DEAR = "the call may cost more than the lockfile allows"
    REFUSED = "content policy"
    BAD_REQUEST = "the request itself"
    TOO_LARGE = "the request has too many bytes"


class Judgement(Struct, frozen=True, kw_only=True):
    """The cause of a failed call, and the advice to the client.

    Attributes:
        failure: The cause.
        passes: True if the same request may succeed later.
        retry_after: Seconds after which the first of the models may answer, if known.
    """

    failure: Failure
    passes: bool = False
    retry_after: float | None = None


# Statuses of servers without capacity; 498 is Groq's, 529 Anthropic's.
_OVERLOADED = frozenset({429, 498, 503, 529})


def judge(error: ProviderError) -> Judgement:
    """Return the cause of a failed call."""
    if not isinstance(error, AllModelsFailedError) and isinstance(
        error, ProviderModelNotFoundError | ProviderNotFoundError
    ):
        # Without an alias, it is the client that has named the model.
        return Judgement(failure=Failure.UNKNOWN_MODEL)
    members = last_of_each(error)
    passing = [each for each in members if each.passes]
    if not passing:
        return Judgement(failure=_lasting([each.error for each in members]))
    waits = [each.error.retry_after for each in passing if each.error.retry_after is not None]
    # Without a provider's wait, the call's own pause that was too long.
    wait = min(waits, default=error.retry_after)
    return Judgement(failure=_passing(passing), passes=True, retry_after=wait)


class FailedModel(Struct, frozen=True):
    """The last failure of one model of a call.

    Attributes:
        error: The error.
        skipped: True if nothing was sent to the model.
    """

    error: ProviderError
    skipped: bool = False

    @property
    def passes(self) -> bool:
        """True if the model may answer later."""
        if not self.skipped:
            return is_passing(self.error)
        # A circuit that is open, or a call whose time was used up by other models.
        kind = type(self.error)
        return kind is ProviderResponseError or issubclass(kind, ProviderTimeoutError)


def last_of_each(error: ProviderError) -> list[FailedModel]:
    """Return the last failure of each model of a failed call."""
    if not isinstance(error, AllModelsFailedError):
        return [FailedModel(error)]
    found: dict[str, FailedModel] = {}
    if error.attempts:
        for attempt in error.attempts:
            if attempt.error is not None:
                found[attempt.model] = FailedModel(attempt.error, attempt.outcome == "skipped")
    else:
        skipped = isinstance(error, NoUsableModelError)
        for each in _leaves(error):
            found[f"{each.provider}:{each.model}"] = FailedModel(each, skipped)
    return list(found.values())


def _leaves(error: BaseException) -> Iterator[ProviderError]:
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    elif isinstance(error, ProviderError):
        yield error


def _passing(members: Sequence[FailedModel]) -> Failure:
    sent = [each.error for each in members if not each.skipped]
    if sent and all(isinstance(each, ProviderRateLimitError) for each in sent):
        return Failure.RATE_LIMITED
    if not sent or any(each.status in _OVERLOADED for each in sent):
        return Failure.OVERLOADED
    return Failure.BROKEN


def _lasting(members: Sequence[ProviderError]) -> Failure:
    """Return the cause where no model may answer later: what the client can change comes first."""
    if any(isinstance(each, ContextLengthError) for each in members):
        return Failure.TOO_LONG
    if any(isinstance(each, ContentPolicyError) for each in members):
        return Failure.REFUSED
    if any(isinstance(each, ProviderRequestError) and each.status != 413 for each in members):
        return Failure.BAD_REQUEST
    if any(isinstance(each, ProviderRequestError) for each in members):
        return Failure.TOO_LARGE
    # A model that is skipped for its price has an error of no other class.
    if any(type(each) is ProviderError and each.status is None for each in members):
        return Failure.TOO_DEAR
    return Failure.BROKEN


# Of a provider's text in an error.
MOST_QUOTED = 300


def report(error: ProviderError, *, quote: bool) -> str:
    """List the models with the outcome and the status of each, in one line.

    Args:
        error: The failure of a call.
        quote: True to add the texts of the providers, with keys masked.
    """
    counts: dict[str, int] = {}
    for line in _lines(error, quote=quote):
        counts[line] = counts.get(line, 0) + 1
    return "; ".join(
        f"{line} ({count} times)" if count > 1 else line for line, count in counts.items()
    )


def _lines(error: ProviderError, *, quote: bool) -> Iterator[str]:
    if error.attempts:
        for attempt in error.attempts:
            yield _line(attempt.model, attempt.outcome, attempt.error, quote=quote)
        return
    for each in last_of_each(error):
        model = ":".join(filter(None, (each.error.provider, each.error.model))) or "the model"
        outcome = "skipped" if each.skipped else "failed"
        yield _line(model, outcome, each.error, quote=quote)


def _line(model: str, outcome: str, error: ProviderError | None, *, quote: bool) -> str:
    line = f"{model} {outcome}"
    if error is None:
        return line
    if reason := _reason(error):
        line += f" ({reason})"
    if quote and (words := quoted(error)):
        line += f": {words}"
    return line


_WORDS: Mapping[type[ProviderError], str] = {
    ProviderTimeoutError: "timed out",
    ProviderConnectionError: "no connection",
    UnreadableResponseError: "unreadable answer",
}


def _reason(error: ProviderError) -> str:
    if isinstance(error, ProviderAuthenticationError):
        # The client must not take it for its own key, so the status is left out.
        provider = error.provider or "it"
        if error.status is None:
            return f"the gateway has no key for {provider}"
        return f"the gateway's key for {provider} was refused"
    if isinstance(error, ProviderRequestError) and error.lacking:
        return ", ".join(error.lacking.values())
    words = [_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS]
    return words[0] if words else str(error.status or "")


def quoted(error: ProviderError) -> str:
    """Return the text of a provider in one line, shortened, with keys masked."""
    words = redact(" ".join((error.provider_message or text_of(error)).split()))
    return words if len(words) <= MOST_QUOTED else f"{words[: MOST_QUOTED - 1]}…"


def text_of(error: LLMRingError) -> str:
    """Return the message of an error; empty if it was made without one."""
    return error.message if error.args else ""
