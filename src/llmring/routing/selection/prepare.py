"""The HTTP request that asks one model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest, Relay
from llmring.dialects.dialect import Limits
from llmring.exceptions import UnsupportedFeatureError
from llmring.routing.selection.api import by_api
from llmring.routing.selection.fit import fit
from llmring.routing.selection.own_parts import for_api
from llmring.routing.selection.request_size import check_sizes, sized_parts
from llmring.routing.stream_resume import StreamProgress, continued
from llmring.routing.targets import Target
from llmring.wire import HttpHead, HttpRequest

# Sends one request within these seconds and returns the answer, whatever its status.
Fetch = Callable[[HttpRequest, float | None], Awaitable[tuple[HttpHead, bytes]]]

# Makes a request, by what it sends through the function within the seconds.
Finish = Callable[[Fetch, float | None], Awaitable[HttpRequest]]


class Prepared(Struct, frozen=True):
    """A request that is ready for one model.

    Attributes:
        http: The request to send.
        adjusted: Remarks on what was left out or changed for this model.
        target: The model with the API that is asked; None for the one that it was made for.
        finish: Makes the request that is sent in place of `http`, if files have to be read or
            uploaded first; takes a function that sends a request, and the seconds left.
        relay: How much of a client's body `http` has; None for calls of other kinds.
    """

    http: HttpRequest
    adjusted: tuple[str, ...] = ()
    target: Target | None = None
    finish: Finish | None = None
    relay: Relay | None = None


_NONE = Limits()


def chat(
    request: ParsedRequest,
    *,
    stream: bool,
    progress: StreamProgress | None = None,
) -> Callable[[Target], Prepared]:
    """Return a function that makes the chat request for a model; see `Walk`.

    Args:
        request: The request; it is never changed.
        stream: Whether the answer is streamed.
        progress: The part of the answer that has been shown, which a model may have to continue.
    """
    return partial(_prepared, request, progress, stream)


def _prepared(
    request: ParsedRequest,
    progress: StreamProgress | None,
    stream: bool,
    target: Target,
) -> Prepared:
    target = by_api(request, target)
    asked = request
    own, lost = for_api(request, target.dialect, target.quirks)
    request = own
    if progress is not None and progress.resumes:
        request = continued(request, progress.text, prefills=target.prefills)
    fitted = fit(request, target)
    relay: Relay | None = None
    if asked.verbatim is None:
        http = target.encode(fitted.request, stream=stream)
    else:
        from llmring.routing.selection.relayed import relayed

        is_as_asked = fitted.request == own
        found = relayed(asked, fitted.request, target, stream=stream, is_as_asked=is_as_asked)
        http, relay = found.http, found.relay
    if asked.answers > 1 and relay in (None, "translated"):
        raise UnsupportedFeatureError(
            f"{asked.answers} answers come as the server's own bytes alone, and it does not take "
            "this request as the client sent it"
        )
    limits = target.quirks.limits
    if limits != _NONE:
        check_sizes(sized_parts(fitted.request), len(http.body), limits)
    return Prepared(http, (*lost, *fitted.adjusted, *http.notes), target, relay=relay)
