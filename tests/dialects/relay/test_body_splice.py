import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from llmring.chat.parsed_request import BodyMember
from llmring.dialects.relay.body_splice import (
    MemberPath,
    members_of,
    repeated,
    spliced,
    value_in,
)
from llmring.dialects.request_decoding import RequestFormatError

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"

# Texts without halves of UTF-16 pairs, which no decoder here takes.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
WHITE = st.text(" \t\r\n", max_size=3)
KEYS = st.one_of(st.sampled_from(["model", "stream", "max_tokens", "a", ""]), TEXTS)


@st.composite
def string_texts(draw: st.DrawFn, value: st.SearchStrategy[str] = TEXTS) -> str:
    """Write a string as JSON, each character as it is or escaped."""
    written = ""
    for character in draw(value):
        whole = json.dumps(character, ensure_ascii=False)[1:-1]
        halves = memoryview(character.encode("utf-16-le")).cast("H")
        escaped = "".join(f"\\u{half:04x}" for half in halves)
        written += draw(st.sampled_from([whole, escaped]))
    return f'"{written}"'


NUMBERS = st.sampled_from(["0", "-1", "12", "1", "12.5", "1e3", "-0.0", "9" * 40, "1E-2"])
SCALARS = st.one_of(NUMBERS, st.sampled_from(["true", "false", "null"]), string_texts())


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    """Write an object as JSON, with any white space, and with keys that may be repeated."""
    written = []
    for _ in range(draw(st.integers(0, 4))):
        white = [draw(WHITE) for _ in range(4)]
        key, value = draw(string_texts(KEYS)), draw(values)
        written.append(f"{white[0]}{key}{white[1]}:{white[2]}{value}{white[3]}")
    return "{" + (",".join(written) or draw(WHITE)) + "}"


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda each: f"[ {' , '.join(each)}]")


VALUES = st.recursive(SCALARS, lambda inner: objects(inner) | lists(inner), max_leaves=8)
BODIES = st.tuples(WHITE, objects(VALUES), WHITE).map(lambda each: "".join(each).encode())


def pairs_of(body: bytes) -> list[tuple[str, Any]]:
    """Read the outermost members with the standard library, repeated ones too."""
    read: Any = json.loads(body, object_pairs_hook=lambda pairs: pairs)
    return [(key, plain(value)) for key, value in read]


def plain(value: Any) -> Any:
    match value:
        case list() if value and all(isinstance(each, tuple) for each in value):
            return {key: plain(inner) for key, inner in value}
        case list():
            return [plain(each) for each in value]
        case _:
            return value


def rest(body: bytes, member: BodyMember) -> bytes:
    return body[: member.value_begin] + body[member.end :]


def only(body: bytes, key: str) -> BodyMember:
    (member,) = (member for member in members_of(body) if member.key == key)
    return member


@given(BODIES)
def test_members_are_those_that_another_parser_reads(body: bytes) -> None:
    found = members_of(body)

    assert [
        (each.key, plain(json.loads(body[each.value_begin : each.end], object_pairs_hook=list)))
        for each in found
    ] == pairs_of(body)
    assert all(body[each.begin] == ord('"') for each in found)


@given(BODIES)
def test_repeated_keys_are_found_however_they_are_written(body: bytes) -> None:
    keys = [key for key, _ in pairs_of(body)]

    assert sorted(repeated(members_of(body))) == sorted({k for k in keys if keys.count(k) > 1})


@given(BODIES, KEYS, VALUES)
def test_setting_a_member_changes_its_value_and_no_other_byte(
    body: bytes, key: str, value: str
) -> None:
    before = members_of(body)
    if key in repeated(before):
        with pytest.raises(RequestFormatError) as caught:
            spliced(body, {(key,): 1})
        assert caught.value.field == key
        return

    after = spliced(body, {(key,): msgspec.Raw(value.encode())})

    assert json.loads(after) == json.loads(body) | {key: json.loads(value)}
    assert [key for key, _ in pairs_of(after)][: len(before)] == [each.key for each in before]
    if any(each.key == key for each in before):
        assert rest(after, only(after, key)) == rest(body, only(body, key))
    else:
        added = only(after, key)
        begin = added.begin - 1 if before else added.begin
        assert after[:begin] + after[added.end :] == body


@given(BODIES, VALUES, VALUES)
def test_known_members_are_set_as_those_that_are_looked_for(
    body: bytes, first: str, second: str
) -> None:
    members = members_of(body)
    if repeated(members):
        return
    values = [msgspec.Raw(value.encode()) for value in (first, second)]
    changes: dict[MemberPath, Any] = {
        (each.key,): value for each, value in zip(members[::-2], values, strict=False)
    }

    assert spliced(body, changes, members) == spliced(body, changes)


@given(BODIES, KEYS)
def test_removing_a_member_leaves_the_others_byte_for_byte(body: bytes, key: str) -> None:
    before = members_of(body)
    if key in repeated(before):
        return

    after = spliced(body, {(key,): UNSET})

    kept = [each for each in before if each.key != key]
    assert [after[each.begin : each.end] for each in members_of(after)] == [
        body[each.begin : each.end] for each in kept
    ]
    if len(kept) == len(before):
        assert after == body


@given(BODIES, st.lists(KEYS, min_size=2, max_size=3).map(tuple), SCALARS)
def test_a_nested_member_is_set_and_removed_again(
    body: bytes, path: MemberPath, value: str
) -> None:
    after = fault = None
    try:
        after = spliced(body, {path: msgspec.Raw(value.encode())})
    except RequestFormatError as error:
        fault = error.field
    if after is None:
        assert fault in {".".join(path[: at + 1]) for at in range(len(path))}
        return

    assert value_in(after, path) == value.encode()
    tree = json.loads(after)
    for key in path:
        tree = tree[key]
    assert tree == json.loads(value)
    if value_in(body, path) is None:
        assert value_in(spliced(after, {path: UNSET}), path) is None


