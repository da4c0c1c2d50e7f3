"""Values of environment variables."""

from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.config.environment import database_at, switch, value_of


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


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("", Path("/home/ada/keys.sqlite")),
        ("sqlite:///srv/keys.sqlite", Path("/srv/keys.sqlite")),
        ("postgresql://ada@db.example/keys", "postgresql://ada@db.example/keys"),
        ("postgres://db.example/keys", "postgres://db.example/keys"),
    ],
)
def test_a_database_is_the_usual_file_unless_a_variable_names_another(
    url: str, place: Path | str
) -> None:
    assert database_at({"NAME": url}, "NAME", Path("/home/ada/keys.sqlite")) == place


def test_without_a_home_folder_there_is_no_usual_file() -> None:
    assert database_at({}, "NAME", Path("~/keys.sqlite")) is None


@pytest.mark.parametrize("url", ["mysql://db.example/keys", "keys.sqlite", "sqlite://"])
def test_another_address_than_that_of_a_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="NAME"):
        database_at({"NAME": url}, "NAME", Path("/home/ada/keys.sqlite"))
