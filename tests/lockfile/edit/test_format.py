import re
import tomllib

import pytest
from hypothesis import assume, example, given

from llmring.exceptions import LockfileParseError
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.edit import bindings
from llmring.lockfile.edit.format import WIDTH, formatted
from llmring.lockfile.edit.starter import Suggestion, starter
from llmring.lockfile.file import read
from llmring.lockfile.toml.layout import scan
from lockfile.texts import EXAMPLE, lockfile_texts, toml_texts

LONG = [f"openai:a-model-with-a-name-that-is-long-{number}" for number in range(3)]
LONG_LIST = "[" + ", ".join(f'"{model}"' for model in LONG) + "]"


def tree(text: str) -> object:
    return tomllib.loads(text, parse_float=str)


def is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def comments(text: str) -> list[str]:
    """Remove keys, values and whitespace from a text, which leaves its comments."""
    layout = scan(text)
    spans = [
        span
        for entry in layout.entries.values()
        for span in (entry.key, entry.value)
        if span and "[" != text[span.begin] != "{"
    ]
    marks = list(text)
    for span in spans:
        marks[span.begin : span.end] = " " * (span.end - span.begin)
    left = "".join(marks)
    return [found.rstrip() for found in re.findall(r"#[^\n]*", left)]


@given(toml_texts())
@example('x = """\n# a  \n\n\n# b"""\n[t]')
@example("x = '''\n  \n'''")
@example("# a\n[t]\n# b\n[u]")
def test_formatting_keeps_the_values_of_any_toml(text: str) -> None:
    assume(is_toml(text))

    assert tree(formatted(text)) == tree(text)


@given(toml_texts())
@example('x = """\n# a  \n\n\n# b"""\n[t]')
@example("# a\n\n\n# b\n[t]\n[u]\n\n")
def test_formatting_twice_changes_nothing_more(text: str) -> None:
    assume(is_toml(text))
    once = formatted(text)

    assert formatted(once) == once


@given(toml_texts())
def test_formatting_keeps_the_comments_of_any_toml(text: str) -> None:
    assume(is_toml(text))

    assert comments(formatted(text)) == comments(text)


@given(lockfile_texts())
def test_formatting_keeps_the_order_of_keys(text: str) -> None:
    assert [*scan(formatted(text)).entries] == [*scan(text).entries]


@given(lockfile_texts())
def test_formatted_lines_all_end_as_the_first_one_did(text: str) -> None:
    ends = set(re.findall(r"\r?\n", formatted(text)))

    assert ends <= {"\r\n" if "\r\n" in text else "\n"}


def test_mixed_line_ends_become_those_of_the_first_line() -> None:
    assert formatted("a = 1\r\nb = 2\nc = 3\r\n") == "a = 1\r\nb = 2\r\nc = 3\r\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\n \n", ""),
        ("a=1", "a = 1\n"),
        ("a  =\t1", "a = 1\n"),
        ("a . b=1", "a . b = 1\n"),
        ("t = { a=1, b  = 2 }", "t = { a = 1, b = 2 }\n"),
        ('a = "x=y"', 'a = "x=y"\n'),
        ("a = 1  # b=c  \n", "a = 1  # b=c\n"),
        ("\n\na = 1\n\n\n\nb = 2\n\n", "a = 1\n\nb = 2\n"),
        ("a = 1\n[t]\n[u]\n", "a = 1\n\n[t]\n\n[u]\n"),
        ("a = 1\n\n\n[t]\n", "a = 1\n\n[t]\n"),
        ("a = 1\n# about t\n[t]\n", "a = 1\n\n# about t\n[t]\n"),
        ("# head\n[t]\n", "# head\n[t]\n"),
        ("[t]\n\n# end", "[t]\n\n# end\n"),
        ('a = """ \n\n\n x \n"""  ', 'a = """ \n\n\n x \n"""\n'),
        ("a = [\n  1,\t\n\n\n  2 ]", "a = [\n  1,\n\n  2 ]\n"),
    ],
)
def test_spacing_and_blank_lines_are_normalized(before: str, after: str) -> None:
    assert formatted(before) == after


def test_a_list_of_models_too_long_for_a_line_gets_a_line_for_each_model() -> None:
    lines = "".join(f'    "{model}",\n' for model in LONG)

    assert formatted(f"models={LONG_LIST} # why") == f"models = [\n{lines}] # why\n"


def test_a_list_of_models_that_just_fits_its_line_is_kept() -> None:
    text = f'models = ["openai:{"x" * (WIDTH - 20)}"]\n'

    assert len(text) == WIDTH + 1
    assert formatted(text) == text


@pytest.mark.parametrize(
    "text", [f"b = {{ models = {LONG_LIST} }}\n", f"others = {LONG_LIST}\n"], ids=["braces", "key"]
)
def test_other_long_lines_are_kept(text: str) -> None:
    assert formatted(text) == text


def test_lockfiles_written_by_llmring_are_formatted() -> None:
    for text in (read(BUNDLED), starter([Suggestion("fast", ("mock:a",), "Quick.")]), EXAMPLE):
        assert formatted(text) == text


@given(lockfile_texts())
def test_a_formatted_file_stays_formatted_after_bind(text: str) -> None:
    bound = bindings.bind(formatted(text), "new", "mock:a", "default")

    assert formatted(bound) == bound


def test_the_error_for_text_that_is_not_toml_gives_line_and_column() -> None:
    with pytest.raises(LockfileParseError, match="2:5: not TOML: Invalid value"):
        formatted("a = 1\nb = x\n")
