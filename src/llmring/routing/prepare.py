"""What is asked, put into the words of one model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import Limits
from llmring.routing.fit import fit
from llmring.routing.request_size import check_sizes, sized_parts
from llmring.routing.stream_resume import Shown, continued
from llmring.routing.targets import Target
from llmring.wire import HttpHead, HttpRequest

# Sends one request, within these seconds, and gives the answer, whatever its status.
Fetch = Callable[[HttpRequest, float | None], Awaitable[tuple[HttpHead, bytes]]]


class Prepared(Struct, frozen=True):
    """What a model is sent.

    Attributes:
        http: The request to send.
        adjusted: What of the request the model does not take and was left out.
        finish: Makes the request that is sent in place of `http`, where files have to be read or
            uploaded first; given what sends a request, and the seconds that there are.
    """

    http: HttpRequest
    adjusted: tuple[str, ...] = ()
    finish: Callable[[Fetch, float | None], Awaitable[HttpRequest]] | None = None


_NONE = Limits()


def chat(
    request: ParsedRequest,
    *,
    stream: bool,
    shown: Shown | None = None,
) -> Callable[[Target], Prepared]:
    """Return what puts a chat request into the words of a model; see `Walk`.

    Args:
        request: What to ask; it is never changed.
        stream: Whether the answer is to be streamed.
        shown: What of the answer the reader has, should a model have to go on from there.
    """
    return partial(_prepared, request, shown, stream)


def _prepared(
    request: ParsedRequest,
    shown: Shown | None,
    stream: bool,
    target: Target,
) -> Prepared:
    if shown is not None and shown.resumes:
        request = continued(request, shown.text, prefills=target.prefills)
    fitted = fit(request, target)
    http = target.encode(fitted.request, stream=stream)
    limits = target.quirks.limits
    if limits != _NONE:
        check_sizes(sized_parts(fitted.request), len(http.body), limits)
    return Prepared(http, fitted.adjusted)
