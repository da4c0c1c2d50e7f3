"""JSON that is indented while it arrives."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.chat.json_display import JsonDisplay, JsonIndenter

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
DATA = st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES, max_size=4)


def indented(text: str, size: int) -> str:
    indenter = JsonIndenter()
    return "".join(indenter.add(text[at : at + size]) for at in range(0, len(text), size))


@given(DATA, st.integers(1, 9), st.sampled_from([None, 1, 4]), st.booleans())
def test_pieces_come_out_as_json_dumps_indents_the_whole(
    data: object, size: int, indent: int | None, escaped: bool
) -> None:
    given_ = json.dumps(data, indent=indent, ensure_ascii=escaped)

    assert indented(given_, size) == json.dumps(data, indent=2, ensure_ascii=escaped)


@pytest.mark.parametrize("text", ["I can't answer that, sorry: {no}.", '"a, b: c"', "12", ""])
def test_text_that_is_no_object_or_array_stays_as_it_is(text: str) -> None:
    assert indented(text, 3) == text


def test_an_answer_that_starts_over_is_indented_from_its_beginning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = JsonDisplay()
    display.piece('{"a": [1,')
    display.restart()
    display.piece('{"a":1}')
    display.end()

    assert capsys.readouterr().out == '{\n  "a": [\n    1,\n    \n{\n  "a": 1\n}\n'
