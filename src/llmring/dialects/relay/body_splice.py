"""Changes to single members of a JSON object in bytes; every other byte stays.

A body that is decoded and encoded again has the same meaning, but other spaces, escapes and
numbers, and a vendor that signs parts of a conversation refuses it. So the value of a member is
cut out and replaced where it is, after one pass over the bytes that decodes no value.

https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import BodyMember
from llmring.dialects.request_decoding import RequestFormatError

# The keys that lead to a value, from the outermost object.
MemberPath = tuple[str, ...]

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_QUOTE = ord('"')
_OPENING = b"{["
_AFTER_VALUE = b" \t\r\n,}"
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_KEY = re.compile(rb'[ \t\r\n,]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,}\]]++")
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)


def members_of(body: bytes) -> tuple[BodyMember, ...]:
    """Return the members of the JSON object that a text is, in their order, repeated ones too.

    Raises:
        RequestFormatError: The text is not JSON in UTF-8, or not an object.
    """
    return _members(body, 0, len(body), ())


def repeated(members: tuple[BodyMember, ...]) -> tuple[str, ...]:
    """Return the keys that several members have: readers differ in which of them counts."""
    if len({member.key for member in members}) == len(members):
        return ()
    counts = Counter(member.key for member in members)
    return tuple(key for key, count in counts.items() if count > 1)


def value_in(body: bytes, path: MemberPath) -> bytes | None:
    """Return the bytes of the value at a path; None without one.

    Raises:
        RequestFormatError: The text is not a JSON object, or a key on the path is repeated.
    """
    places, _ = _on_the_way(body, path)
    if len(places) < len(path):
        return None
    return body[places[-1].value_begin : places[-1].end]


def spliced(
    body: bytes, changes: Mapping[MemberPath, Any], members: tuple[BodyMember, ...] = ()
) -> bytes:
    """Return the body with other values at some paths; every other byte stays.

    Args:
        body: A JSON object.
        changes: By path, the new value, encoded if it is a `msgspec.Raw`; UNSET removes the
            member. A new member comes last in its object, and objects on the way to it are made.
        members: The members of the body, if they are known, none of them repeated.

    Raises:
        RequestFormatError: The body is not a JSON object, a key on a path is repeated, or a value
            on the way is not an object.
    """
    places: dict[MemberPath, BodyMember] = {(member.key,): member for member in members}
    if changes.keys() <= places.keys() and UNSET not in changes.values():
        return _replaced(body, [(places[path], value) for path, value in changes.items()])
    for path, value in changes.items():
        body = _without(body, path) if value is UNSET else _with(body, path, value)
    return body


def _replaced(body: bytes, values: list[tuple[BodyMember, Any]]) -> bytes:
    """Return the body with other values in place of those of some of its members."""
    pieces, at = [], 0
    for member, value in sorted(values, key=lambda each: each[0].begin):
        pieces += [body[at : member.value_begin], _encoded(value)]
        at = member.end
    return b"".join([*pieces, body[at:]])


def _encoded(value: Any) -> bytes:
    return bytes(value) if isinstance(value, msgspec.Raw) else json_bytes(value)


def _with(body: bytes, path: MemberPath, value: Any) -> bytes:
    new = _encoded(value)
    places, members = _on_the_way(body, path)
    if len(places) == len(path):
        return body[: places[-1].value_begin] + new + body[places[-1].end :]
    key, *inner = path[len(places) :]
    for name in reversed(inner):
        new = b"{" + json_bytes(name) + b":" + new + b"}"
    new = json_bytes(key) + b":" + new
    if members:
        at = members[-1].end
        return body[:at] + b"," + new + body[at:]
    at = 1 + (body.index(b"{") if not places else places[-1].value_begin)
    return body[:at] + new + body[at:]


def _without(body: bytes, path: MemberPath) -> bytes:
    places, members = _on_the_way(body, path)
    if len(places) < len(path):
        return body
    at = members.index(places[-1])
    begin, end = members[at].begin, members[at].end
    # One comma goes too: the one after the member or, at the end of the object, the one before.
    if at + 1 < len(members):
        end = members[at + 1].begin
    elif at:
        begin = members[at - 1].end
    return body[:begin] + body[end:]


def _on_the_way(body: bytes, path: MemberPath) -> tuple[list[BodyMember], tuple[BodyMember, ...]]:
    """Return the members along a path as far as they exist, and those of the last object."""
    places: list[BodyMember] = []
    begin, end = 0, len(body)
    while True:
        done = path[: len(places)]
        members = _members(body, begin, end, done)
        if len(places) == len(path):
            return places, members
        key = path[len(places)]
        found = [member for member in members if member.key == key]
        if len(found) > 1:
            name = ".".join((*done, key))
            raise RequestFormatError(f"{name} is given more than once; give it once", name)
        if not found:
            return places, members
        places += found
        if len(places) == len(path):
            return places, members
        begin, end = found[0].value_begin, found[0].end


def _members(body: bytes, begin: int, end: int, path: MemberPath) -> tuple[BodyMember, ...]:
    """Return the members of the object in a span, with their places in the whole body."""
    text = body[begin:end] if path else body
    values = _raw_values(text, path)
    # Each value is copied once, however often its key is repeated.
    copies: dict[str, bytes] = {}
    members: list[BodyMember] = []
    at = text.index(b"{") + 1
    while (match := _KEY.match(text, at)) is not None:
        key: str = msgspec.json.decode(match[1])
        if key not in copies:
            copies[key] = bytes(values[key])
        value_begin = match.end()
        at = _value_end(text, value_begin, copies[key])
        members.append(BodyMember(key, begin + match.start(1), begin + value_begin, begin + at))
    return tuple(members)


def _raw_values(text: bytes, path: MemberPath) -> dict[str, msgspec.Raw]:
    """Return the bytes of each value by key, of a repeated key the last ones."""
    try:
        if not path:
            text.decode()  # the decoder does not look into the texts that it skips
        return _OBJECT.decode(text)
    except msgspec.ValidationError:
        name = ".".join(path) if path else None
        raise RequestFormatError(f"{name or 'the body'} must be a JSON object", name) from None
    except (ValueError, RecursionError) as error:
        raise RequestFormatError(f"the body can't be read as JSON: {error}") from None


def _value_end(text: bytes, begin: int, value: bytes) -> int:
    """Return the place after the value at a place of valid JSON.

    Args:
        text: An object.
        begin: The place of the value.
        value: The value of the last member with this key, most likely this one.
    """
    end = begin + len(value)
    # No JSON value is the beginning of another, except for numbers.
    if text.startswith(value, begin) and text[end] in _AFTER_VALUE:
        return end
    if text[begin] == _QUOTE:
        return _end(_STRING, text, begin)
    if text[begin] not in _OPENING:
        return _end(_SCALAR, text, begin)
    depth, at = 0, begin
    while True:
        at = _end(_TO_BRACKET, text, at)
        depth += 1 if text[at] in _OPENING else -1
        at += 1
        if depth == 0:
            return at


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    match = pattern.match(text, at)
    if match is None:
        raise RequestFormatError(f"the body can't be read as JSON at byte {at}")
    return match.end()
