from llmring.chat.request import Message
from llmring.dialects.result_order import with_results_in_place


def calling(*ids: str) -> Message:
    calls = [
        {"id": id_, "type": "function", "function": {"name": id_, "arguments": "{}"}} for id_ in ids
    ]
    return Message("assistant", None, tool_calls=calls)


def result(id_: str) -> Message:
    return Message("tool", "1", tool_call_id=id_)


HURRY = Message("user", "Hurry.")


def test_results_after_their_calls_stay_in_their_order() -> None:
    turns = [calling("a", "b"), result("b"), result("a"), HURRY, calling("c"), result("c")]

    assert with_results_in_place(turns) == turns


def test_a_result_after_a_user_moves_behind_its_call_and_the_results_there() -> None:
    turns = [calling("a", "b"), result("a"), HURRY, result("b")]

    assert with_results_in_place(turns) == [calling("a", "b"), result("a"), result("b"), HURRY]


def test_results_that_move_keep_their_order() -> None:
    turns = [calling("a", "b"), HURRY, result("b"), result("a")]

    assert with_results_in_place(turns) == [calling("a", "b"), result("b"), result("a"), HURRY]


def test_a_result_is_found_by_the_name_of_its_function() -> None:
    named = Message("tool", "1", name="a")

    assert with_results_in_place([calling("a"), HURRY, named]) == [calling("a"), named, HURRY]


def test_a_result_without_a_call_stays_where_it_is() -> None:
    turns = [calling("a"), result("a"), HURRY, result("x"), HURRY]

    assert with_results_in_place(turns) == turns
