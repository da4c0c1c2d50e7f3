"""The recorded calls of an alias: requests and their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.chat.parsed_request import parse_request
from llmring.chat.reply import fold
from llmring.exceptions import ConfigurationError, ProviderError
from llmring.lockfile.document import ModelRef
from llmring.registry.price import Unpriced, cost_of
from llmring.replay import recording
from llmring.replay.interceptor import keyless
from llmring.replay.recorded_call import request_of
from llmring.routing.selection.api import by_api
from llmring.routing.targets import Skip, Target, targets
from llmring.wire import HttpHead

if TYPE_CHECKING:
    from llmring.chat.request import LLMRequest
    from llmring.chat.response import LLMResponse
    from llmring.providers.endpoint import Endpoint
    from llmring.registry.catalog import ModelFacts
    from llmring.replay.recording import Recording

Facts = Callable[[ModelRef], "ModelFacts | None"]


class ReplayableCall(Struct, frozen=True, kw_only=True):
    """A recorded call that can be made again.

    Attributes:
        name: Name of its file.
        request: The request.
        answer: The answer, with its cost at today's prices if known.
        ms: Milliseconds that the answer took, if recorded.
    """

    name: str
    request: LLMRequest
    answer: LLMResponse
    ms: float | None


class RecordedCalls(Struct, frozen=True):
    """The recordings found for an alias.

    Attributes:
        calls: The last calls, oldest first.
        unusable: Files that can't be used, by name, each with the reason.
    """

    calls: tuple[ReplayableCall, ...]
    unusable: Mapping[str, str]


def recorded(
    folder: Path,
    alias: str,
    count: int,
    endpoints: Mapping[str, Endpoint],
    facts: Facts,
    day: date,
) -> RecordedCalls:
    """Return the last answered calls of an alias.

    Args:
        folder: Folder of the recordings.
        alias: The alias, as it was called.
        count: Maximum number of calls.
        endpoints: Every provider by name.
        facts: Looks a model up in the catalog.
        day: The date whose prices count.

    Raises:
        OSError: A file can't be read.
    """
    unusable: dict[str, str] = {}
    found: list[tuple[str, Path, Recording]] = []
    for path in sorted(folder.glob("*.json")):
        try:
            kept = recording.read(path)
        except ConfigurationError as error:
            unusable[path.name] = error.message
            continue
        if kept.model is None or not _is_answer(kept):
            continue
        if kept.call is None:
            unusable[path.name] = "it was recorded without its request; record it again"
        elif kept.call.alias == alias:
            found.append((kept.call.at, path, kept))
    found.sort(key=lambda each: each[0])
    calls: list[ReplayableCall] = []
    places = keyless(endpoints)
    for _, path, kept in reversed(found):
        if len(calls) == count:
            break
        try:
            calls.append(_recorded(path.name, kept, places, facts, day))
        except (ConfigurationError, ProviderError) as error:
            unusable[path.name] = str(error)
    return RecordedCalls(tuple(reversed(calls)), unusable)


def _is_answer(kept: Recording) -> bool:
    return 200 <= kept.response.status < 300 and kept.response.end == "complete"


def _recorded(
    name: str, kept: Recording, endpoints: Mapping[str, Endpoint], facts: Facts, day: date
) -> ReplayableCall:
    if kept.model is None or kept.call is None:
        raise ConfigurationError("it is not a recording of a call; remove it")
    request = request_of(kept.call)
    ref = ModelRef.parse(kept.model)
    answer = _answer(kept, request, ref, endpoints, facts)
    cost = cost_of(answer.usage, facts(ref), day)
    answer.cost = None if isinstance(cost, Unpriced) else Decimal(cost)
    return ReplayableCall(name=name, request=request, answer=answer, ms=kept.ms)


def _answer(
    kept: Recording,
    request: LLMRequest,
    ref: ModelRef,
    endpoints: Mapping[str, Endpoint],
    facts: Facts,
) -> LLMResponse:
    """Read the answer with the dialect in which it came.

    That is the one of the API that serves the request now, or an earlier version may have chosen
    another.
    """
    [target] = targets([ref], endpoints, facts)
    if isinstance(target, Skip):
        raise target.error
    asked = by_api(parse_request(request), target)
    try:
        return _read(kept, asked)
    except ProviderError:
        other = target if asked is not target else target.elsewhere
        if other is None:
            raise
        return _read(kept, other)


def _read(kept: Recording, target: Target) -> LLMResponse:
    dialect = target.dialect
    head = HttpHead(kept.response.status, dict(kept.response.headers))
    if head.content_type == "application/json":
        body = b"".join(kept.response.chunks())
        return fold(kept.model or "", target.decode(head, body), dialect.name)
    decoder = target.decoder(head)
    events = [event for chunk in kept.response.chunks() for event in decoder.feed(chunk)]
    return fold(kept.model or "", [*events, *decoder.end()], dialect.name)
