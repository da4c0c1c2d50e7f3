"""Headers that show how an answer came about: the model, the attempts, the cost.

Texts in them may come from lockfiles, clients and providers, so each is brought into one line of
printable ASCII of limited length.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from msgspec import Struct

from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.parsed_request import Relay
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.gateway.wires import Wire
from llmring.lockfile.document import Lockfile
from llmring.lockfile.pins import digest_of, pins_of, plain_amount
from llmring.wire import HttpHead

# Proxies take 4 KB to 8 KB for all headers together.
LONGEST = 2048

_SEPARATOR = "; "
# https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
# https://platform.claude.com/docs/en/api/rate-limits#response-headers
_LIMITS = re.compile(r"(x|anthropic)-ratelimit-[a-z0-9-]{1,80}")
_MOST_LIMITS, _LONGEST_LIMIT = 32, 128
_CUT = "..."


class CallFacts(Struct, frozen=True, kw_only=True):
    """The facts of a call that its answer does not have.

    Attributes:
        alias: The alias that was called; None if the client named a model.
        profile: The profile of the lockfile.
        relay: The way of the answer: the bytes of the provider, these with changes, or an answer
            in another API's format.
        lock: The digest of the lockfile, if known; see `LockDigest`.
        notes: The parts of the request that the model took in another form, or not at all.
    """

    alias: str | None
    profile: str
    relay: Relay
    lock: str | None = None
    notes: tuple[str, ...] = ()


class Duration(Struct, frozen=True, kw_only=True):
    """The time that an answer took, in milliseconds.

    Attributes:
        total: From the request to the head of the answer.
        upstream: The part of it in which a provider had the request.
    """

    total: float
    upstream: float


def answer_headers(
    answer: LLMResponse | StreamChunk | EmbeddingResponse,
    facts: CallFacts,
    duration: Duration | None = None,
) -> dict[str, str]:
    """Return the headers for an answer.

    Args:
        answer: The whole answer, or a chunk of a stream: the first one with the attempts so far.
        facts: The other facts of the call.
        duration: The time that it took.
    """
    return {name: header_text(text) for name, text in _headers(answer, facts, duration)}


def _headers(
    answer: LLMResponse | StreamChunk | EmbeddingResponse,
    facts: CallFacts,
    duration: Duration | None,
) -> Iterator[tuple[str, str]]:
    yield "x-llmring-model", answer.model
    yield from name_headers(facts.alias, facts.profile).items()
    yield "x-llmring-attempts", attempts_text(answer.attempts, answer.model)
    yield "x-llmring-relay", facts.relay
    if facts.lock is not None:
        yield "x-llmring-lock", facts.lock
    notes = [*facts.notes]
    if not isinstance(answer, StreamChunk) or answer.message is not None:
        if answer.cost is None:
            yield "x-llmring-cost-unknown", answer.cost_reason or "not known"
        else:
            yield "x-llmring-cost", plain_amount(answer.cost)
            if answer.cost_reason is not None:
                notes.append(f"cost: {answer.cost_reason}")
    if notes:
        yield "x-llmring-notes", _joined([header_text(note) for note in dict.fromkeys(notes)])
    if duration is not None:
        upstream = min(duration.upstream, duration.total)
        own = duration.total - upstream
        yield "server-timing", f"gateway;dur={own:.1f}, upstream;dur={upstream:.1f}"


def name_headers(alias: str | None, profile: str) -> dict[str, str]:
    """Return the headers with the names that a call was made with.

    Args:
        alias: The alias; None if the client named a model.
        profile: The profile of the lockfile.
    """
    found = {"x-llmring-profile": header_text(profile)}
    return found if alias is None else {"x-llmring-alias": header_text(alias), **found}


def attempts_text(attempts: Sequence[Attempt], answering: str | None = None) -> str:
    """Return the attempts of a call as a header's value.

    Args:
        attempts: The attempts, in order.
        answering: The model whose stream has begun, and whose attempt has not ended.
    """
    entries = [_entry(attempt) for attempt in attempts]
    if answering and not any(attempt.outcome == "ok" for attempt in attempts):
        entries.append(f"{header_text(answering)} ok")
    return _joined(entries)


def _entry(attempt: Attempt) -> str:
    outcome: str = attempt.outcome
    if outcome == "failed" and attempt.status is not None:
        outcome = str(attempt.status)
    time = "" if outcome == "skipped" else f" {attempt.ms:.0f}ms"
    return f"{header_text(attempt.model)} {outcome}{time}"


def _joined(entries: list[str]) -> str:
    """Join the entries of a list; of one that is too long, leave out some before the last."""
    text = _SEPARATOR.join(entries)
    if len(text) <= LONGEST:
        return text
    *first, last = entries
    end = f"{_CUT}{_SEPARATOR}{last}"
    kept: list[str] = []
    room = LONGEST - len(end)
    for entry in first:
        room -= len(entry) + len(_SEPARATOR)
        if room < 0:
            break
        kept.append(entry)
    return _SEPARATOR.join([*kept, end])


def request_id_headers(wire: Wire, request_id: str) -> dict[str, str]:
    """Return the headers with the ID of a request, by the names that the wire's clients know."""
    shown = header_text(request_id, 128)
    names = ("x-request-id", "request-id") if wire.name == "messages" else ("x-request-id",)
    return dict.fromkeys(names, shown)


@functools.lru_cache(maxsize=512)
def header_text(text: str, longest: int = LONGEST) -> str:
    """Return a text as the value of a header: one line of printable ASCII.

    Other characters are percent-encoded, as in addresses.

    Args:
        text: The text.
        longest: The most characters that the value may have.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            each if " " <= each <= "~" else quote(each, safe="", errors="replace") for each in text
        )
    text = text.strip()
    return text if len(text) <= longest else text[: longest - len(_CUT)].rstrip() + _CUT


def limit_headers(head: HttpHead | None) -> dict[str, str]:
    """Return the headers of a provider's answer about the limits of the gateway's key with it."""
    if head is None:
        return {}
    names = [name for name in head.headers if _LIMITS.fullmatch(name)]
    return {name: header_text(head.headers[name], _LONGEST_LIMIT) for name in names[:_MOST_LIMITS]}


class LockDigest:
    """The digest of a gateway's lockfile, computed once for each version of it."""

    def __init__(self) -> None:
        self._last: tuple[Lockfile, str] | None = None

    def of(self, lockfile: Lockfile) -> str:
        """Return the digest of the bindings and pins, as `llmring lock pin` writes it."""
        last = self._last
        if last is None or last[0] is not lockfile:
            self._last = last = lockfile, digest_of(lockfile, pins_of(lockfile))
        return last[1]
