"""Requests in Google's format, read as the library's: from its own encoder, clients, and captures.

A request of the library that is encoded and read again is the same but for what the format has one
form of where the library has several. `normal` removes exactly these differences:

| in the library                    | in the format                                              |
|-----------------------------------|------------------------------------------------------------|
| several system messages           | one instruction with several parts                         |
| the arguments of a call, a result | JSON values, so white space and the form of numbers go     |
| the name of a result's function   | always given; read only where it is not the call's         |
| schemas of functions and answers  | as the API takes them, which is what is sent either way    |
| `strict`, with the choice "auto"  | VALIDATED, which leaves the choice to the model            |
| name, `strict` of an answer's form| not in the format, which always enforces it                |
| effort "max", effort "none"       | XHIGH, a budget of 0                                       |
| one text, a list of one text      | a list of parts                                            |
"""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.json_text import value_of
from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.dialect import Quirks
from llmring.dialects.gemini.decode_request import decode_counting, decode_request, wants_thoughts
from llmring.dialects.gemini.dialect import DIALECT
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError
from llmring.exceptions import ValidationError
from replies import ARGUMENTS, JSON, TEXTS, WORDS

CAPTURES = Path(__file__).resolve().parents[3].parent / "shared" / "captures"
MODEL = "gemini-3-pro"


def decoded(body: Any) -> ClientRequest:
    return decode_request(json.dumps(body).encode(), {})


def sent(request: LLMRequest) -> dict[str, Any]:
    """The body of the library's own request, as it arrives."""
    outgoing = DIALECT.encode(parse_request(request), MODEL, stream=True, quirks=Quirks())
    body: dict[str, Any] = json.loads(msgspec.json.encode(outgoing.payload))
    return body


def again(client: ClientRequest) -> dict[str, Any]:
    """The body that the same API gets for a client's request."""
    return sent(msgspec.structs.replace(client.request, extra_params=dict(client.own)))


# --- The body ---


def test_the_dialect_has_the_decoder() -> None:
    assert DIALECT.request_decoding() is decode_request


@pytest.mark.parametrize(
    "instruction",
    [
        "Be brief.",
        {"parts": [{"text": "Be brief."}]},
        {"role": "system", "parts": {"text": "Be brief."}},
        {"parts": ["Be brief."]},
        [{"text": "Be brief."}, {"text": ""}],
    ],
)
def test_an_instruction_in_any_form_is_the_system_message(instruction: Any) -> None:
    contents = [{"role": "user", "parts": [{"text": "Hello"}]}]
    client = decoded({"system_instruction": instruction, "contents": contents})

    assert client.request.messages == [Message("system", "Be brief."), Message("user", "Hello")]


def test_an_instruction_with_more_than_text_is_this_api_s_own() -> None:
    parts = [{"text": "See"}, {"fileData": {"fileUri": "gs://a/b"}}]
    client = decoded({"systemInstruction": {"parts": parts}, "contents": {"parts": ["Hello"]}})

    assert client.request.messages == [Message("user", "Hello")]
    assert client.own == {"systemInstruction": {"parts": parts}}
    assert client.required_own == ("systemInstruction",)


@pytest.mark.parametrize(
    ("field", "needed"),
    [
        ({"safetySettings": [{"category": "C", "threshold": "BLOCK_NONE"}]}, False),
        ({"labels": {"team_name": "a"}}, False),
        ({"store": False}, False),
        ({"brandNew": {"a_b": 1}}, False),
        ({"serviceTier": "standard"}, False),
        ({"serviceTier": "flex"}, True),
        ({"continuationToken": "c2ln"}, True),
    ],
)
def test_a_field_of_this_api_alone_is_its_own(field: dict[str, Any], needed: bool) -> None:
    client = decoded({"contents": {"parts": ["Hello"]}, **field})

    assert client.own == field
    assert client.required_own == ((next(iter(field)),) if needed else ())
    assert again(client) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}], **field}


def test_stored_content_is_the_key_of_the_cache() -> None:
    client = decoded({"contents": {"parts": ["Hello"]}, "cached_content": "cachedContents/a"})

    assert client.request.cache == {"key": "cachedContents/a"}
    assert client.required_own == ("cachedContent",)
    assert again(client)["cachedContent"] == "cachedContents/a"


