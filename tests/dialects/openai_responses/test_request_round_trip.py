"""Requests that are read, sent and read again."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import (
    CommentaryPart,
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
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Quirks
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.ollama.dialect import DIALECT as OLLAMA
from llmring.dialects.openai_chat.dialect import DIALECT as OPENAI_CHAT
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError
from llmring.exceptions import UnsupportedFeatureError, ValidationError
from replies import JSON, TEXTS, WORDS
from responses_requests import plain, read, sent_again

OTHERS = [ANTHROPIC, GEMINI, OLLAMA, OPENAI_CHAT]


# --- Bodies ---


def block(kind: str, field: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda text: {"type": kind, field: text, **more}, TEXTS)


IMAGES = st.sampled_from(
    [
        {"type": "input_image", "image_url": "https://x.test/a.png", "detail": "auto"},
        {"type": "input_image", "image_url": "data:image/png;base64,QQ=="},
        {"type": "input_image", "file_id": "file_1", "detail": "low"},
        {
            "type": "input_file",
            "filename": "a.pdf",
            "file_data": "data:application/pdf;base64,QQ==",
        },
        {"type": "input_file", "file_id": "file_2"},
        {"type": "input_video", "url": "x"},
    ]
)
CONTENTS = TEXTS | st.lists(block("input_text", "text") | IMAGES, min_size=1, max_size=3)
PIECES = block("output_text", "text", annotations=[]) | block("refusal", "refusal")
ANNOTATED = block("output_text", "text", annotations=[{"type": "file_path", "index": 1}])
IDS = st.sampled_from([{}, {"id": "msg_1", "status": "completed"}])


MESSAGES = st.builds(
    lambda role, content, ids: [{"role": role, "content": content, **ids}],
    st.sampled_from(["user", "system", "developer"]),
    CONTENTS,
    IDS,
)
ANSWERS = st.builds(
    lambda content, phase: [{"type": "message", "role": "assistant", "content": content, **phase}],
    TEXTS | st.lists(PIECES | ANNOTATED, max_size=3),
    st.sampled_from([{}, {"phase": "commentary"}, {"phase": "final_answer"}]),
)
THOUGHT_ITEMS = st.builds(
    lambda text, further: [{"type": "reasoning", "id": "rs", "summary": [], **further(text)}],
    TEXTS.map(lambda text: text.strip() or "So."),
    st.sampled_from(
        [
            lambda text: {
                "summary": [{"type": "summary_text", "text": text}],
                "encrypted_content": "x",
            },
            lambda text: {"content": [{"type": "reasoning_text", "text": text}]},
        ]
    ),
)
WORK: st.SearchStrategy[list[dict[str, Any]]] = st.sampled_from(
    [
        [{"type": "web_search_call", "id": "ws_1", "status": "completed"}],
        [{"type": "computer_call", "id": "cu_1"}, {"type": "computer_call_output"}],
    ]
)


@st.composite
def called(draw: st.DrawFn, number: int) -> list[dict[str, Any]]:
    """Draw a call and its result."""
    id_ = {"call_id": f"call_{number}"}
    kind, field = draw(
        st.sampled_from([("function_call", "arguments"), ("custom_tool_call", "input")])
    )
    further: dict[str, Any] = draw(
        st.sampled_from([{}, {"namespace": "n"}, {"caller": {"type": "direct"}}])
    )
    between = draw(st.sampled_from([[], [{"role": "assistant", "content": "Well."}]]))
    # A result names what made the call, as the call does.
    caller = {name: value for name, value in further.items() if name == "caller"}
    return [
        {"type": kind, **id_, "name": draw(WORDS), field: draw(TEXTS), **further},
        *between,
        {"type": f"{kind}_output", **id_, "output": draw(TEXTS), **caller},
    ]


def items(number: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    return MESSAGES | ANSWERS | THOUGHT_ITEMS | WORK | called(number)


SCHEMA = {"type": "object", "properties": {}}
FUNCTION = {"type": "function", "name": "f", "parameters": SCHEMA}
TOOLS = st.lists(
    st.sampled_from(
        [
            FUNCTION,
            {**FUNCTION, "name": "g", "description": "d", "strict": False},
            {**FUNCTION, "name": "h", "defer_loading": True},
            {"type": "custom", "name": "patch", "format": {"type": "text"}},
            {"type": "namespace", "name": "n", "description": "d", "tools": [FUNCTION]},
            {"type": "web_search"},
        ]
    ),
    min_size=1,
    max_size=4,
)
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "instructions": TEXTS,
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "max_output_tokens": st.integers(1, 10**6),
    "stream": st.booleans(),
    "store": st.booleans(),
    "tools": TOOLS,
    "tool_choice": st.sampled_from(
        [
            "auto",
            "none",
            "required",
            {"type": "function", "name": "f"},
            {"type": "custom", "name": "patch"},
            {"type": "web_search"},
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        ]
    ),
    "text": st.sampled_from(
        [
            {"format": {"type": "text"}, "verbosity": "low"},
            {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}},
        ]
    ),
    "reasoning": st.fixed_dictionaries(
        {},
        optional={
            "effort": st.sampled_from(["none", "low", "max", "colossal"]),
            "summary": st.sampled_from(["auto", "detailed"]),
        },
    ),
    "include": st.just(["reasoning.encrypted_content"]),
    "prompt_cache_key": WORDS,
    "prompt_cache_retention": st.just("24h"),
    "service_tier": st.sampled_from(["auto", "flex"]),
    "metadata": st.dictionaries(WORDS, WORDS, max_size=2),
    "parallel_tool_calls": st.booleans(),
}


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 6))
    chosen = draw(st.sets(st.sampled_from(sorted(OPTIONS)), max_size=6))
    options = {name: draw(OPTIONS[name]) for name in sorted(chosen)}
    conversation = [item for number in range(count) for item in draw(items(number))]
    # The API refuses a choice without tools.
    if "tool_choice" in options:
        options.setdefault("tools", [FUNCTION])
    return {"model": "m", "input": draw(TEXTS | st.just(conversation)), **options}


@given(bodies())
def test_g194_a_body_that_is_read_and_sent_is_read_as_the_same(body: dict[str, Any]) -> None:
    found = read(body)

    again = read(sent_again(found))

    assert strict_known(plain(again)) == strict_known(plain(found))


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a body with another value in one place."""
    body: dict[str, Any] = json.loads(json.dumps(draw(bodies())))
    places: list[tuple[Any, Any]] = []
    layer: list[Any] = [body]
    while layer:
        holder = layer.pop()
        for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            places.append((holder, key))
            if isinstance(value, dict | list):
                layer.append(value)
    holder, key = draw(st.sampled_from(places))
    holder[key] = draw(JSON)
    return body


