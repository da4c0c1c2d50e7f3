"""A stream that fails: the part of the next model's continuation that is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest, StreamChunk
from llmring.chat.parsed_request import parse_request
from llmring.routing.stream_resume import LEAST_OVERLAP, OverlapTrimmer, StreamProgress, continued

WORDS = st.text(alphabet="abc ", min_size=0, max_size=60)


def joined(before: str, pieces: list[str]) -> str:
    trimmer = OverlapTrimmer(before)
    return "".join([trimmer.feed(piece) for piece in pieces] + [trimmer.end()])


@given(before=WORDS, rest=WORDS, repeated=st.integers(LEAST_OVERLAP, 60), cuts=st.integers(1, 7))
def test_what_is_repeated_of_the_answer_is_cut_out_however_it_comes(
    before: str, rest: str, repeated: int, cuts: int
) -> None:
    # An end that occurs nowhere else, so that there is one way to read the repetition.
    before += "0123456789xyz"
    text = before[-repeated:] + "!" + rest
    pieces = [text[at : at + cuts] for at in range(0, len(text), cuts)]

    assert joined(before, pieces) == "!" + rest


@given(before=WORDS, rest=WORDS)
def test_a_continuation_that_repeats_nothing_is_shown_whole(before: str, rest: str) -> None:
    assert joined(before, ["#" + rest]) == "#" + rest


def test_a_short_repetition_is_kept() -> None:
    assert joined("ha ha ", ["ha ", "ha"]) == "ha ha"


@pytest.mark.parametrize(
    ("text", "structured", "on_failure", "plan"),
    [
        ("Once", False, None, "continue"),
        (" \n", False, None, "restart"),
        ("{", True, None, "restart"),
        ("{", True, "continue", "continue"),
        ("Once", False, "restart", "restart"),
        ("Once", False, "raise", "raise"),
        (" ", False, "continue", "restart"),
    ],
)
def test_what_is_done_depends_on_what_was_shown_and_on_the_lockfile(
    text: str, structured: bool, on_failure: "str | None", plan: str
) -> None:
    progress = StreamProgress(structured=structured, on_failure=on_failure)  # type: ignore[arg-type]
    progress.take(StreamChunk(delta=text))

    assert progress.next_step() == plan


def test_a_request_is_not_changed_by_its_continuation() -> None:
    request = LLMRequest("fast", "Tell a story")

    result = continued(parse_request(request), "Once", prefills=False)

    assert [message.role for message in result.turns] == ["user", "assistant", "user"]
    assert [message.role for message in request.turns()] == ["user"]
