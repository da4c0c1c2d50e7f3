import re

from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.parts import ProviderPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.call_ids import ANY, CallIds, with_fitting_ids

NINE = CallIds("[a-zA-Z0-9]{9}", length=9)
ANTHROPIC = CallIds("[a-zA-Z0-9_-]+", refused="[^a-zA-Z0-9_-]")


def call(id_: str, name: str = "f") -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}


def calling(*ids: str) -> Message:
    return Message("assistant", None, tool_calls=[call(id_) for id_ in ids])


def result(id_: str | None, name: str | None = None) -> Message:
    return Message("tool", "1", tool_call_id=id_, name=name)


def ids_of(turns: list[Message]) -> tuple[list[str], list[str | None]]:
    return (
        [call["id"] for turn in turns for call in turn.calls],
        [turn.tool_call_id for turn in turns if turn.role == "tool"],
    )


def test_ids_that_fit_stay_as_they_are() -> None:
    turns = [calling("D681PevKs", "abcdefghi"), result("abcdefghi"), result("D681PevKs")]

    assert with_fitting_ids(turns, NINE, "openai_chat") == turns


def test_ids_that_do_not_fit_are_replaced_in_call_and_result_alike() -> None:
    turns = [calling("call_1", "call_2"), result("call_2"), result("call_1")]

    (one, two), results = ids_of(with_fitting_ids(turns, NINE, "openai_chat"))

    assert results == [two, one]
    assert one != two
    assert all(re.fullmatch("[a-zA-Z0-9]{9}", id_) for id_ in (one, two))
    assert ids_of(turns) == (["call_1", "call_2"], ["call_2", "call_1"])


def test_an_id_is_replaced_by_the_same_one_as_the_conversation_grows() -> None:
    begun = [calling("call_1"), result("call_1")]

    before, _ = ids_of(with_fitting_ids(begun, NINE, "openai_chat"))
    after, _ = ids_of(with_fitting_ids([*begun, calling("call_2")], NINE, "openai_chat"))

    assert after[0] == before[0]


def test_a_made_id_is_never_one_that_the_history_has() -> None:
    (made,), _ = ids_of(with_fitting_ids([calling("call_1")], NINE, "openai_chat"))

    (one, two), _ = ids_of(with_fitting_ids([calling("call_1", made)], NINE, "openai_chat"))

    assert two == made
    assert one != made


def test_ids_that_differ_only_in_refused_characters_stay_different() -> None:
    turns = [calling("a.b", "a:b", "a_b"), result("a:b"), result("a.b"), result("a_b")]

    (dot, colon, same), results = ids_of(with_fitting_ids(turns, ANTHROPIC, "anthropic"))

    assert same == "a_b"
    assert len({dot, colon, same}) == 3
    assert results == [colon, dot, same]


def test_the_same_id_in_two_turns_becomes_two_ids() -> None:
    turns = [calling("call_0"), result("call_0"), calling("call_0"), result("call_0")]

    (one, two), results = ids_of(with_fitting_ids(turns, ANTHROPIC, "anthropic"))

    assert one == "call_0"
    assert two != one
    assert results == [one, two]


def test_where_any_id_is_accepted_the_same_id_stays_the_same() -> None:
    turns = [calling("f:0"), result("f:0"), calling("f:0"), result("f:0")]

    assert with_fitting_ids(turns, ANY, "openai_chat") == turns


def test_a_call_without_an_id_gets_one_and_its_result_by_the_name() -> None:
    turns = [
        Message("assistant", None, tool_calls=[call("", "f"), call("", "g")]),
        result(None, "g"),
        result(None, "f"),
    ]

    (f, g), results = ids_of(with_fitting_ids(turns, NINE, "openai_chat"))

    assert results == [g, f]
    assert f != g


def test_an_item_of_the_api_itself_gets_the_id_of_its_call() -> None:
    long = "c" * 65
    mark = {"type": "function_call", "call_id": long, "name": "f", "arguments": "{}", "id": "fc"}
    turn = Message(
        "assistant",
        [TextPart("a"), ProviderPart("openai_responses", mark)],
        tool_calls=[call(long)],
    )

    (sent,) = with_fitting_ids([turn], CallIds(".{1,64}"), "openai_responses")

    new = sent.calls[0]["id"]
    assert len(new) <= 64
    assert sent.parts[1] == ProviderPart("openai_responses", {**mark, "call_id": new})


def test_the_result_of_a_call_outside_the_history_gets_an_id_that_fits() -> None:
    (sent,) = with_fitting_ids([result("call_1")], NINE, "openai_chat")

    assert re.fullmatch("[a-zA-Z0-9]{9}", sent.tool_call_id or "")


@given(st.lists(st.text(max_size=50), min_size=1, max_size=30, unique=True))
def test_different_ids_become_different_ids(ids: list[str]) -> None:
    turns = [calling(*ids), *(result(id_) for id_ in ids if id_)]

    sent, results = ids_of(with_fitting_ids(turns, NINE, "openai_chat"))

    assert len({*sent}) == len(ids)
    assert results == [new for new, old in zip(sent, ids, strict=True) if old]
