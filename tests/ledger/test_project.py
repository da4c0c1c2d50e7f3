"""Ages, as lockfiles and commands write them."""

from datetime import timedelta

import pytest

from llmring.ledger.project import age_of


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90d", timedelta(days=90)),
        ("12w", timedelta(weeks=12)),
        ("36h", timedelta(hours=36)),
        ("99999w", timedelta(weeks=99999)),
    ],
)
def test_an_age_is_a_number_of_hours_days_or_weeks(text: str, age: timedelta) -> None:
    assert age_of(text) == age
