"""The messages of a request in Google's format, as the library has them."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.parts import DocumentPart, ImagePart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.dialects.gemini.call_places import call_place
from llmring.dialects.gemini.contents import contents_of
from llmring.dialects.gemini.decode_contents import ContentsReader
from llmring.dialects.request_decoding import RequestFormatError
from llmring.dialects.thought_signatures import UNSIGNED

PNG = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
IMAGE = ImagePart(data="aGk=", media_type="image/png")


def read(*contents: Any) -> tuple[list[Message], list[str]]:
    reader = ContentsReader()
    return reader.messages(list(contents)), reader.required


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def call(name: str, id_: str | None = None, **further: Any) -> dict[str, Any]:
    inner: dict[str, Any] = {"name": name, "args": {}}
    return {"functionCall": inner | ({"id": id_} if id_ else {}), **further}


def result(name: str, response: Any = None, **further: Any) -> dict[str, Any]:
    answer = {"output": "yes"} if response is None else response
    return {"functionResponse": {"name": name, "response": answer, **further}}


def parts_of(*parts: Any) -> list[Part]:
    (message,), _ = read(model(*parts))
    return [*message.parts]


def written(messages: list[Message]) -> list[dict[str, Any]]:
    return contents_of(messages, media_in_results=True)


# --- Users ---


@pytest.mark.parametrize(
    "contents",
    [
        [{"role": "user", "parts": [{"text": "Hello"}]}],
        [{"parts": [{"text": "Hello"}]}],
        {"role": "USER", "parts": {"text": "Hello"}},
        [{"role": "user", "parts": [{"text": "Hello"}, {"text": ""}]}],
    ],
)
def test_a_text_of_the_user_in_any_form(contents: Any) -> None:
    assert ContentsReader().messages(contents) == [Message("user", "Hello")]


def test_the_parts_of_a_user_keep_their_order() -> None:
    (message,), required = read(user({"text": "See"}, PNG, {"text": "this"}))

    assert message.content == [TextPart("See"), IMAGE, TextPart("this")]
    assert required == []


def test_an_unknown_part_is_in_its_place_and_needed() -> None:
    clip = {"fileData": {"fileUri": "https://youtu.be/x"}, "video_metadata": {"fps": 1}}
    messages, required = read(user({"text": "See"}, clip, {"text": "this"}))

    own = {"fileData": {"fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 1}}
    assert messages[0].content == [TextPart("See"), ProviderPart("gemini", own), TextPart("this")]
    assert required == ["contents.0.parts.1"]
    assert written(messages) == [user({"text": "See"}, own, {"text": "this"})]


def test_a_file_of_google_s_store_is_needed() -> None:
    _, required = read(user({"fileData": {"fileUri": "gs://a/b", "mimeType": "image/png"}}))

    assert required == ["contents.0.parts.0"]


def test_an_empty_text_alone_is_an_empty_message() -> None:
    assert read(user({"text": ""}))[0] == [Message("user", "")]


# --- Models ---


def test_a_thought_has_its_signature() -> None:
    thought = {"text": "Hm", "thought": True, "thoughtSignature": "c2ln"}

    assert parts_of(thought, {"text": "Yes", "thought": False}) == [
        ReasoningPart("Hm", "c2ln", dialect="gemini"),
        TextPart("Yes"),
    ]


def test_the_signature_of_a_text_follows_it() -> None:
    assert parts_of({"text": "Yes", "thought_signature": "c2ln"}) == [
        TextPart("Yes"),
        ReasoningPart("", "c2ln", dialect="gemini"),
    ]


def test_a_signature_that_ends_a_thought_joins_it() -> None:
    thought = {"text": "Hm", "thought": True}
    empty = {"text": "", "thought": True, "thoughtSignature": "c2ln"}

    assert parts_of(thought, empty) == [ReasoningPart("Hm", "c2ln", dialect="gemini")]
    assert parts_of(empty) == [ProviderPart("gemini", empty)]


def test_the_signature_of_an_empty_text_after_a_thought_is_not_the_thought_s() -> None:
    empty = {"text": "", "thoughtSignature": "c2ln"}

    assert parts_of({"text": "Hm", "thought": True}, empty) == [
        ReasoningPart("Hm", dialect="gemini"),
        ProviderPart("gemini", empty),
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB"}, "thoughtSignature": "c2ln"},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "partialArgs": []}},
        {"functionResponse": {"name": "f"}},
        {"text": "a", "partMetadata": {"a": 1}},
    ],
)
def test_what_only_google_s_models_make_is_in_its_place_and_needed(part: dict[str, Any]) -> None:
    messages, required = read(model({"text": "a"}, part, {"text": "b"}))

    assert messages[0].content == [TextPart("a"), ProviderPart("gemini", part), TextPart("b")]
    assert required == ["contents.0.parts.1"]
    assert written(messages) == [model({"text": "a"}, part, {"text": "b"})]


def test_the_pieces_of_a_streamed_answer_are_one_message() -> None:
    pieces = [
        model({"text": "Hm", "thought": True}),
        model({"text": "", "thought": True, "thoughtSignature": "c2ln"}),
        model({"text": "Ye"}),
        model({"text": "s."}),
        model(call("f", "c1")),
    ]
    messages, _ = read(user({"text": "Go"}), *pieces, user(result("f")), model({"brandNew": 1}))

    assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[1].content == [
        ReasoningPart("Hm", "c2ln", dialect="gemini"),
        TextPart("Ye"),
        TextPart("s."),
    ]
    assert [each["id"] for each in messages[1].calls] == ["c1"]


# --- Calls ---


def test_a_call_has_its_id_arguments_and_signature() -> None:
    part = {
        "functionCall": {"id": "c9", "name": "f", "args": {"b": 10**30, "a": 1.5}},
        "thoughtSignature": "c2ln",
    }
    (message,), _ = read(model(part))

    assert message.content is None
    assert message.calls == [
        {
            "id": "c9",
            "type": "function",
            "function": {"name": "f", "arguments": '{"b":1000000000000000000000000000000,"a":1.5}'},
            "signature": "c2ln",
        }
    ]


@pytest.mark.parametrize("stand_in", [UNSIGNED, "skip_thought_signature_validator", ""])
def test_a_stand_in_for_a_signature_is_not_one(stand_in: str) -> None:
    (message,), _ = read(model(call("f", "c1", thoughtSignature=stand_in)))

    assert "signature" not in message.calls[0]


def test_what_follows_a_call_keeps_its_place() -> None:
    messages, _ = read(model(call("f", "c1"), {"text": "and"}, call("g", "c2")))

    assert messages[0].content == [ProviderPart("gemini", call_place(0)), TextPart("and")]
    names = [next(iter(part)) for part in written(messages)[0]["parts"]]
    assert names == ["functionCall", "text", "functionCall"]


def test_calls_and_results_without_ids_find_each_other_by_name_and_order() -> None:
    messages, _ = read(
        user({"text": "Go"}),
        model(call("f"), call("g"), call("f")),
        user(result("g", {"output": "1"}), result("f", {"output": "2"}), result("f")),
        model(call("f")),
        {"role": "function", "parts": [result("f")]},
    )
    ids = [[each["id"] for each in message.calls] for message in messages if message.calls]
    answers = [(m.tool_call_id, m.content, m.name) for m in messages if m.role == "tool"]

    assert ids == [["call_1", "call_2", "call_3"], ["call_4"]]
    assert answers == [
        ("call_2", "1", None),
        ("call_1", "2", None),
        ("call_3", "yes", None),
        ("call_4", "yes", None),
    ]


def test_the_id_of_a_call_does_not_change_as_the_conversation_grows() -> None:
    first = [user({"text": "Go"}), model(call("f"))]
    more = [user(result("f")), model(call("f", "call_1"))]

    assert read(*first)[0][1].calls[0]["id"] == "call_1"
    calls = [each["id"] for message in read(*first, *more)[0] for each in message.calls]
    assert len({*calls}) == 2


def test_a_result_with_an_id_belongs_to_the_call_with_that_id() -> None:
    messages, _ = read(
        model(call("f", "c1"), call("f", "c2")), user(result("f", id="c2"), result("f", id="c1"))
    )

    assert [message.tool_call_id for message in messages[1:]] == ["c2", "c1"]


def test_a_result_without_a_call_keeps_its_id_and_name() -> None:
    with_id, by_name = read(user(result("f", id="c1"), result("f")))[0]

    assert (with_id.tool_call_id, with_id.name) == ("c1", "f")
    assert (by_name.tool_call_id, by_name.name) == (None, "f")


def test_the_id_of_a_result_may_be_missing_on_its_call() -> None:
    messages, _ = read(model(call("f")), user(result("f", id="made-up")))

    assert messages[1].tool_call_id == messages[0].calls[0]["id"]


# --- Results ---


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"output": "It is 5."}, "It is 5.", False),
        ({"output": {"a": 1}}, '{"a":1}', False),
        ({"output": 5}, "5", False),
        ({"error": "No such file"}, "No such file", True),
        ({"error": {"code": 1}}, '{"code":1}', True),
        ({"result": "5"}, '{"result":"5"}', False),
        ({"output": "a", "exit": 0}, '{"output":"a","exit":0}', False),
        ({}, "{}", False),
        ({"output": '{"a": 1}'}, '{"a": 1}', False),
        ({"output": '{"error": 1}'}, '"{\\"error\\": 1}"', False),
        ({"output": '"quoted"'}, '"\\"quoted\\""', False),
        ({"output": "{not json"}, "{not json", False),
    ],
)
def test_a_result_is_a_text(response: dict[str, Any], text: str, is_error: bool) -> None:
    (message,), _ = read(user(result("f", response)))

    assert message.text == text
    assert bool((message.metadata or {}).get("is_error")) is is_error


def test_a_result_may_have_files() -> None:
    messages, required = read(user(result("f", {"output": "See"}, parts=[PNG])))

    assert messages[0].content == [TextPart("See"), IMAGE]
    assert required == []
    assert written(messages)[0]["parts"] == [result("f", {"output": "See"}, parts=[PNG])]


def test_a_result_that_refers_to_its_files_stays_as_it_is_for_the_same_api() -> None:
    named = {"inlineData": {**PNG["inlineData"], "displayName": "a.png"}}
    part = result("f", {"image": {"$ref": "a.png"}}, parts=[named])
    messages, required = read(model(call("f", "c1")), user(part))

    assert [type(each) for each in messages[1].parts] == [TextPart, ImagePart, ProviderPart]
    assert required == []
    sent = written(messages)[1]["parts"][0]["functionResponse"]
    assert sent == {**part["functionResponse"], "id": "c1"}


@pytest.mark.parametrize("further", [{"scheduling": "SILENT"}, {"willContinue": True}])
def test_a_result_with_other_fields_is_needed_as_it_is(further: dict[str, Any]) -> None:
    messages, required = read(user(result("f", **further)))

    assert messages[0].text == "yes"
    assert required == [f"contents.0.parts.0.functionResponse.{next(iter(further))}"]
    assert written(messages) == [user(result("f", **further))]


def test_an_unknown_file_of_a_result_is_needed() -> None:
    messages, required = read(user(result("f", parts=[{"brandNew": {"a": 1}}])))

    assert required == ["contents.0.parts.0.functionResponse.parts.0"]
    assert written(messages) == [user(result("f", parts=[{"brandNew": {"a": 1}}]))]


def test_texts_and_results_of_one_turn_keep_their_order() -> None:
    messages, _ = read(user({"text": "a"}, result("f"), PNG))

    assert [(m.role, m.content) for m in messages] == [
        ("user", "a"),
        ("tool", "yes"),
        ("user", [IMAGE]),
    ]


def test_a_pdf_in_a_result_is_a_document() -> None:
    pdf = {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}}
    (message,), _ = read(user(result("f", {}, parts=[pdf])))

    assert message.content == [DocumentPart(data="aGk=")]


# --- Errors ---


@pytest.mark.parametrize(
    ("contents", "field"),
    [
        ([], "contents"),
        (None, "contents"),
        (["Hello"], "contents.0"),
        ([{"role": "system", "parts": [{"text": "a"}]}], "contents.0.role"),
        ([{"role": 1, "parts": [{"text": "a"}]}], "contents.0.role"),
        ([{"role": "user"}], "contents.0.parts"),
        ([user(1)], "contents.0.parts.0"),
        ([user({})], "contents.0.parts.0"),
        ([user({"text": 1})], "contents.0.parts.0.text"),
        ([model({"functionCall": {}})], "contents.0.parts.0.functionCall.name"),
        ([model({"functionCall": {"index": 1}})], "contents.0.parts.0.functionCall.name"),
        (
            [model({"functionCall": {"name": "f", "args": []}})],
            "contents.0.parts.0.functionCall.args",
        ),
        ([user({"functionResponse": {}})], "contents.0.parts.0.functionResponse.name"),
        ([user(result("f", []))], "contents.0.parts.0.functionResponse.response"),
        ([model({"text": "a", "thoughtSignature": 1})], "contents.0.parts.0.thoughtSignature"),
    ],
)
def test_what_is_no_content_is_an_error_at_its_path(contents: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        ContentsReader().messages(contents)

    assert caught.value.field == field