def test_the_model_and_the_stream_are_not_in_the_body() -> None:
    client = decoded({"model": "models/fast", "contents": {"parts": ["Hello"]}})

    assert (client.model, client.stream, client.own) == ("", False, {})


@pytest.mark.parametrize(
    ("count", "answers"), [(2, 2), ("2", 2), (2.0, 2), (1, 1), (0, 1), (-1, 1), (None, 1)]
)
def test_g061_the_number_of_answers_is_read_in_each_of_its_forms(
    count: object, answers: int
) -> None:
    body = {"contents": {"parts": ["Hello"]}, "generationConfig": {"candidateCount": count}}

    request = decoded(body).parsed("gemini")

    assert (request.answers, request.written) == (answers, answers)
    assert isinstance(request.answers, int)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contents"),
        ({"contents": [], "systemInstruction": "a"}, "contents"),
        ({"contents": {"parts": ["a"]}, "systemInstruction": 1}, "systemInstruction"),
        ({"contents": {"parts": ["a"]}, "cachedContent": 1}, "cachedContent"),
        ({"contents": {"parts": ["a"]}, "tools": {"functionDeclarations": 1}}, None),
        ({"contents": {"parts": ["a"]}, "generationConfig": 1}, "generationConfig"),
    ],
)
def test_a_wrong_field_is_an_error_at_its_path(body: Any, field: str | None) -> None:
    with pytest.raises(RequestFormatError) as caught:
        decoded(body)

    assert field is None or caught.value.field == field


def test_a_count_is_of_the_contents_or_of_a_whole_request() -> None:
    whole = {"contents": {"parts": ["Hello"]}, "systemInstruction": "Be brief."}

    assert decode_counting(json.dumps(whole).encode(), {}).request == decoded(whole).request
    inner = {"generateContentRequest": {"model": "models/fast", **whole}}
    assert decode_counting(json.dumps(inner).encode(), {}).request == decoded(whole).request


@pytest.mark.parametrize(
    ("thinking", "shown"),
    [
        ({}, False),
        ({"includeThoughts": True}, True),
        ({"thinkingBudget": -1, "includeThoughts": True}, True),
        ({"thinkingBudget": 9, "includeThoughts": True}, True),
        ({"thinkingBudget": 9}, False),
        ({"thinkingLevel": "LOW", "includeThoughts": False}, False),
        ({"thinkingBudget": 0}, False),
    ],
)
def test_thoughts_are_shown_only_where_asked_for(thinking: dict[str, Any], shown: bool) -> None:
    settings = {"generationConfig": {"thinkingConfig": thinking}}

    assert wants_thoughts(decoded({"contents": {"parts": ["Hello"]}, **settings})) is shown


# --- The library's own requests ---

SIGNATURES = st.none() | st.sampled_from(["c2ln", "c2lnMg=="])
MEDIA: st.SearchStrategy[Part] = st.sampled_from(
    [
        ImagePart(data="aGk=", media_type="image/png"),
        ImagePart(url="https://a.example/b", media_type="image/png"),
        ImagePart(url="https://a.example/b"),
        AudioPart("aGk=", "audio/wav"),
        DocumentPart(data="aGk="),
        DocumentPart(url="https://a.example/b.pdf"),
        DocumentPart(url="https://youtu.be/x"),
        UploadedPart("https://generativelanguage.googleapis.com/v1beta/files/a", "image/png"),
    ]
)
THOUGHTS = st.builds(ReasoningPart, TEXTS, SIGNATURES, dialect=st.just("gemini"))
ITEMS = st.sampled_from(
    [
        ProviderPart("gemini", {"executableCode": {"language": "PYTHON", "code": "1"}}),
        ProviderPart("gemini", {"toolCall": {"id": "1"}, "thoughtSignature": "c2ln"}),
    ]
)
SIGNED = st.tuples(TEXTS.map(TextPart), st.just(ReasoningPart("", "c2ln", dialect="gemini")))
RESULTS = TEXTS | ARGUMENTS
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "minLength": 2}}}


