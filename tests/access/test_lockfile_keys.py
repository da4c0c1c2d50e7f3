"""Keys in a lockfile."""

import tomllib
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from access_keys import WEB
from llmring.access.access_records import AccessKey
from llmring.access.key_form import hash_of
from llmring.access.lockfile_keys import lockfile_keys
from llmring.exceptions import ConfigurationError


def keys(text: str) -> tuple[AccessKey, ...]:
    head = f'[[keys]]\nname = "web"\nhash = "{hash_of(WEB)}"\n'
    return lockfile_keys(tomllib.loads(head + text)["keys"])


def test_g124_a_table_is_a_key() -> None:
    [key] = keys('aliases = ["fast"]\nrpm = 60\ndaily_budget = 0.1\nx-note = 1\n')

    assert key == AccessKey(
        id="lockfile:web",
        name="web",
        hash=hash_of(WEB),
        aliases=("fast",),
        rpm=60,
        daily_budget=Decimal("0.1"),
    )


@pytest.mark.parametrize(
    "expires",
    [
        "2027-01-31",
        "2027-01-31T00:00:00",
        "2027-01-31T00:00:00Z",
        "2027-01-31T02:00:00+02:00",
        '"2027-01-31"',
        '"2027-01-31T00:00:00Z"',
    ],
)
def test_g124_an_end_is_in_utc_unless_it_names_a_zone(expires: str) -> None:
    [key] = keys(f"expires = {expires}")

    assert key.expires == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        'expires = "soon"',
        'nets = ["nowhere"]',
        "rpm = 0",
        'id = "lockfile:other"\nrevoked = 1',
        'unheard = "of"',
        f'[[keys]]\nname = "web"\nhash = "{hash_of("x")}"',
    ],
)
def test_g124_a_table_that_can_t_be_a_key_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="'web'"):
        keys(text)
