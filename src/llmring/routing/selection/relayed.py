"""The request that a client's program sent, passed on to a server with the same API.

The body stays as it came, byte for byte, except for what must change for this server. What that is
shows in two encodings of the request: one for the server that is asked, and one for a server that
takes all that the API has. Where they differ in single values, these are spliced into the body; a
difference in the conversation, its tools or the form of the answer takes a new body.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Set
from typing import Any, Final, cast

import msgspec
from msgspec import UNSET, Struct

from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import ParsedRequest, Relay, VerbatimBody
from llmring.chat.parts import Part, ProviderPart, ReasoningPart
from llmring.dialects.call_ids import ANY
from llmring.dialects.dialect import AS_GIVEN, EVERY_FIELD, Outgoing, Quirks
from llmring.dialects.relay.body_splice import MemberPath, repeated, spliced, value_in
from llmring.exceptions import LLMRingError
from llmring.routing.selection.own_parts import for_api
from llmring.routing.targets import Target
from llmring.wire import HttpRequest

Changes = dict[MemberPath, Any]

# The parts of a request, at any depth, whose form differs between clients that mean the same.
_WHOLE = frozenset(
    {
        "contents",
        "format",
        "input",
        "instructions",
        "messages",
        "responseJsonSchema",
        "responseSchema",
        "response_format",
        "safetySettings",
        "system",
        "systemInstruction",
        "toolConfig",
        "tool_choice",
        "tools",
    }
)
_ABSENT: Final = object()
_LONGEST_AGENT = 256


class RelayedRequest(Struct, frozen=True):
    """The request to send in place of a client's.

    Attributes:
        http: The request.
        relay: How much of the client's body it has.
    """

    http: HttpRequest
    relay: Relay


class _WatchedQuirks:
    """The differences of a server, and which of them an encoder looks at."""

    def __init__(self, quirks: Quirks) -> None:
        self.seen: set[str] = set()
        self._quirks = quirks

    def __getattr__(self, name: str) -> Any:
        self.seen.add(name)
        return getattr(self._quirks, name)


def relayed(
    asked: ParsedRequest,
    fitted: ParsedRequest,
    target: Target,
    *,
    stream: bool,
    is_as_asked: bool = False,
) -> RelayedRequest:
    """Return the request that asks a model what a client's program asked.

    Args:
        asked: The request of the client, with its body.
        fitted: The same, as the model takes it.
        target: The model.
        stream: Whether the answer is streamed.
        is_as_asked: True if nothing was changed for the model.

    Raises:
        UnsupportedFeatureError: The API has no equivalent for a part of the request.
    """
    watched = _WatchedQuirks(target.quirks)
    quirks = cast("Quirks", watched)
    outgoing = target.dialect.encode(fitted, target.ref.model, stream=stream, quirks=quirks)
    verbatim = asked.verbatim
    if verbatim is None or verbatim.dialect != target.dialect.name:
        return RelayedRequest(target.endpoint.request(outgoing, target.dialect), "translated")
    own = _passed_on(verbatim, target)
    seen = watched.seen if is_as_asked else None
    changes = _changes(asked, verbatim, outgoing, target, stream=stream, seen=seen)
    if changes is None:
        http = target.endpoint.request(outgoing, target.dialect)
        http = msgspec.structs.replace(http, headers={**http.headers, **own})
        return RelayedRequest(http, "translated")
    body = spliced(verbatim.body, changes, verbatim.members) if changes else verbatim.body
    headers = {
        "content-type": "application/json",
        **target.endpoint.headers(target.dialect),
        **outgoing.headers,
        **own,
    }
    url = target.endpoint.url(outgoing.path)
    relay: Relay = "adapted" if changes.keys() - {("model",)} else "verbatim"
    notes = tuple(
        f"{field} set to {str(value).lower()}: the gateway allows nothing else"
        for field, value in target.dialect.relaying.fixed.items()
        if (field,) in changes and value_in(verbatim.body, (field,)) not in (None, b"null")
    )
    return RelayedRequest(HttpRequest("POST", url, headers, body, notes), relay)


def _changes(
    asked: ParsedRequest,
    verbatim: VerbatimBody,
    outgoing: Outgoing,
    target: Target,
    *,
    stream: bool,
    seen: Set[str] | None,
) -> Changes | None:
    """Return the values to splice into a client's body; None if that is not enough.

    `seen` are the differences of the server that the request depends on; None if it depends on
    more.
    """
    is_plain = not outgoing.notes and outgoing.body is None and outgoing.method == "POST"
    if not is_plain or _has_refused_thoughts(asked, target):
        return None
    if repeated(verbatim.members):
        # Servers differ in which of two values counts.
        return None
    places = {member.key: member for member in verbatim.members}
    sent = outgoing.payload
    is_same = seen is not None and _is_usual(asked, target, places, seen)
    for_all = sent if is_same else _for_all(asked, places, target, stream=stream)
    if for_all is None:
        return None
    keys = {key for key in (*for_all, *sent) if not _is_same(for_all, sent, key)}
    if keys & _WHOLE:
        return None
    keys |= _SETTLED | target.dialect.relaying.fixed.keys()
    given = {key: places[key] for key in keys if key in places}
    body = {
        key: msgspec.json.decode(verbatim.body[member.value_begin : member.end])
        for key, member in given.items()
    }
    changes: Changes = {}
    own = _decoded(sent, keys)
    if not _add_changes(changes, (), body, _decoded(for_all, keys), own):
        return None
    _add_settled(changes, body, own, target, stream=stream)
    return changes


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    """Return True if two payloads have the same JSON under a key."""
    here, there = one.get(key, _ABSENT), other.get(key, _ABSENT)
    if here is there or here == there:
        return True
    # Sequences of any type are arrays.
    return _ABSENT not in (here, there) and json_bytes(here) == json_bytes(there)


def _decoded(payload: Mapping[str, Any], keys: Set[str]) -> dict[str, Any]:
    """Return the members of a payload as a server decodes them."""
    return {key: msgspec.json.decode(json_bytes(payload[key])) for key in keys if key in payload}


def _has_refused_thoughts(asked: ParsedRequest, target: Target) -> bool:
    """Return True if the server refuses thoughts without a signature, and there are any."""
    if not target.dialect.relaying.needs_signatures or target.quirks.signatures == "any":
        return False
    return any(
        _is_unsigned(part)
        for turn in asked.turns
        if not isinstance(turn.content, str)
        for part in turn.parts
    )


def _is_unsigned(part: Part) -> bool:
    match part:
        case ReasoningPart(signature=signature):
            return not signature
        case ProviderPart(content={"type": "thinking", **block}):
            return not block.get("signature")
    return False


def _is_usual(asked: ParsedRequest, target: Target, body: Container[str], seen: Set[str]) -> bool:
    """Return True if a server that takes all that the API has is sent the same for certain."""
    own, usual = target.quirks, _taking_all(target.quirks, body)
    if not own.vendor and asked.own is not None:
        private = target.dialect.private
        if not private.isdisjoint((*asked.own.fields, *asked.own.required)):
            return False
    changed = {name for name in seen if getattr(own, name) != getattr(usual, name)}
    return not changed or (changed == {"call_ids"} and _has_fitting_ids(asked, target))


def _has_fitting_ids(asked: ParsedRequest, target: Target) -> bool:
    """Return True if a server takes the IDs of all calls as they are."""
    rule = target.quirks.call_ids or target.dialect.relaying.call_ids
    ids = [call["id"] for turn in asked.turns for call in turn.calls]
    known = set(ids)
    return (
        rule is not None
        and len(known) == len(ids)
        and all(rule.accepts(id_) for id_ in ids)
        and all(turn.tool_call_id in known for turn in asked.turns if turn.role == "tool")
    )


def _for_all(
    asked: ParsedRequest, body: Container[str], target: Target, *, stream: bool
) -> dict[str, Any] | None:
    """Return the body for a server that takes all that the API has; None if it has no form."""
    quirks = _taking_all(target.quirks, body)
    try:
        request, _ = for_api(asked, target.dialect, quirks)
        outgoing = target.dialect.encode(request, target.ref.model, stream=stream, quirks=quirks)
    except LLMRingError:
        return None
    return outgoing.payload


def _taking_all(quirks: Quirks, body: Container[str]) -> Quirks:
    names = ("max_tokens", "max_completion_tokens")
    return msgspec.structs.replace(
        quirks,
        max_tokens_field=next((name for name in names if name in body), quirks.max_tokens_field),
        json_schema=True,
        json_mode=True,
        any_schema=True,
        reasoning="effort",
        reasoning_field=AS_GIVEN,
        reasoning_on="thought",
        signatures="any",
        call_ids=ANY,
        bridges=False,
        message_fields=EVERY_FIELD,
        caching=quirks.caching,
        signed_calls=True,
        system_turns=True,
        vendor=True,
        betas=None,
    )


def _add_changes(
    changes: Changes,
    path: MemberPath,
    body: Mapping[str, Any],
    for_all: Mapping[str, Any],
    sent: Mapping[str, Any],
) -> bool:
    """Add what differs between two encodings of a body; return False if it can't be spliced."""
    for key in dict.fromkeys((*for_all, *sent)):
        usual, own, given = (each.get(key, _ABSENT) for each in (for_all, sent, body))
        if usual == own or (not path and key in _SETTLED):
            continue
        if key in _WHOLE:
            return False
        here = (*path, key)
        if isinstance(usual, dict) and isinstance(own, dict) and isinstance(given, dict):
            if not _add_changes(changes, here, given, usual, own):
                return False
        elif own is _ABSENT:
            if given is not _ABSENT:
                changes[here] = UNSET
        elif usual is not _ABSENT and given is _ABSENT:
            # The client gave it under another name, and both would be sent.
            return False
        elif own != given:
            changes[here] = own
    return True