@st.composite
def rounds(draw: st.DrawFn, number: int) -> list[Message]:
    """Draw a message of the user, the answer, and the results of its calls."""
    asked: list[Part] = draw(st.lists(MEDIA | TEXTS.map(TextPart), min_size=1, max_size=3))
    pieces = draw(st.lists(st.tuples(THOUGHTS | ITEMS | TEXTS.map(TextPart)) | SIGNED, max_size=4))
    parts: list[Part] = [part for piece in pieces for part in piece]
    names = draw(st.lists(WORDS, min_size=0 if parts else 1, max_size=3))
    calls: list[dict[str, Any]] = [
        {"id": f"c{number}-{at}", "function": {"name": name, "arguments": draw(ARGUMENTS)}}
        for at, name in enumerate(names)
    ]
    if calls and (signature := draw(SIGNATURES)):
        calls[0]["signature"] = signature
    results = [
        Message(
            "tool",
            draw(RESULTS),
            tool_call_id=call["id"],
            metadata=draw(st.none() | st.just({"is_error": True})),
        )
        for call in calls
    ]
    return [Message("user", asked), Message("assistant", parts, tool_calls=calls), *results]


@st.composite
def requests(draw: st.DrawFn) -> LLMRequest:
    system = [Message("system", text) for text in draw(st.lists(TEXTS, max_size=2))]
    turns = [turn for at in range(draw(st.integers(0, 2))) for turn in draw(rounds(at))]
    strict = draw(st.none() | st.just(True))
    names = draw(st.lists(WORDS, max_size=3, unique=True))
    schemas = st.sampled_from([{}, SCHEMA])
    tools: list[Any] = [Tool(name, f"It {name}s", draw(schemas), strict) for name in names]
    chosen = st.sampled_from([None, "auto", "none", "required", *map(NamedTool, names)])
    choice = draw(chosen) if tools else None
    tools += draw(st.lists(st.just(ProviderTool({"googleSearch": {}})), max_size=1))
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    efforts = st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
    reasoning = draw(
        st.fixed_dictionaries({"reasoning_effort": efforts})
        | st.fixed_dictionaries({"reasoning_tokens": st.integers(0, 999)})
        | st.just({})
    )
    return LLMRequest(
        messages=[*system, *turns, Message("user", draw(TEXTS))],
        tools=tools or None,
        tool_choice=choice,
        temperature=draw(st.none() | st.floats(0, 2)),
        top_p=draw(st.none() | st.floats(0, 1)),
        max_tokens=draw(st.none() | st.integers(1000, 10**6)),
        stop=draw(st.none() | st.lists(TEXTS, min_size=1, max_size=2)),
        seed=draw(st.none() | st.integers(0, 2**31)),
        response_format=draw(st.sampled_from([None, {"type": "json_object"}, form])),
        cache=draw(st.none() | st.just({"key": "cachedContents/a"})),
        **reasoning,
    )


def normal(request: ParsedRequest) -> Any:
    offered = [each for each in request.tools if isinstance(each, Tool)]
    strict = any(tool.strict for tool in offered) and request.choice in (None, "auto")
    reasoning = request.reasoning
    effort = reasoning.effort if reasoning else None
    return {
        "system": [p for t in request.turns if t.role == "system" for p in t.parts],
        "turns": [normal_turn(turn) for turn in request.turns if turn.role != "system"],
        "tools": [each for each in request.tools if isinstance(each, ProviderTool)],
        "functions": sent(LLMRequest(messages="a", tools=offered)).get("tools"),
        "strict": strict,
        "choice": None if strict else request.choice,
        "output": sent(LLMRequest(messages="a", response_format=request.output)),
        "reasoning": reasoning and (reasoning.is_off or reasoning.tokens),
        "effort": {"max": "xhigh", "none": None}.get(effort or "", effort),
        "caching": request.caching,
        "settings": [
            request.temperature,
            request.top_p,
            request.max_tokens,
            [*request.stops],
            request.seed,
        ],
    }


