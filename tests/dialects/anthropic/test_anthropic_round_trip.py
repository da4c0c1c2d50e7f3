"""Requests of Anthropic's API, written and read again.

A request that is written and read again is the same, but for these, which mean the same to the API:

| written                                    | read                                          |
|--------------------------------------------|-----------------------------------------------|
| a content that is a text                   | a list of one text                            |
| adjacent messages of one role              | one message                                   |
| a cache mark of a message, on a text       | the mark of its last part                     |
| a text of white space, an unsigned thought | nothing; the API refuses them                 |
| a remark of the model                      | a text; the API knows no remarks              |
| the media type of an uploaded file         | the usual one of its kind of block            |
| no `max_tokens`                            | the number that is sent instead               |
| reasoning of 0 tokens                      | the effort "none"                             |
| the effort "minimal"                       | "low", which is the lowest that the API has   |
| a name, a description of an output format  | the usual name; the API has no place for them |
| an output format that is not strict        | a strict one; the API enforces each           |
| arguments of a call                        | the same values, spelled as the library does  |
| a stop text alone                          | a list of one                                 |
| `betas` in `extra_params`                  | the same in `own`                             |
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.caching import Caching
from llmring.chat.output_format import OutputFormat
from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.parts import (
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall
from llmring.dialects.anthropic.decode_request import decode_request
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError
from replies import ARGUMENTS, JSON, TEXTS, WORDS

Json = dict[str, Any]
HI: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
ANSWER: Json = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
QUIRKS = Quirks(system_turns=True, server="anthropic")


def written(request: LLMRequest | ParsedRequest, own: Any = None) -> Json:
    parsed = parse_request(request) if isinstance(request, LLMRequest) else request
    if own:
        parsed = msgspec.structs.replace(parsed, extra_params=dict(own))
    payload: Json = DIALECT.encode(parsed, "m", stream=False, quirks=QUIRKS).payload
    return payload


def written_again(found: ClientRequest) -> Json:
    return written(found.request, found.own)


# --- Any request of the library ---

MARKS: st.SearchStrategy[Json | None] = st.sampled_from(
    [None, None, None, {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}]
)
SAID = TEXTS.filter(str.strip)
PLAIN = st.builds(TextPart, SAID, MARKS)
MEDIA: st.SearchStrategy[Part] = st.one_of(
    PLAIN,
    st.builds(ImagePart, data=st.just("aGk="), media_type=st.just("image/png")),
    st.builds(ImagePart, url=st.just("https://example.org/a.png"), cache_control=MARKS),
    st.builds(DocumentPart, data=st.just("JVBERg=="), name=st.none() | SAID),
    st.builds(DocumentPart, data=st.just("aGk="), media_type=st.just("text/plain")),
    st.builds(DocumentPart, url=st.just("https://example.org/a.pdf"), cache_control=MARKS),
    st.builds(UploadedPart, WORDS, st.just("application/pdf"), st.none() | SAID, MARKS),
    st.builds(UploadedPart, WORDS, st.just("application/octet-stream")),
    st.builds(
        lambda text: ProviderPart("anthropic", {"type": "search_result", "title": text}), WORDS
    ),
)
THOUGHTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(ReasoningPart, SAID, WORDS, dialect=st.just("anthropic")),
    WORDS.map(lambda data: ProviderPart("anthropic", {"type": "redacted_thinking", "data": data})),
)
ITEMS: st.SearchStrategy[Part] = st.builds(
    lambda id_, kind: ProviderPart("anthropic", {"type": kind, "id": id_}),
    WORDS,
    st.sampled_from(["server_tool_use", "web_search_tool_result", "compaction", "of_tomorrow"]),
)


@st.composite
def rounds(draw: st.DrawFn, number: int) -> list[Message]:
    """Draw a question, often a rule, an answer, and the results of its calls."""
    turns = [Message("user", draw(st.lists(MEDIA, min_size=1, max_size=3)))]
    if draw(st.booleans()):
        turns.append(Message("system", draw(st.lists(PLAIN, min_size=1, max_size=2))))
    ids = [f"call_{number}_{at}" for at in range(draw(st.integers(0, 2)))]
    calls: list[ToolCall] = [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
        for id_ in ids
        for name, arguments in [(draw(WORDS), draw(ARGUMENTS))]
    ]
    parts = draw(st.lists(THOUGHTS, max_size=2)) + draw(
        st.lists(PLAIN | ITEMS, min_size=0 if calls else 1, max_size=3)
    )
    mark = draw(MARKS) if calls else None
    metadata = {"cache_control": mark} if mark else None
    if calls and draw(st.sampled_from([True, False])):
        places = [ProviderPart("anthropic", {"type": "tool_use", "id": id_}) for id_ in ids]
        parts, metadata = [*parts, *places, draw(PLAIN)], None
    turns.append(Message("assistant", parts or None, tool_calls=calls, metadata=metadata))
    return turns + [draw(results(id_)) for id_ in ids]


@st.composite
def results(draw: st.DrawFn, id_: str) -> Message:
    fields = {"is_error": draw(st.sampled_from([None, True])), "cache_control": draw(MARKS)}
    metadata = {name: value for name, value in fields.items() if value}
    parts = draw(st.lists(MEDIA, max_size=2))
    return Message("tool", parts or None, tool_call_id=id_, metadata=metadata or None)


TOOLS = st.builds(
    lambda name, about, extra, strict: Tool(
        name,
        about,
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        strict,
        extra,
    ),
    WORDS,
    st.none() | TEXTS,
    st.sampled_from([{}, {"defer_loading": True}, {"input_examples": [{"a": "1"}]}]),
    st.sampled_from([None, False]),
) | st.just(ProviderTool({"type": "web_search_20250305", "name": "web_search", "max_uses": 8}))


@st.composite
def requests(draw: st.DrawFn) -> LLMRequest:
    system = [Message("system", draw(st.lists(PLAIN, min_size=1, max_size=3)))]
    turns = [message for at in range(draw(st.integers(1, 3))) for message in draw(rounds(at))]
    tools = draw(st.lists(TOOLS, max_size=3))
    reasoning: Json = draw(
        st.sampled_from([{}, {"reasoning_effort": "none"}, {"reasoning_effort": "xhigh"}])
    )
    return LLMRequest(
        messages=(system if draw(st.booleans()) else []) + turns,
        max_tokens=draw(st.integers(1, 10**6)),
        temperature=draw(st.sampled_from([None, 0.0, 1.0])) if not reasoning else None,
        top_p=draw(st.sampled_from([None, 0.5])) if not reasoning else None,
        stop=draw(st.none() | st.lists(TEXTS, min_size=1, max_size=2)),
        tools=tools or None,
        tool_choice=draw(st.sampled_from([None, "auto", "none", "required", NamedTool("a")]))
        if tools and not reasoning
        else None,
        response_format=draw(st.none() | st.just(OutputFormat(ANSWER, strict=True))),
        cache=draw(st.sampled_from([None, Caching()])),
        **reasoning,
    )


def compared(request: LLMRequest) -> Json:
    """Return a request as one value, in which only what the table lists is the same."""
    parsed = parse_request(request)
    return {
        name: getattr(parsed, name)
        for name in parsed.__struct_fields__
        if name not in ("turns", "given", "metadata", "output")
    } | {"turns": joined(parsed), "schema": parsed.output and parsed.output.schema}


def joined(parsed: ParsedRequest) -> list[Any]:
    return [
        (turn.role, list(turn.parts), list(map(call, turn.calls)), turn.tool_call_id, turn.metadata)
        for turn in parsed.turns
    ]


def call(given: ToolCall) -> tuple[str, str, Any]:
    return given["id"], given["function"]["name"], json.loads(given["function"]["arguments"])


def few_marks(payload: Json) -> bool:
    """Check that a request has no more marks than the API allows; others are left out."""
    return json.dumps(payload).count('"cache_control"') < 4


@given(requests())
@settings(max_examples=80, deadline=None)
def test_g194_a_request_of_the_library_is_read_as_it_was_written(request: LLMRequest) -> None:
    payload = written(request)
    if not few_marks(payload):
        request.cache = None
        request = without_marks(request)
        payload = written(request)

    found = decode_request(json.dumps(payload).encode(), {})

    assert compared(found.request) == compared(request)
    assert written_again(found) == payload


def without_marks(request: LLMRequest) -> LLMRequest:
    turns = [
        msgspec.structs.replace(turn, content=[bare(part) for part in turn.parts] or None)
        for turn in request.turns()
    ]
    for turn in turns:
        (turn.metadata or {}).pop("cache_control", None)
        turn.metadata = turn.metadata or None
    return msgspec.structs.replace(request, messages=turns)


def bare(part: Part) -> Part:
    if isinstance(part, ProviderPart | ReasoningPart):
        return part
    return msgspec.structs.replace(part, cache_control=None)


# --- Damaged bodies ---

FULL: Json = {
    **HI,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a"}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "a"},
                    "citations": {"enabled": True},
                },
            ],
        },
        {"role": "system", "content": "In French."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"at": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "a",
                    "content": [{"type": "text", "text": "1"}],
                    "is_error": False,
                }
            ],
        },
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "auto"},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "output_config": {"effort": "low"},
    "metadata": {"user_id": "u"},
}


def places_in(value: Any) -> list[list[Any]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [[], *([key, *rest] for key, each in items for rest in places_in(each))]


def empty_answer(body: Json) -> bool:
    content = body["messages"][2]["content"]
    return not content if isinstance(content, list) else not content.strip()


PLACES = [place for place in places_in(FULL) if place]


@given(st.sampled_from(PLACES), JSON)
@settings(max_examples=200, deadline=None)
def test_any_damage_is_an_error_of_the_format_or_read_and_written_the_same_way(
    place: list[Any], value: Any
) -> None:
    body = json.loads(json.dumps(FULL))
    *way, last = place
    owner = body
    for key in way:
        owner = owner[key]
    owner[last] = value
    try:
        found = decode_request(json.dumps(body).encode(), {})
    except RequestFormatError:
        return

    # An empty answer is not written, after which a system message may have another place.
    once = decode_request(json.dumps(written_again(found)).encode(), {})
    twice = decode_request(json.dumps(written_again(once)).encode(), {})
    assert written_again(twice) == written_again(once)
    if not empty_answer(body):
        assert written_again(once) == written_again(found)
