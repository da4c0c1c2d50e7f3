"""Token counts of a call."""

from collections.abc import Mapping

import msgspec
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


def test_usage_passes_for_any_other_mapping() -> None:
    counts = dict(USAGE)

    assert isinstance(USAGE, Mapping)
    assert [*USAGE.items()] == [*counts.items()] == [*zip(USAGE, USAGE.values(), strict=True)]
    assert USAGE.keys() & {"prompt_tokens", "cost"} == {"prompt_tokens"}
    assert counts == {**USAGE}
    assert (15 in USAGE.values(), ("total_tokens", 15) in USAGE.items()) == (True, True)


def test_a_pattern_of_a_mapping_matches_usage() -> None:
    match USAGE:
        case {"prompt_tokens": prompt, **others}:
            assert (prompt, others["completion_tokens"]) == (10, 5)
        case _:
            pytest.fail("usage is no mapping")


def test_usage_is_written_with_its_total_and_read_back_by_msgspec() -> None:
    data = USAGE.to_dict()

    assert (data["total_tokens"], data["service_tier"]) == (15, "flex")
    assert msgspec.convert(data, Usage) == USAGE
    assert msgspec.json.decode(msgspec.json.encode(USAGE), type=Usage) == USAGE
