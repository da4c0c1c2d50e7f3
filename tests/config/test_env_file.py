"""Files of variables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import ConfigurationError
from llmring.config.env_file import read_env_file


def read(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "keys.env"
    path.write_text(text, encoding="utf-8")
    return read_env_file(path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=value", "value"),
        ("export NAME=value", "value"),
        ("  NAME = value  ", "value"),
        ("NAME=value # a comment", "value"),
        ("NAME=a#b", "a#b"),
        ("NAME=", ""),
        ("NAME=# a comment", ""),
        ('NAME="a b # c"', "a b # c"),
        ('NAME="a\\nb\\"c"  # a comment', 'a\nb"c'),
        ("NAME='a\\nb'", "a\\nb"),
        ("NAME=a=b", "a=b"),
        ("NAME=value\r", "value"),
    ],
)
def test_a_line_sets_a_variable(tmp_path: Path, line: str, value: str) -> None:
    assert read(tmp_path, line) == {"NAME": value}


def test_comments_and_empty_lines_are_skipped_and_the_last_value_wins(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff# keys\n\nA=1\nB=2\nA=3\n") == {"A": "3", "B": "2"}


@pytest.mark.parametrize("line", ["sk-secret", "1A=sk-secret", 'A="sk-secret', "A='sk-secret' x"])
def test_another_line_is_an_error_that_does_not_quote_it(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError) as failure:
        read(tmp_path, f"A=1\n{line}\n")

    assert failure.value.message.endswith("keys.env:2: not a variable; write NAME=value")


@pytest.mark.parametrize("content", [b"A=\xff", None])
def test_a_file_that_can_t_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "keys.env"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"keys\.env"):
        read_env_file(path)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30))
def test_any_value_can_be_written_in_double_quotes(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')

    assert read(tmp_path_factory.mktemp("any"), f'A="{escaped}"') == {"A": value}