# Fields in which the body of a client may differ from that of any encoding.
_SETTLED = frozenset({"betas", "model", "stream", "stream_options"})


def _add_settled(
    changes: Changes,
    body: Mapping[str, Any],
    sent: Mapping[str, Any],
    target: Target,
    *,
    stream: bool,
) -> None:
    rules = target.dialect.relaying
    for field, value in rules.fixed.items():
        if body.get(field, _ABSENT) != value:
            changes[field,] = value
    if body.get("model") != sent.get("model"):
        changes["model",] = sent.get("model", UNSET)
    for field in rules.as_headers & body.keys():
        changes[field,] = UNSET
    if rules.streams is not None and body.get("stream", rules.streams) != stream:
        changes["stream",] = stream
    options = sent.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        given = body.get("stream_options")
        if not isinstance(given, dict):
            changes["stream_options",] = {"include_usage": True}
        elif given.get("include_usage") is not True:
            changes["stream_options", "include_usage"] = True
    elif "stream_options" in body and options is None:
        changes["stream_options",] = UNSET


def _passed_on(verbatim: VerbatimBody, target: Target) -> dict[str, str]:
    given = verbatim.headers
    names = target.dialect.relaying.headers
    found = {name: given[name] for name in names if name in given and _is_plain(given[name])}
    agent = given.get("user-agent", "")
    if agent and _is_plain(agent):
        found["user-agent"] = f"llmring {agent[:_LONGEST_AGENT]}"
    return found


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
