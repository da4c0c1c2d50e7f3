"""The gateway as an ASGI application: one call of a client from its first byte to its last.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import msgspec

from llmring.gateway import origins
from llmring.gateway.caller import ANYONE
from llmring.gateway.callers.presented_key import presented_key, query_without_key, without_key
from llmring.gateway.endpoints.health import not_ready
from llmring.gateway.errors import error_answer, stream_error
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.refusals import (
    NotReadyError,
    RefusedCallError,
)
from llmring.gateway.routes import (
    GatewayRoute,
    Handler,
    UpgradeRefusedError,
    find_route,
    load_handler,
    route_name,
)
from llmring.gateway.server import sending
from llmring.gateway.server.body import ClientGoneError, Receive, drain_body, read_body
from llmring.gateway.server.client_call import CallHead, ClientCall, Scope
from llmring.gateway.server.drain import Drain
from llmring.gateway.server.sending import Send
from llmring.gateway.server_state import Gateway
from llmring.gateway.watching.finish_call import CallEnd
from llmring.gateway.watching.running_call import RunningCall, watched
from llmring.gateway.watching.state_watch import StateWatch
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES
from llmring.redaction import one_line, redact

_ALIAS, _PROFILE = "x-llmring-alias", "x-llmring-profile"
_READY = "endpoints.health:answer_ready"
_MODELS = "endpoints.models:"
# A key may have its answers show none of these headers.
_ABOUT_CALLS = ("x-llmring-", "server-timing")
_MOST_FIELDS = 100
_BROKEN_OFF_SECONDS = 5.0

_log = logging.getLogger("llmring")


class StreamBrokenError(Exception):
    """An answer that ends before its end; the server closes the connection for it."""


class GatewayApp:
    """The gateway as an ASGI application.

    Args:
        gateway: Returns the gateway as it is now; a change of the lockfile makes it another.
        drain: The end of the gateway.
        handler: Returns the function of a route by its name.
        on_call: Called with the profile and the alias of each call that is answered.
        state: The look at the state of the process; None for no such look.
    """

    def __init__(
        self,
        gateway: Callable[[], Gateway],
        *,
        drain: Drain | None = None,
        handler: Callable[[str], Handler] = load_handler,
        on_call: Callable[[str, str], None] | None = None,
        state: StateWatch | None = None,
    ) -> None:
        self._state = state
        self._on_call = on_call
        self._gateway = gateway
        self._drain = drain or Drain()
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or follow the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the start and the end of the server."""
        gateway = self._gateway()
        if gateway.access is not None:
            gateway.access.access.start()
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                if gateway.access is not None:
                    gateway.access.access.stop()
                if self._state is not None:
                    await self._state.stop()
                await gateway.ring.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
            if self._state is not None:
                self._state.start()
            await send({"type": "lifespan.startup.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, and end it at once if the client leaves or the time of all is over."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- servers run applications in tasks
        call = ClientCall(task, scope, receive, send)
        self._drain.enter(task)
        try:
            try:
                await self._converse(call)
            except asyncio.CancelledError:
                if call.is_gone or call.is_over or not self._drain.is_expired:
                    raise
                task.uncancel()
                await _end_early(call)
            finally:
                await call.end()
        except asyncio.CancelledError:
            if not call.is_gone:
                raise
            task.uncancel()
        except ClientGoneError:
            call.is_gone = True
        except StreamBrokenError as error:
            call.failure = error
            if not call.is_gone:
                await _break_off(call)
        finally:
            self._drain.leave(task)
            if call.watched is not None:
                _record(call, call.watched, self._gateway())

    async def _converse(self, call: ClientCall) -> None:
        """Read a request and send its answer."""
        gateway, head = self._gateway(), call.head
        route = find_route(head.method, head.path.path, head.headers)
        call.wire = route.wire
        _watch(call, route, gateway)
        origin: str | None = None
        try:
            if not route.is_public:
                _check_host(call, gateway)
                origin = origins.check_origin(head.headers, gateway.table)
            if origin is not None and _is_preflight(head):
                answer = origins.preflight(origin, head.headers)
            else:
                request = await self._read(call, route, gateway)
                call.watch()
                answer = await self._answer(gateway, request, route)
        except ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 -- every error is answered in the client's form
            if call.is_gone:
                return
            call.failure = error
            answer = _error_answer(error, call, gateway)
        answer = _completed(answer, call, origin)
        if isinstance(answer.body, bytes) and len(answer.body) > sending.PACKED_FROM:
            answer = await sending.packed(answer, head.headers.get("accept-encoding", ""))
        is_read = call.is_read or await _is_drained(call, answer)
        if not is_read or self._drain.is_draining:
            headers = {"connection": "close", **answer.headers}
            answer = msgspec.structs.replace(answer, headers=headers)
        await _send(answer, call, ends=is_read)
        if not is_read:
            # A connection that is closed while the client still sends may lose it the answer.
            await drain_body(call.receive)
            call.is_over = True
            await sending.send_end(call.send)

    async def _read(
        self, call: ClientCall, route: GatewayRoute, gateway: Gateway
    ) -> GatewayRequest:
        """Read the rest of a request that may be answered."""
        if self._drain.is_expired and not route.is_public:
            raise NotReadyError("the gateway is ending; try again")
        if route.refusal is not None:
            raise route.refusal
        head, scope = call.head, call.scope
        query: Mapping[str, str] = _query(scope) if scope["query_string"] else {}
        headers: Mapping[str, str] = head.headers
        address = (scope.get("client") or ("",))[0]
        caller, access = ANYONE, gateway.access
        if access is not None and access.is_on and route.needs != "nothing":
            is_list = route.handler.startswith(_MODELS)
            if is_list and call.wire is CHAT and "key" in query:
                call.wire = GEMINI
            key = presented_key(headers, query, reads_query=is_list or call.wire is GEMINI)
            caller = access.caller(key, call.wire.name, address, route.needs)
            headers, query = without_key(headers), query_without_key(query)
            call.is_terse = caller.is_terse
            if call.watched is not None:
                call.watched.caller = caller
        limit = gateway.table.body_limit
        body = await read_body(call.receive, head.headers, limit, has_arrived=call.has_arrived)
        if body:
            origins.check_media_type(head.headers)
        if call.watched is not None:
            call.watched.read = time.perf_counter()
        return GatewayRequest(
            method=head.method,
            path=head.path.path,
            query=query,
            headers=headers,
            body=body,
            profile=head.path.profile,
            client=address,
            caller=caller,
        )

    async def _answer(
        self, gateway: Gateway, request: GatewayRequest, route: GatewayRoute
    ) -> GatewayAnswer:
        if route.handler == _READY and self._drain.is_draining:
            return not_ready("the gateway is ending")
        if route.handler == _READY and gateway.access is not None and gateway.access.is_blind:
            return not_ready("the keys can't be read")
        handler = self._handler(route.handler)
        answer = await handler(gateway=gateway, request=request, **route.arguments)
        if (running := watched()) is not None:
            running.headers = answer.headers
        if self._on_call is not None and _ALIAS in answer.headers:
            self._on_call(answer.headers.get(_PROFILE, ""), answer.headers[_ALIAS])
        return answer


def _check_host(call: ClientCall, gateway: Gateway) -> None:
    bound = (call.scope.get("server") or (None,))[0]
    origins.check_host(call.head.headers.get("host"), gateway.table, bound)


def _is_preflight(head: CallHead) -> bool:
    return head.method == "OPTIONS" and "access-control-request-method" in head.headers


def _query(scope: Scope) -> dict[str, str]:
    text = scope["query_string"].decode("latin-1")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise RefusedCallError(f"the query has more than {_MOST_FIELDS} fields") from error


def _error_answer(error: Exception, call: ClientCall, gateway: Gateway) -> GatewayAnswer:
    """Return the answer to a call that failed, in the form of its API."""
    shown = gateway.table.show_upstream_errors
    quote = gateway.is_open if shown is None else shown
    answer = error_answer(error, call.wire, request_id=call.head.request_id, quote=quote)
    if isinstance(error, UpgradeRefusedError):
        # https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
        more = {"upgrade": "HTTP/1.1", "connection": "upgrade, close"}
        return msgspec.structs.replace(answer, headers={**answer.headers, **more})
    return answer


def _report_broken(error: Exception, call: ClientCall) -> None:
    """Log why a stream has failed after its beginning."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    detail = redact("\n".join(map(one_line, lines)))
    _log.error("the answer to request %s broke off: %s", call.head.request_id, detail)


def _completed(answer: GatewayAnswer, call: ClientCall, origin: str | None) -> GatewayAnswer:
    """Return an answer with the headers that all have."""
    request_id = call.head.request_id
    shown = answer.headers
    if call.is_terse:
        shown = {name: text for name, text in shown.items() if not name.startswith(_ABOUT_CALLS)}
    headers = {"x-request-id": request_id, **shown}
    if call.wire is MESSAGES:
        headers.setdefault("request-id", request_id)
    if origin is not None and "access-control-allow-origin" not in headers:
        headers |= origins.shared_headers(origin, headers)
    return msgspec.structs.replace(answer, headers=headers)


async def _is_drained(call: ClientCall, answer: GatewayAnswer) -> bool:
    """Read what an early answer leaves of the body; return False if more of it may come."""
    headers = call.head.headers
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return True
    if answer.status in (408, 413) or "expect" in headers:
        return False
    return await drain_body(call.receive)


def _watch(call: ClientCall, route: GatewayRoute, gateway: Gateway) -> None:
    """Keep the facts of a call from now on, if calls are recorded."""
    if gateway.watching is not None and not route.is_state:
        head = call.head
        name = route_name(head.path.path)
        call.watched = gateway.watching.begin(head.method, route.operation, name, head.headers)


def _record(call: ClientCall, running: RunningCall, gateway: Gateway) -> None:
    """Record a call that has ended, in whatever way."""
    if gateway.watching is None:
        return
    end = CallEnd(
        at=time.perf_counter(),
        request_id=call.head.request_id,
        wire=call.wire.name,
        user_agent=call.head.headers.get("user-agent", ""),
        status=None if call.begun is None else call.begun.status,
        failure=call.failure,
        is_gone=call.is_gone,
    )
    gateway.watching.end(running, end, with_keys=gateway.table.metrics_keys)


async def _send(answer: GatewayAnswer, call: ClientCall, *, ends: bool) -> None:
    """Send an answer.

    Args:
        answer: The answer.
        call: The call.
        ends: False to leave it open.

    Raises:
        StreamBrokenError: Its stream has failed.
    """
    call.begun = answer
    await sending.send_head(answer, call.send)
    is_head = call.head.method == "HEAD"
    if isinstance(answer.body, bytes):
        call.is_over = ends and len(answer.body) <= sending.PIECE
        await sending.send_bytes(b"" if is_head else answer.body, call.send, ends=ends)
        call.is_over = ends
        return
    try:
        if is_head:
            await sending.close_pieces(answer.body)
        else:
            await sending.send_pieces(answer.body, call.send)
    except Exception as error:
        if not call.is_gone:
            _report_broken(error, call)
        raise StreamBrokenError from error
    if ends:
        call.is_over = True
        await sending.send_end(call.send)


async def _end_early(call: ClientCall) -> None:
    """End a call whose time is over as its API ends a call that fails.

    Raises:
        StreamBrokenError: The answer has begun, and its form has no such end.
    """
    call.failure = error = NotReadyError("the gateway has ended; try again")
    if call.begun is None:
        answer = error_answer(error, call.wire, request_id=call.head.request_id, quote=False)
        answer = msgspec.structs.replace(answer, headers={"connection": "close", **answer.headers})
        await _send(_completed(answer, call, None), call, ends=True)
    elif isinstance(call.begun.body, bytes):
        raise StreamBrokenError
    else:
        await sending.send_bytes(_failing_end(error, call, call.begun), call.send, ends=True)
    call.is_over = True


def _failing_end(error: NotReadyError, call: ClientCall, answer: GatewayAnswer) -> bytes:
    """Return the end of a stream that fails, as a client of its API reads it."""
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if media_type not in ("text/event-stream", "application/x-ndjson"):
        raise StreamBrokenError
    from llmring.dialects.reply_encoding import Envelope

    fault = stream_error(error, call.wire, request_id=call.head.request_id, quote=False)
    # Only the last event: the reply has had its beginning.
    last = call.wire.dialect.reply_encoding().encoder(Envelope()).fail(fault)[-1]
    return b"\n\n" + last if media_type == "text/event-stream" else last


async def _break_off(call: ClientCall) -> None:
    """Close a connection so that the client sees that its answer is not whole.

    Raises:
        StreamBrokenError: The server has no way of its own; it closes the connection for this.
    """
    connection = call.connection
    if connection is None:
        raise StreamBrokenError
    connection.break_off()
    try:
        async with asyncio.timeout(_BROKEN_OFF_SECONDS):
            await call.until_gone()
    except TimeoutError:
        connection.break_off(at_once=True)