def normal_turn(turn: Message) -> Any:
    calls = [
        (call["id"], call["function"]["name"], value(call["function"]["arguments"]), signature)
        for call in turn.calls
        for signature in [call.get("signature")]
    ]
    parts = value(turn.text) if turn.role == "tool" else [*turn.parts]
    is_error = bool((turn.metadata or {}).get("is_error"))
    return (turn.role, parts, calls, turn.tool_call_id, is_error)


def value(text: str) -> Any:
    try:
        return value_of(text)
    except ValueError:
        return text


@given(request=requests())
@settings(max_examples=150, deadline=None)
def test_a_request_of_the_library_is_read_as_it_was(request: LLMRequest) -> None:
    client = decode_request(json.dumps(sent(request)).encode(), {})

    assert normal(parse_request(client.request)) == normal(parse_request(request))
    assert client.own == {}


# --- Any bodies ---

FILES = st.sampled_from(
    [
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"inline_data": {"mime_type": "video/mp4", "data": "-_-_"}},
        {"inlineData": {"mimeType": "image/gif", "data": "aGk=", "displayName": "a.gif"}},
        {"fileData": {"fileUri": "gs://a/b", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": "https://a.example/b"}, "videoMetadata": {"fps": 1}},
    ]
)
TEXT_PARTS = st.fixed_dictionaries({"text": st.just("") | TEXTS})
MODEL_PARTS = st.fixed_dictionaries(
    {"text": st.just("") | TEXTS},
    optional={"thought": st.booleans(), "thoughtSignature": st.sampled_from(["", "c2ln"])},
)
NAMES = st.sampled_from(["f", "g"])
CALL_IDS = st.sampled_from(["c1", "c2", "call_1"])
OBJECTS = ARGUMENTS.map(json.loads)
CALLS = st.builds(
    lambda inner, more: {"functionCall": inner, **more},
    st.fixed_dictionaries({"name": NAMES}, optional={"id": CALL_IDS, "args": OBJECTS}),
    st.fixed_dictionaries({}, optional={"thoughtSignature": st.just("c2ln")}),
)
RESPONSES = st.builds(
    lambda inner: {"functionResponse": inner},
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "response": OBJECTS
            | st.fixed_dictionaries({"output": st.sampled_from(['"5"', "5", '{"error":1}'])})
            | st.fixed_dictionaries({"error": TEXTS}),
        },
        optional={
            "id": CALL_IDS,
            "parts": st.lists(FILES, max_size=2),
            "scheduling": st.just("SILENT"),
        },
    ),
)
CODE = st.just({"executable_code": {"language": "PYTHON", "code": "1"}})
TURNS = st.builds(
    lambda parts: {"role": "user", "parts": parts},
    st.lists(TEXT_PARTS | FILES | RESPONSES, min_size=1, max_size=4),
) | st.builds(
    lambda parts: {"role": "model", "parts": parts},
    st.lists(MODEL_PARTS | CALLS | FILES | CODE, min_size=1, max_size=4),
)
MODES = st.sampled_from(["AUTO", "ANY", "NONE", "VALIDATED"])
BODIES = st.fixed_dictionaries(
    {"contents": st.lists(TURNS, min_size=1, max_size=4)},
    optional={
        "tools": st.just(
            [
                {
                    "function_declarations": [
                        {"name": "f", "parameters": {"type": "OBJECT", "nullable": True}},
                        {"name": "g", "parametersJsonSchema": SCHEMA},
                    ]
                },
                {"codeExecution": {}},
            ]
        ),
        "toolConfig": st.builds(
            lambda mode, names: {"functionCallingConfig": {"mode": mode, **names}},
            MODES,
            st.sampled_from([{}, {"allowedFunctionNames": ["f"]}]),
        ),
        "generation_config": st.fixed_dictionaries(
            {},
            optional={
                "top_k": st.integers(1, 64),
                "maxOutputTokens": st.integers(1, 99),
                "responseMimeType": st.sampled_from(["application/json", "text/x.enum"]),
                "responseSchema": st.just({"type": "OBJECT", "properties": {}}),
                "thinkingConfig": st.sampled_from(
                    [{"thinkingBudget": 50}, {"thinkingLevel": "LOW"}, {"includeThoughts": True}]
                ),
            },
        ),
        "safetySettings": st.just([{"category": "C"}]),
    },
)


