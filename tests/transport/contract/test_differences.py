"""The tables of differences name cases that there are."""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from transport.contract.answer_cases import AnswerCase
from transport.contract.differences import DIFFERENCES, NOT_YET
from transport.contract.remote_asks import RemoteCase

HERE = Path(__file__).resolve().parent
NAMED = sorted({*(row.case for row in DIFFERENCES), *NOT_YET})


def cases() -> Iterator[str]:
    """Yield the IDs of all cases: those in tables, and the names of all tests in words."""
    for path in sorted(HERE.glob("test_*.py")):
        for name, value in vars(import_module(f"transport.contract.{path.stem}")).items():
            if name.startswith("test_"):
                yield name.removeprefix("test_").replace("_", " ")
            elif isinstance(value, list | tuple):
                yield from (
                    str(each) for each in value if isinstance(each, AnswerCase | RemoteCase)
                )


@pytest.fixture(scope="module")
def known() -> Counter[str]:
    return Counter(cases())


@pytest.mark.parametrize("name", NAMED)
def test_a_row_is_about_a_case(known: Counter[str], name: str) -> None:
    assert known[name] == 1


def test_no_two_cases_have_the_same_name(known: Counter[str]) -> None:
    assert [name for name, count in known.items() if count > 1] == []


def test_a_case_has_one_row_with_two_outcomes() -> None:
    counts = Counter(row.case for row in DIFFERENCES)

    assert set(counts.values()) == {1}
    assert [row.case for row in DIFFERENCES if row.ours == row.theirs] == []
