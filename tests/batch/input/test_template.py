from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.template import Template, ValueMissingError, as_text, value_at
from llmring.exceptions import ValidationError

NAMES = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), min_size=1)


def test_b2_a_template_takes_columns_nested_values_and_braces() -> None:
    template = Template("{{{name}}} lives in {address.city}.")

    text = template.render({"name": "Ada", "address": {"city": "London"}})

    assert text == "{Ada} lives in London."


def test_b2_a_column_with_a_dot_in_its_name_comes_before_a_nested_value() -> None:
    assert Template("{a.b}").render({"a.b": "flat", "a": {"b": "nested"}}) == "flat"


@pytest.mark.parametrize("name", ["x.__class__", "x[0]", "x!r", "x:>10", "0"])
def test_b2_a_name_is_never_evaluated(name: str) -> None:
    template = Template(f"{{{name}}}")

    with pytest.raises(ValidationError, match="the columns are: x, y"):
        template.check(["x", "y"], ["x", "y"])


def test_b2_an_unknown_column_is_refused_with_the_columns_and_the_nearest_one() -> None:
    with pytest.raises(ValidationError, match=r"'titel'; did you mean 'title'\?.*title, body"):
        Template("{titel}").check(["title", "body"], ["title", "body"])


@pytest.mark.parametrize("value", [None, "", float("nan")])
def test_b2_a_null_or_empty_value_fails_the_row(value: Any) -> None:
    with pytest.raises(ValueMissingError, match=r"column 'a'.*--null"):
        Template("x {a}").render({"a": value})


@pytest.mark.parametrize("value", [None, "", float("nan")])
def test_b2_a_text_for_null_is_put_in_its_place(value: Any) -> None:
    assert Template("x {a}", null="nothing").render({"a": value}) == "x nothing"


def test_an_absent_nested_value_is_null() -> None:
    with pytest.raises(ValueMissingError, match=r"a\.b"):
        Template("{a.b}").render({"a": "text"})


@pytest.mark.parametrize("text", ["{", "}", "a { b", "{a {b}}", "{}", "{ }"])
def test_a_lone_brace_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(ValidationError, match=r"the prompt, line 1: .*\{\{ and \}\}"):
        Template(text)


def test_a_json_example_in_a_prompt_is_refused_with_the_way_to_write_it() -> None:
    template = Template('Answer like {"a": 1}.')

    with pytest.raises(ValidationError, match=r"write \{\{ and \}\} for braces"):
        template.check(["text"], ["text"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0, "0"),
        (2.5, "2.5"),
        (True, "true"),
        (Decimal("1.10"), "1.10"),
        (date(2026, 1, 2), "2026-01-02"),
        ([1, "ü"], '[1,"ü"]'),
        ({"on": date(2026, 1, 2)}, '{"on":"2026-01-02"}'),
        (b"\xff", None),
        (object(), None),
    ],
)
def test_a_value_is_shown_as_text(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_a_number_of_too_many_digits_is_not_shown() -> None:
    assert as_text(10**5000) is None


def test_bytes_in_a_prompt_fail_the_row() -> None:
    with pytest.raises(ValueMissingError, match="--image"):
        Template("{a}").render({"a": b"\x89PNG"})


@given(st.text())
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    try:
        template = Template(text)
    except ValidationError:
        return

    template.render(dict.fromkeys(template.names, "value"))


@given(st.text())
def test_a_text_with_its_braces_doubled_is_rendered_as_it_is(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")

    assert Template(doubled).render({}) == text


@given(st.lists(st.tuples(NAMES.map(str.strip).filter(bool), st.text(min_size=1))))
def test_values_come_into_the_text_as_they_are(pairs: list[tuple[str, str]]) -> None:
    values = dict(pairs)

    text = Template("|".join(f"{{{name}}}" for name in values)).render(values)

    assert text == "|".join(values.values())


@given(st.text(), st.recursive(st.none() | st.integers(), lambda x: st.dictionaries(st.text(), x)))
def test_a_name_that_is_not_there_has_no_value(name: str, values: Any) -> None:
    found = value_at({"a": values}, f"b{name}")

    assert found is None
