"""The last calls of the gateway."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.lookers import check_looker
from llmring.gateway.refusals import NotSupportedError
from llmring.gateway.server_state import Gateway
from llmring.gateway.watching.finished_call import FinishedCall
from llmring.gateway.watching.log_lines import log_line

_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}
_MOST = 1000
_USUAL = 100

_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class ShownCalls(msgspec.Struct, frozen=True):
    """The last calls of a gateway, the newest one last."""

    calls: list[FinishedCall]


async def answer_calls(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with the last calls that all processes of the gateway still have, the newest last.

    The query may have `limit`, and `since`: a time with its time zone, before which calls that are
    to be left out have ended.

    Raises:
        ForbiddenError: As for `check_looker`.
        NotSupportedError: The gateway keeps no records.
        RequestFormatError: The query has a value that can't be used.
    """
    check_looker(gateway, request)
    if gateway.watching is None:
        raise NotSupportedError("calls are not recorded here")
    gateway.watching.flush()
    found = gateway.watching.records.calls.latest(_limit(request.query.get("limit")))
    since = _since(request.query.get("since"))
    if since is not None:
        found = [each for each in found if each.ended >= since]
    return GatewayAnswer(headers=_HEADERS, body=log_line(ShownCalls(found)))


def _limit(given: str | None) -> int:
    if given is None:
        return _USUAL
    if not (given.isascii() and given.isdigit() and 0 < int(given[:6]) <= _MOST):
        raise RequestFormatError(
            f"limit: {given!r:.100} is not a number from 1 to {_MOST}", "limit"
        )
    return int(given)


def _since(given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        # A plus sign in an address may be a space.
        return msgspec.convert(given.replace(" ", "+"), _Aware)
    except msgspec.ValidationError as error:
        raise RequestFormatError(f"since: {given!r:.100} is not a time", "since") from error
