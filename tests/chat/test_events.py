"""Token counts of a call."""

import pytest

from llmring.chat.events import Usage

USAGE = Usage(
    prompt_tokens=10,
    completion_tokens=5,
    cached_tokens=4,
    cache_write_tokens=3,
    cache_write_1h_tokens=2,
    service_tier="flex",
)


def test_R07_usage_is_a_mapping_of_its_counts() -> None:
    counts = dict(USAGE)

    assert (counts["prompt_tokens"], counts["total_tokens"]) == (10, 15)
    assert all(isinstance(count, int) for count in counts.values())
    assert len(counts) == len(USAGE)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("cache_read_input_tokens", 4),
        ("cache_creation_input_tokens", 3),
        ("cache_creation_1h_tokens", 2),
    ],
)
def test_R07_cache_counts_can_be_read_under_anthropics_names(name: str, count: int) -> None:
    assert name in USAGE
    assert (USAGE[name], USAGE.get(name)) == (count, count)


def test_fields_that_are_not_counts_are_not_in_the_mapping() -> None:
    with pytest.raises(KeyError, match="service_tier"):
        USAGE["service_tier"]

    assert "service_tier" not in USAGE
    assert USAGE.get("cost", "none") == "none"
