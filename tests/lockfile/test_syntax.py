import pytest

from llmring.lockfile.problem import Problem
from llmring.lockfile.syntax import load


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "fix"),
    [
        ("a = 1\nb = foo\n", 2, 5, "Invalid value", "put strings in double quotes"),
        ("a = [\n  1\n  2\n]", 3, 3, "Unclosed array", "by commas"),
        ("a = 1\na = 2\n", 2, 6, "Cannot overwrite", "keep only one"),
        ("[a]\n[a]\n", 2, 3, "Cannot declare", "[[...]]"),
        ('a = "x\nb = 1', 1, 7, "Illegal character", "close the string"),
        ('\na = """x', 2, 9, "Unterminated", "close the string"),
        ("a\n", 1, 2, "Expected '='", "write key ="),
        ("a = 1 b = 2", 1, 7, "Expected newline", "one key per line"),
        ("a = 1\r\n\r\n? = 1", 3, 1, "Invalid statement", "https://toml.io"),
        ('\n{"version": "1.0"}', 1, 1, "is JSON", "as TOML"),
        ("a = 1\n<<<<<<< HEAD\nb = 1\n", 2, 1, "merge conflict", "resolve the conflict"),
    ],
)
def test_a_syntax_error_gives_place_and_fix(
    text: str, line: int, column: int, message: str, fix: str
) -> None:
    problem = load(text)

    assert isinstance(problem, Problem)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert fix in problem.fix


@pytest.mark.parametrize("text", ["a = " + "[" * 9999, f"a = {'1' * 5000}"])
def test_a_text_that_breaks_the_parser_is_a_problem_and_not_a_crash(text: str) -> None:
    assert isinstance(load(text), Problem)
