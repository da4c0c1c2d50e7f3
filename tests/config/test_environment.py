"""Values of environment variables."""

import pytest

from llmring import ConfigurationError
from llmring.config.environment import switch, value_of


@pytest.mark.parametrize("written", [" value", "value\n", "\tvalue \r\n"])
def test_white_space_around_a_value_is_dropped(written: str) -> None:
    assert value_of({"NAME": written}, "NAME") == "value"


@pytest.mark.parametrize(
    "env", [{}, {"NAME": ""}, {"NAME": " \n"}], ids=["unset", "empty", "blank"]
)
def test_an_empty_variable_counts_as_unset(env: dict[str, str]) -> None:
    assert value_of(env, "NAME") is None
    assert switch(env, "NAME") is False


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "On", " on "])
def test_a_switch_is_turned_on_by_the_usual_words(value: str) -> None:
    assert switch({"NAME": value}, "NAME") is True


@pytest.mark.parametrize("value", ["0", "false", "False", "no", "OFF", " off "])
def test_a_switch_is_turned_off_by_the_usual_words(value: str) -> None:
    assert switch({"NAME": value}, "NAME") is False


@pytest.mark.parametrize("value", ["2", "y", "enabled", "truee"])
def test_a_switch_with_another_value_is_refused_with_its_name_and_the_fix(value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^NAME is '{value}'; set it to 1 or 0$"):
        switch({"NAME": value}, "NAME")
