"""The reading of a client's chat: what it calls, and in what form it wants the answer."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.parsed_request import BodyMember, ParsedRequest, VerbatimBody
from llmring.dialects.foreign.tool_names import ForeignTool, foreign_tools
from llmring.dialects.gemini.decode_request import wants_thoughts
from llmring.dialects.gemini.encode_reply import ARRAY_ENCODING
from llmring.dialects.ollama.encode_reply import PROMPT_ENCODING
from llmring.dialects.relay.body_splice import members_of, repeated
from llmring.dialects.relay.open_requests import open_messages
from llmring.dialects.relay.sealed_signatures import SealKey, endpoint_mark
from llmring.dialects.reply_encoding import Envelope, ReplyEncoding
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError
from llmring.gateway.call_terms import call_tags, call_wishes
from llmring.gateway.chats.cache_group import cache_group
from llmring.gateway.chats.client_events import Shown
from llmring.gateway.chats.conversation import conversation_of, session_of
from llmring.gateway.chats.missing_results import with_all_results
from llmring.gateway.chats.named_models import check_named_models
from llmring.gateway.chats.named_servers import check_named_servers
from llmring.gateway.chats.own_names import needs_own_name
from llmring.gateway.chats.reply_ids import new_reply_id
from llmring.gateway.http import GatewayRequest
from llmring.gateway.naming import (
    CalledName,
    ClientWishes,
    called,
    calls_directly,
    client_wishes,
)
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, Wire
from llmring.providers.endpoint import Endpoint
from llmring.routing.call_wishes import CallWishes
from llmring.routing.estimate import estimate_tokens


class ReadChat(Struct, frozen=True, kw_only=True):
    """A chat of a client, ready to be sent.

    Attributes:
        wire: The client's API.
        asked: The request as the client sent it.
        called: The name and the profile that it calls.
        request: The call of the ring.
        encoding: The encoding of the reply.
        envelope: The fields of the reply that no provider gives.
        tools: The client's own tools by the names of their functions, of an API that has such.
        shown: The part of the answer that the client sees.
        conversation: The ID of the conversation.
        seal_key: The key of the seals in it.
        wishes: The wishes for the call: its client's, and those of the conversation so far.
        request_id: The ID of the request.
        reports: True if a stream ends with a report on the call.
    """

    wire: Wire
    asked: ClientRequest
    called: CalledName
    request: ParsedRequest
    encoding: ReplyEncoding
    envelope: Envelope
    tools: Mapping[str, ForeignTool]
    shown: Shown
    conversation: str
    seal_key: SealKey
    wishes: CallWishes
    request_id: str
    reports: bool = False

    @property
    def name_in_bytes(self) -> str | None:
        """The name of the model that is put into bytes that are passed on; None to leave theirs."""
        return self.shown.model if self.wire is MESSAGES else None


def read_chat(
    gateway: Gateway,
    wire: Wire,
    request: GatewayRequest,
    *,
    model: str | None,
    stream: bool | None,
) -> ReadChat:
    """Read a chat of a client.

    Args:
        gateway: The gateway.
        wire: The client's API.
        request: The request.
        model: The name of the model, where the API has it in the path.
        stream: Whether the client asks for a stream, where the API has it in the path.

    Raises:
        RequestFormatError: The request is not one of the API.
        RefusedCallError: The client may not call this.
        ValidationError: The request can't be sent.
    """
    asked = _asked(wire, request, model, stream)
    members = members_of(request.body)
    _refuse_repeated(request.body, members)
    named = called(gateway, wire, request, asked.model)
    wishes = client_wishes(request.headers)
    encoding = _encoding(wire, request)
    verbatim = _verbatim(gateway, wire, request, asked, encoding, members)
    key_id = request.caller.key_id
    conversation = conversation_of(request, asked, named, gateway.secret, key_id)
    seal_key = gateway.seal_key(request.caller)
    own = asked.parsed(wire.dialect.name)
    opening = _SealOpening(wire, conversation, seal_key, verbatim)
    parsed = _parsed(gateway, own, named, opening, _wished(own, request, wishes))
    check_named_servers(parsed, gateway.table.allow)
    check_named_models(parsed, direct=calls_directly(gateway, request.caller))
    if (group := cache_group(parsed, conversation)) is not None:
        parsed = msgspec.structs.replace(parsed, cache_group=group)
    shown = _shown(gateway, wire, request, asked)
    return ReadChat(
        wire=wire,
        asked=asked,
        called=named,
        request=parsed,
        encoding=encoding,
        envelope=_envelope(gateway, wire, asked, parsed, wishes),
        tools=foreign_tools(parsed.tools) if wire is RESPONSES else {},
        shown=shown,
        conversation=conversation,
        seal_key=seal_key,
        wishes=call_wishes(
            wire,
            request,
            wishes,
            gateway.table,
            session=session_of(request, asked),
            prefer=gateway.affinity.preferred(conversation),
            renames=wire is MESSAGES and shown.model is not None,
        ),
        request_id=request.headers.get("x-request-id", ""),
        reports=wishes.report,
    )


def _asked(
    wire: Wire, request: GatewayRequest, model: str | None, stream: bool | None
) -> ClientRequest:
    found = wire.dialect.request_decoding()(request.body, request.headers)
    return msgspec.structs.replace(
        found,
        model=found.model if model is None else model,
        stream=found.stream if stream is None else stream,
    )


def _envelope(
    gateway: Gateway, wire: Wire, asked: ClientRequest, parsed: ParsedRequest, wishes: ClientWishes
) -> Envelope:
    return Envelope(
        model=asked.model,
        id=new_reply_id(wire.name),
        created=gateway.ring.clock.time_ns() // 10**9,
        include_usage=asked.include_usage or wishes.report,
        estimate=functools.partial(_estimate, parsed) if wire is MESSAGES else None,
        echo=asked.echo,
    )


def _estimate(request: ParsedRequest) -> Usage:
    return Usage(prompt_tokens=max(1, estimate_tokens(request).prompt))


class _SealOpening(Struct, frozen=True):
    """The means to open the seals in a request."""

    wire: Wire
    conversation: str
    seal_key: SealKey
    verbatim: VerbatimBody | None


def _parsed(
    gateway: Gateway,
    request: ParsedRequest,
    named: CalledName,
    opening: _SealOpening,
    wished: Mapping[str, Any],
) -> ParsedRequest:
    own = request.turns
    if opening.wire in (CHAT, OLLAMA):
        own = gateway.signatures.restored(opening.conversation, own)
    opened = open_messages(own, opening.seal_key, marks(gateway))
    turns = with_all_results(opened)
    # What another server sealed goes back to it opened, and to no other.
    is_open = len(turns) == len(request.turns) and all(map(operator.is_, turns, request.turns))
    return msgspec.structs.replace(
        request,
        model=named.name,
        turns=turns,
        verbatim=opening.verbatim if is_open else None,
        **wished,
    )


def _wished(
    parsed: ParsedRequest, request: GatewayRequest, wishes: ClientWishes
) -> Mapping[str, Any]:
    """Return the fields of a call with the tags and the time that it is to have."""
    metadata = dict(parsed.metadata or {})
    if tags := call_tags(request, wishes):
        metadata["tags"] = tags
    timeout = parsed.timeout if wishes.timeout is None else wishes.timeout
    return {"metadata": metadata or None, "timeout": timeout}


def _verbatim(
    gateway: Gateway,
    wire: Wire,
    sent: GatewayRequest,
    asked: ClientRequest,
    encoding: ReplyEncoding,
    members: tuple[BodyMember, ...],
) -> VerbatimBody | None:
    """Return the request as it was sent; None if it has another form than the API's own chats."""
    if encoding is PROMPT_ENCODING:
        return None
    is_array = encoding is ARRAY_ENCODING and asked.stream
    if is_array and asked.answers > 1:
        raise RequestFormatError(
            "candidateCount: several answers are streamed as events alone; add alt=sse",
            "generationConfig.candidateCount",
        )
    # Another name can be put into the bytes of Anthropic's API. Several answers come as their bytes
    # alone, whatever name of the model these have.
    keeps_name = wire is MESSAGES or gateway.table.body_model != "asked" or asked.answers > 1
    is_own = not is_array and keeps_name
    return VerbatimBody(
        dialect=wire.dialect.name,
        body=sent.body,
        members=members,
        headers=sent.headers,
        shows=is_own,
    )


