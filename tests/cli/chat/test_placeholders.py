"""Values for names in a message."""

import argparse

import pytest

from llmring import ValidationError
from llmring.cli.chat.placeholders import fill_in, pair


def test_each_name_is_replaced_in_all_texts_and_other_braces_stay() -> None:
    values = [("lang", "French"), ("to", "{lang}")]

    assert fill_in(values, "To {lang}, {to}: {x}", "{lang}") == ["To French, {lang}: {x}", "French"]
    assert fill_in([], "{lang}") == ["{lang}"]


def test_a_name_that_no_text_has_is_an_error() -> None:
    with pytest.raises(ValidationError, match="lang"):
        fill_in([("lang", "French")], "Hello", "{other}")


def test_a_pair_is_a_name_and_a_value() -> None:
    assert pair("a=b=c") == ("a", "b=c")
    assert pair("a=") == ("a", "")


@pytest.mark.parametrize("text", ["a", "=b", "a b=c", "{a}=b"])
def test_another_form_is_no_pair(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        pair(text)
