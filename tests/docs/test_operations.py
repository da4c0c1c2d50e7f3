"""docs/operations.md: its code runs, and its figures are those of the code."""

import re
from pathlib import Path

import pytest

from llmring.client import redis_link, shared_health, shared_spending
from llmring.routing import health

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_python_code_of_the_page_runs(code: str) -> None:
    exec(code, {})  # noqa: S102 -- our own page


@pytest.mark.parametrize(
    "phrase",
    [
        f"for {health.COOL_SECONDS:.0f} s, then {2 * health.COOL_SECONDS:.0f} s, "
        f"up to {health.MOST_COOL_SECONDS:.0f} s",
        f"{health.RATE_LIMIT_SECONDS:.0f} s without the header",
        f"opens at once, for {health.LONG_SECONDS:.0f} s",
        f"for {health.PROBE_SECONDS:.0f} s at most",
        f"longer than {redis_link.BUDGET_SECONDS * 1000:.0f} ms",
        "{llmring}:",
    ],
)
def test_the_page_has_the_figures_of_the_code(phrase: str) -> None:
    assert phrase in " ".join(PAGE.split())


def test_the_figures_that_the_page_spells_out_are_those_of_the_code() -> None:
    assert (health.IN_A_ROW, health.MANY, health.WINDOW_SECONDS) == (3, 10, 60)
    assert (health.TELLING_SILENCE_SECONDS, health.JITTER) == (10, 0.2)
    assert health.MOST_RETRY_AFTER_SECONDS == shared_health.KEEP_SECONDS == 3600
    assert redis_link.PAUSE_SECONDS == 5
    assert shared_spending.KEEP_SECONDS == 3 * 86400
