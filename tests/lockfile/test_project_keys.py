"""The keys of a lockfile for its project: its name, and how long its calls are kept."""

import pytest

from llmring.exceptions import LockfileParseError
from llmring.lockfile.check import problems
from llmring.lockfile.compare import changes
from llmring.lockfile.document import parse
from llmring.providers.table import PROVIDERS

PROFILE = "\n[profiles.default]\n"


@pytest.mark.parametrize("name", ["app", "acme/support bot", "a", "x" * 64, "träger.1", "@me/app"])
def test_a_name_is_a_short_text(name: str) -> None:
    assert parse(f'name = "{name}"{PROFILE}').name == name


@pytest.mark.parametrize(
    "name",
    ['""', '" app"', '"app "', '"/app"', '"a:b"', r'"C\\app"', r'"a\nb"', f'"{"x" * 65}"', "5"],
)
def test_a_name_that_could_be_taken_for_a_path_or_hides_characters_is_an_error(name: str) -> None:
    with pytest.raises(LockfileParseError, match=r"name: is not a short name: .*write name = "):
        parse(f"name = {name}{PROFILE}")


@pytest.mark.parametrize("keep", ["90d", "12w", "36h"])
def test_calls_are_kept_for_hours_days_or_weeks(keep: str) -> None:
    lockfile = parse(f'{PROFILE}[ledger]\nkeep = "{keep}"\n')

    assert lockfile.ledger == {"keep": keep}


@pytest.mark.parametrize(
    "keep", ['"3m"', '"0d"', '"90"', '"d"', '"-1d"', '"1y"', "90", '"1000000d"']
)
def test_another_age_is_an_error(keep: str) -> None:
    [problem] = [
        each
        for each in problems(f"{PROFILE}[ledger]\nkeep = {keep}\n", PROVIDERS)
        if each.severity == "error"
    ]

    assert "is not an age in hours, days or weeks" in problem.message
    assert problem.fix == 'write keep = "90d"'


def test_an_unknown_key_of_the_ledger_is_an_error_of_the_check_and_a_warning_in_use() -> None:
    text = f'{PROFILE}[ledger]\nkeeps = "90d"\n'

    [warning] = parse(text).warnings
    assert "did you mean 'keep'?" in warning.fix
    assert [each.fix for each in problems(text, PROVIDERS) if each.severity == "error"]


def test_without_a_name_and_a_ledger_both_are_empty() -> None:
    lockfile = parse(PROFILE)

    assert (lockfile.name, lockfile.ledger) == (None, {})


def test_changes_of_both_are_differences() -> None:
    before = parse(f'name = "old"{PROFILE}')
    after = parse(f'name = "new"{PROFILE}[ledger]\nkeep = "90d"\n')

    assert [str(each) for each in changes(before, after)] == [
        "name: old → new",
        "+ ledger.keep → 90d",
    ]
