"""The tables of differences name cases that there are."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from transport.contract.differences import DIFFERENCES, NOT_YET

HERE = Path(__file__).resolve().parent
NAMED = sorted({*(row.case for row in DIFFERENCES), *NOT_YET})


@pytest.fixture(scope="module")
def collected() -> str:
    """Return the IDs of all tests of the contract."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", str(HERE)],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE.parents[2],
    )
    return done.stdout


@pytest.mark.parametrize("name", NAMED)
def test_a_row_is_about_a_case(collected: str, name: str) -> None:
    test = f"::test_{name.replace(' ', '_')}["

    assert any(each in collected for each in (f"-{name}]\n", f"[{name}-", test))


def test_a_case_has_one_row_with_two_outcomes() -> None:
    counts = Counter(row.case for row in DIFFERENCES)

    assert set(counts.values()) == {1}
    assert [row.case for row in DIFFERENCES if row.ours == row.theirs] == []