@given(BODIES, st.data())
def test_damaged_bytes_are_refused_or_still_json(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    damage = data.draw(st.binary(max_size=2))
    damaged = body[:at] + damage + body[at + 1 :]
    try:
        found = members_of(damaged)
    except RequestFormatError:
        return
    keys = [key for key, _ in pairs_of(damaged)]

    assert [each.key for each in found] == keys


@given(st.binary(max_size=40))
@example(b"")
@example(b"[]")
@example(b'{"a":[1,,2]}')
@example(b'{"a":1,}')
@example(b'{"a":{"b":1]}')
@example(b'{"a":"\xff"}')
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":NaN}')
@example(b'{"a":1} {"a":2}')
@example(b'{"a":' + b"[" * 100_000)
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    try:
        decoded = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        decoded = None
    if isinstance(decoded, dict):
        members_of(body)
        return

    with pytest.raises(RequestFormatError):
        members_of(body)


def test_an_escaped_key_is_the_same_key() -> None:
    body = rb'{"mod\u0065l" : "fast", "x": "\u00e9"}'

    assert spliced(body, {("model",): "b"}) == rb'{"mod\u0065l" : "b", "x": "\u00e9"}'
    assert repeated(members_of(rb'{"mod\u0065l": 1, "model": 2}')) == ("model",)


def test_repeated_members_are_found_where_one_number_begins_with_the_other() -> None:
    body = b'{"a":12,"a":1,"b":[{"c":"]}"}],"b":"\\"","b":true}'

    assert [body[each.value_begin : each.end] for each in members_of(body)] == [
        b"12",
        b"1",
        b'[{"c":"]}"}]',
        b'"\\""',
        b"true",
    ]


def test_a_member_of_an_object_that_is_missing_is_added_with_it() -> None:
    path = ("stream_options", "include_usage")

    assert spliced(b'{"a" : 1 }', {path: True}) == (
        b'{"a" : 1,"stream_options":{"include_usage":true} }'
    )
    assert spliced(b'{"stream_options":{ }}', {path: True}) == (
        b'{"stream_options":{"include_usage":true }}'
    )


def test_several_changes_are_made_in_one_go() -> None:
    body = b'{"model":"a","max_tokens":9,"temperature":1}'
    changes: dict[MemberPath, Any] = {("model",): "b", ("temperature",): UNSET, ("max_tokens",): 5}

    assert spliced(body, changes) == b'{"model":"b","max_tokens":5}'


def test_a_value_on_the_way_that_is_not_an_object_is_named() -> None:
    with pytest.raises(RequestFormatError, match="stream_options must be a JSON object") as caught:
        spliced(b'{"stream_options": 1}', {("stream_options", "include_usage"): True})

    assert caught.value.field == "stream_options"


def test_a_key_that_is_repeated_very_often_takes_no_more_time_than_its_length() -> None:
    body = b"{" + b'"a":[1,"x"],' * 100_000 + b'"a":"' + b"x" * 10_000_000 + b'"}'

    begin = time.perf_counter()
    found = members_of(body)

    assert len(found) == 100_001
    assert time.perf_counter() - begin < 20


def expanded(value: Any) -> Any:
    match value:
        case str():
            return re.sub(r"text\((\d+)\)", lambda found: "x" * int(found[1]), value)
        case list():
            return [expanded(each) for each in value]
        case dict():
            return {key: expanded(inner) for key, inner in value.items()}
        case _:
            return value


def bodies(pattern: str = "*.json") -> Iterator[bytes]:
    for path in sorted(CAPTURES.glob(pattern)):
        for request in json.loads(path.read_text()):
            if isinstance(request.get("body"), dict):
                yield json.dumps(expanded(request["body"])).encode()


needs_captures = pytest.mark.skipif(not CAPTURES.exists(), reason="../shared is not here")


@needs_captures
def test_in_the_bodies_of_real_clients_all_but_the_model_s_value_stays() -> None:
    count = 0
    for body in bodies():
        if value_in(body, ("model",)) is None:
            continue
        after = spliced(body, {("model",): "openai:gpt-6-luna"})

        assert json.loads(after) == json.loads(body) | {"model": "openai:gpt-6-luna"}
        digests = [
            hashlib.sha256(rest(each, only(each, "model"))).hexdigest() for each in (body, after)
        ]
        assert digests[0] == digests[1]
        count += 1
    assert count > 50


@needs_captures
def test_the_property_named_model_of_a_tool_is_left_alone() -> None:
    def properties(body: bytes) -> list[Any]:
        tools = json.loads(body).get("tools") or []
        return [tool.get("input_schema", {}).get("properties", {}).get("model") for tool in tools]

    with_property = [body for body in bodies("claude-code*.json") if any(properties(body))]

    assert with_property
    for body in with_property:
        assert properties(spliced(body, {("model",): "b"})) == properties(body)


@needs_captures
def test_the_body_of_an_agent_is_spliced_in_less_than_a_millisecond() -> None:
    body = max(bodies("claude-code*.json"), key=len)
    assert len(body) > 80_000

    times = []
    for _ in range(50):
        begin = time.perf_counter()
        spliced(body, {("model",): "b"})
        times.append(time.perf_counter() - begin)

    assert min(times) < 0.001
