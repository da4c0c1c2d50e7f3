"""Lines of a log, whatever is in their texts."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.watching.log_lines import log_line

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS)))
def test_g166_any_text_is_one_line_that_no_terminal_acts_on(entry: dict[str, object]) -> None:
    line = log_line(entry).decode()

    assert line.endswith("\n")
    kinds = {unicodedata.category(each) for each in line[:-1]}
    assert not kinds & {"Cc", "Cf", "Zl", "Zp", "Co", "Cn"}
    assert json.loads(line) == entry


def test_g141_letters_of_all_languages_stay_as_they_are() -> None:
    assert log_line({"alias": "schön 漢字"}) == '{"alias":"schön 漢字"}\n'.encode()


def test_g166_control_colour_and_direction_are_escaped() -> None:
    line = log_line({"a": "\x1b[31m\x7f\u202e\u2028\x85\U000e0001"})

    assert line == b'{"a":"\\u001b[31m\\u007f\\u202e\\u2028\\u0085\\udb40\\udc01"}\n'


def test_g165_what_looks_like_a_key_is_masked() -> None:
    key = "sk" + "-ant-0123456789abcdef0123"

    assert key.encode() not in log_line({"client": f"tool/{key}"})
