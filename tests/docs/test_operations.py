"""docs/operations.md: its code runs, and its figures are those of the code."""

import re
from pathlib import Path

import pytest

from llmring.limits import count_link, redis_circuits, redis_connection, redis_counts
from llmring.routing import circuits

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_python_code_of_the_page_runs(code: str) -> None:
    exec(code, {})  # noqa: S102 -- our own page


@pytest.mark.parametrize(
    "phrase",
    [
        f"for {circuits.COOL_SECONDS:.0f} s, then {2 * circuits.COOL_SECONDS:.0f} s, "
        f"up to {circuits.MOST_COOL_SECONDS:.0f} s",
        f"{circuits.RATE_LIMIT_SECONDS:.0f} s without the header",
        f"opens at once, for {circuits.LONG_SECONDS:.0f} s",
        f"for {circuits.PROBE_SECONDS:.0f} s at most",
        f"longer than {redis_connection.BUDGET_SECONDS * 1000:.0f} ms",
        "{llmring}:",
    ],
)
def test_the_page_has_the_figures_of_the_code(phrase: str) -> None:
    assert phrase in " ".join(PAGE.split())


def test_the_figures_that_the_page_spells_out_are_those_of_the_code() -> None:
    assert (circuits.IN_A_ROW, circuits.MANY, circuits.WINDOW_SECONDS) == (3, 10, 60)
    assert (circuits.TELLING_SILENCE_SECONDS, circuits.JITTER) == (10, 0.2)
    assert circuits.MOST_RETRY_AFTER_SECONDS == redis_circuits.KEEP_SECONDS == 3600
    assert redis_connection.PAUSE_SECONDS == 5
    assert redis_counts.KEEP_SECONDS["day"] == 3 * 86400
    assert count_link.PAUSE_SECONDS == 5