@given(damaged())
def test_a_damaged_body_is_read_or_refused(body: dict[str, Any]) -> None:
    try:
        found = read(body)
    except RequestFormatError:
        return
    with contextlib.suppress(UnsupportedFeatureError, ValidationError):
        sent_again(found)
    for dialect in OTHERS:
        with contextlib.suppress(UnsupportedFeatureError, ValidationError):
            dialect.encode(parse_request(found.request), "m", stream=True, quirks=Quirks())


def strict_known(fields: dict[str, Any]) -> dict[str, Any]:
    """Take out the settings that the library adds where a request leaves them open."""
    output = fields["output"]
    if output is not None and not output.strict:
        fields["output"] = msgspec.structs.replace(output, strict=False)
    # Encrypted reasoning is asked for with an effort.
    fields["own"] = {name: value for name, value in fields["own"].items() if name != "include"}
    return fields


# --- Requests of the library ---


def calls_of(number: int) -> st.SearchStrategy[ToolCall]:
    return st.builds(
        lambda kind, name, text: ToolCall(
            id=f"call_{number}", type=kind, function={"name": name, "arguments": text}
        ),
        st.sampled_from(["function", "custom"]),
        WORDS,
        TEXTS,
    )


THOUGHTS = st.builds(
    lambda text, signature: ReasoningPart(text.strip(), signature, "rs_1", NAME), TEXTS, WORDS
)
MEDIA: st.SearchStrategy[Part] = st.sampled_from(
    [
        ImagePart("https://x.test/a.png", detail="low"),
        ImagePart(data="QQ==", media_type="image/png"),
        DocumentPart(data="QQ==", name="a.pdf"),
        UploadedPart("file_1", "application/pdf"),
    ]
)
REMARKS: st.SearchStrategy[list[Part]] = st.builds(
    lambda text: [
        CommentaryPart(text),
        ProviderPart(NAME, {"type": "message", "role": "assistant", "phase": "commentary"}),
    ],
    TEXTS,
)


@st.composite
def turns(draw: st.DrawFn, number: int) -> list[Message]:
    """Draw a turn, which answers and is answered if it is the assistant's."""
    asked = draw(
        st.builds(Message, st.sampled_from(["user", "system"]), TEXTS)
        | st.builds(
            Message,
            st.just("user"),
            st.lists(st.builds(TextPart, TEXTS) | MEDIA, min_size=1, max_size=3),
        )
    )
    parts: list[Part] = [
        *draw(st.lists(THOUGHTS, max_size=1)),
        *draw(st.just([]) | REMARKS),
        TextPart(draw(TEXTS)),
    ]
    call = draw(st.none() | calls_of(number))
    answer = Message("assistant", parts, tool_calls=[call] if call else None)
    if call is None:
        return [asked, answer]
    return [asked, answer, Message("tool", draw(TEXTS), tool_call_id=call["id"])]


@given(
    st.lists(st.just(None), min_size=1, max_size=3).flatmap(
        lambda places: st.tuples(*(turns(at) for at in range(len(places))))
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "temperature": st.floats(0, 2),
            "top_p": st.floats(0, 1),
            "max_tokens": st.integers(1, 10**6),
            "reasoning_effort": st.sampled_from(["none", "low", "max"]),
            "cache": st.fixed_dictionaries({"key": WORDS, "ttl": st.sampled_from(["24h", "30m"])}),
            "response_format": st.just(
                {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
            ),
        },
    ),
    st.none() | st.sampled_from(["auto", "none", "required", NamedTool("f")]),
)
def test_a_request_of_the_library_is_read_back(
    conversation: tuple[list[Message], ...], fields: dict[str, Any], choice: Any
) -> None:
    tools: list[Tool | ProviderTool] = [
        Tool("f", "d", SCHEMA),
        ProviderTool({"type": "custom", "name": "p"}),
    ]
    messages = [turn for group in conversation for turn in group]
    given_ = LLMRequest(messages=messages, tools=tools, tool_choice=choice, **fields)

    found = read(sent_again(ClientRequest(model="m", request=given_)))

    expected = plain(ClientRequest(model="m", request=given_, conversation=found.conversation))
    # The library asks for summaries, and the files of a vendor are known to it alone.
    read_back = {**plain(found), "own": {}, "required": 0}
    assert strict_known(read_back) == strict_known(expected)
