"""System messages in the middle of a conversation stay where they were given."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.parts import ImagePart
from llmring.chat.request import Message
from llmring.dialects.result_order import with_results_in_place
from llmring.dialects.system_turns import late_systems_placed
from llmring.exceptions import UnsupportedFeatureError

SYSTEM, USER = Message("system", "Be brief."), Message("user", "Hi")
ANSWER, LATE = Message("assistant", "Hello"), Message("system", "In French.")
CALL = Message(
    "assistant",
    tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
)
RESULT = Message("tool", "1", tool_call_id="c")
MARKED = ("user", "<system_message>\nIn French.\n</system_message>")


def placed(turns: Sequence[Message], *, between: bool = False) -> list[tuple[str, str]]:
    found = late_systems_placed(turns, "Google", between=between, dialect="gemini")
    return [(turn.role, turn.text) for turn in found]


def plain(*turns: Message) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in turns]


@pytest.mark.parametrize("between", [False, True])
def test_system_messages_at_the_beginning_stay_as_they_are(between: bool) -> None:
    turns = [SYSTEM, LATE, USER, ANSWER]

    assert late_systems_placed(turns, "Google", between=between, dialect="gemini") is turns


@pytest.mark.parametrize("turns", [[SYSTEM, USER, LATE], [SYSTEM, USER, LATE, ANSWER]])
def test_a_model_that_takes_them_gets_a_system_message_in_its_place(turns: list[Message]) -> None:
    assert placed(turns, between=True) == plain(*turns)


@pytest.mark.parametrize("turns", [[USER, LATE, USER], [USER, ANSWER, LATE, USER]])
def test_where_no_system_message_is_possible_a_marked_user_message_is_in_its_place(
    turns: list[Message],
) -> None:
    expected = [MARKED if turn is LATE else (turn.role, turn.text) for turn in turns]

    assert placed(turns, between=True) == placed(turns) == expected


def test_adjacent_system_messages_become_one() -> None:
    assert placed([USER, SYSTEM, LATE], between=True) == [
        ("user", "Hi"),
        ("system", "Be brief.In French."),
    ]


def test_between_a_call_and_its_results_it_follows_the_results() -> None:
    turns = with_results_in_place([USER, CALL, LATE, RESULT])

    assert placed(turns) == [*plain(USER, CALL, RESULT), MARKED]
    assert placed(turns, between=True) == plain(USER, CALL, RESULT, LATE)


def test_its_cache_mark_is_kept() -> None:
    late = Message("system", "In French.", metadata={"cache_control": {"type": "ephemeral"}})
    found = late_systems_placed([USER, late], "Anthropic", between=False, dialect="gemini")

    assert found[-1].cache_control == {"type": "ephemeral"}


def test_an_image_in_it_is_refused() -> None:
    late = Message("system", [ImagePart(url="https://example.org/a.png")])

    with pytest.raises(UnsupportedFeatureError, match="Google takes only text"):
        late_systems_placed([USER, late], "Google", between=False, dialect="gemini")


@given(st.lists(st.sampled_from([SYSTEM, USER, ANSWER, LATE])), st.booleans())
def test_no_text_is_lost_or_leaves_its_place(turns: list[Message], between: bool) -> None:
    found = "".join(text for _, text in placed(turns, between=between))

    assert found.replace("<system_message>\n", "").replace("\n</system_message>", "") == "".join(
        turn.text for turn in turns
    )