def has_content(body: dict[str, Any]) -> bool:
    """Whether each turn has more than empty texts, with which it is left out."""
    return all(
        any(part.get("text") != "" or part.get("thoughtSignature") for part in turn["parts"])
        for turn in body["contents"]
    )


@given(body=BODIES.filter(has_content))
@settings(max_examples=300, deadline=None)
def test_g194_a_body_that_was_read_and_written_once_stays_the_same(body: dict[str, Any]) -> None:
    once = again(decoded(body))

    assert again(decoded(once)) == once


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each object or list in a body, with each of its keys."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        each
        for key, under in inner
        for each in ((value, key), *(places(under) if isinstance(under, dict | list) else ()))
    ]


@given(body=BODIES, replaced=st.data(), new=JSON)
@settings(max_examples=200, deadline=None)
def test_whatever_is_wrong_in_a_body_is_an_error_of_its_format(
    body: dict[str, Any], replaced: st.DataObject, new: Any
) -> None:
    damaged = copy.deepcopy(body)
    holder, key = replaced.draw(st.sampled_from(places(damaged)))
    holder[key] = new
    with contextlib.suppress(RequestFormatError):
        client = decoded(damaged)
        # A schema that is not one is found where it is written for an API.
        with contextlib.suppress(ValidationError):
            again(client)


# --- Captures of clients ---


def captures() -> list[Any]:
    found = []
    for path in sorted(CAPTURES.glob("*.json")):
        for number, request in enumerate(json.loads(path.read_bytes())):
            if "enerateContent" in request.get("path", ""):
                found.append(pytest.param(request["body"], id=f"{path.stem}-{number}"))
    return found or [pytest.param(None, marks=pytest.mark.skip("needs the captures of clients"))]


@pytest.mark.parametrize("body", captures())
def test_a_request_of_a_real_client_is_read_with_all_that_it_has(body: dict[str, Any]) -> None:
    client = decoded(body)
    request = parse_request(client.request)

    assert client.required_own == ()
    sources = [body["systemInstruction"], *body["contents"]]
    given = [part["text"] for source in sources for part in source["parts"] if "text" in part]
    texts = [part for turn in request.turns if turn.role != "tool" for part in turn.parts]
    assert [part.text for part in texts if isinstance(part, TextPart)] == given
    (declared,) = [tool["functionDeclarations"] for tool in body["tools"]]
    assert [tool.name for tool in request.tools if isinstance(tool, Tool)] == [
        tool["name"] for tool in declared
    ]
    parts = [part for source in body["contents"] for part in source["parts"]]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    found = [call for turn in request.turns for call in turn.calls]
    assert [(c["function"]["name"], value(c["function"]["arguments"])) for c in found] == [
        (call["name"], call["args"]) for call in calls
    ]
    answered = [turn.tool_call_id for turn in request.turns if turn.role == "tool"]
    assert answered == [call["id"] for call in found]


@pytest.mark.parametrize("body", captures())
def test_a_request_of_a_real_client_is_the_same_for_the_same_api(body: dict[str, Any]) -> None:
    once = again(decoded(body))

    assert again(decoded(once)) == once
    assert len(once["contents"]) == len(body["contents"])
    for ours, theirs in zip(once["contents"], body["contents"], strict=True):
        assert ours["role"] == theirs["role"]
        for new, old in zip(ours["parts"], theirs["parts"], strict=True):
            for part in (new, old):
                # A call without an ID gets one.
                for inner in (part.get("functionCall"), part.get("functionResponse")):
                    if inner and inner.get("id", "call_").startswith("call_"):
                        inner.pop("id", None)
            assert new == old
    assert [each["name"] for each in once["tools"][0]["functionDeclarations"]] == [
        each["name"] for each in body["tools"][0]["functionDeclarations"]
    ]
    assert once.get("generationConfig") == body.get("generationConfig")
    assert once.get("toolConfig") == body.get("toolConfig")
