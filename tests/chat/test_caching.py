"""Cache settings in every accepted form."""

from typing import Any

import pytest

from llmring import Caching, ValidationError
from llmring.chat.caching import parse_caching


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (None, None),
        (False, None),
        (True, Caching()),
        ("1h", Caching("1h")),
        ({}, Caching()),
        ({"ttl": "5m", "key": "k"}, Caching("5m", "k")),
        ({"type": "ephemeral"}, Caching()),
        (Caching("24h"), Caching("24h")),
    ],
)
def test_caching_is_parsed_from_any_of_its_forms(given: Any, parsed: Caching | None) -> None:
    assert parse_caching(given) == parsed


@pytest.mark.parametrize("given", [1, 0, ["1h"], {"lifetime": "1h"}, {"ttl": "1h", "tll": "1h"}])
def test_another_form_is_refused_and_shown(given: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_caching(given)

    assert str(caught.value).endswith(f"not {given!r}")