# The keys that decide who answers, how and at what price. Servers differ in which of two counts.
_DECIDING = frozenset(
    {
        "model",
        "stream",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "maxOutputTokens",
        "num_predict",
    }
)
# The tables in which Gemini's and Ollama's APIs have them.
_TABLES = frozenset({"generationConfig", "generation_config", "options"})


def _refuse_repeated(body: bytes, members: tuple[BodyMember, ...], place: str = "") -> None:
    for name in repeated(members):
        if name in _DECIDING or name in _TABLES:
            field = f"{place}{name}"
            raise RequestFormatError(f"{field} is given more than once; give it once", field)
    for member in members:
        value = body[member.value_begin : member.end]
        if member.key in _TABLES and not place and value.startswith(b"{"):
            _refuse_repeated(value, members_of(value), f"{member.key}.")


def marks(gateway: Gateway) -> Mapping[str, str]:
    """Return the names of the gateway's providers by the marks of their endpoints."""
    found = gateway.ring.endpoints
    known = _MARKS.get(gateway.secret)
    if known is None or known[0] is not found:
        by_mark = {mark_of(gateway.secret, endpoint): name for name, endpoint in found.items()}
        known = _MARKS[gateway.secret] = (found, by_mark)
    return known[1]


_MARKS: dict[bytes, tuple[Mapping[str, Endpoint], Mapping[str, str]]] = {}


def mark_of(secret: bytes, endpoint: Endpoint) -> str:
    """Return the mark of an endpoint."""
    return _mark(secret, endpoint.provider.name, endpoint.base_url)


@functools.lru_cache(maxsize=1024)
def _mark(secret: bytes, provider: str, base_url: str) -> str:
    return endpoint_mark(secret, provider, base_url)


def _encoding(wire: Wire, request: GatewayRequest) -> ReplyEncoding:
    if wire is GEMINI and request.query.get("alt") != "sse":
        return ARRAY_ENCODING
    if wire is OLLAMA and request.path.endswith("/generate"):
        return PROMPT_ENCODING
    return wire.dialect.reply_encoding()


def _shown(gateway: Gateway, wire: Wire, request: GatewayRequest, asked: ClientRequest) -> Shown:
    """Return the part of the answer that the client sees; some need their own name in it."""
    is_named = gateway.table.body_model == "asked" or (
        wire is MESSAGES and needs_own_name(request.headers)
    )
    return Shown(reasoning=_shows_reasoning(wire, asked), model=asked.model if is_named else None)


def _shows_reasoning(wire: Wire, asked: ClientRequest) -> bool:
    if wire is GEMINI:
        return wants_thoughts(asked)
    if wire in (MESSAGES, OLLAMA):
        wanted = asked.request.reasoning()
        return wanted is not None and not wanted.is_off
    return True
