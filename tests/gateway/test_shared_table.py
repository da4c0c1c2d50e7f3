"""A table in memory that several processes use at once."""

from __future__ import annotations

import mmap

from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.shared_table import LONGEST, SharedTable, size_of


def table(buckets: int = 4) -> SharedTable:
    return SharedTable(mmap.mmap(-1, size_of(buckets)), 0, buckets)


def test_g025_a_text_is_found_until_its_time_is_over() -> None:
    found = table()
    found.put("a", "openai:x", 10)
    found.put("b", "openai:ÿ", 20)

    assert (found.get("a", 9), found.get("b", 9), found.get("c", 9)) == (
        "openai:x",
        "openai:ÿ",
        None,
    )
    assert (found.get("a", 10), found.get("b", 10)) == (None, "openai:ÿ")


def test_g025_the_last_text_of_a_key_counts() -> None:
    found = table()
    found.put("a", "a long text", 10)
    found.put("a", "short", 20)

    assert found.get("a", 15) == "short"


def test_g025_two_tables_in_the_same_memory_are_apart() -> None:
    memory = mmap.mmap(-1, size_of(2))
    one, other = SharedTable(memory, 0, 1), SharedTable(memory, size_of(1), 1)
    one.put("a", "one", 10)
    other.put("a", "other", 10)

    assert (one.get("a", 1), other.get("a", 1)) == ("one", "other")


def test_g025_of_a_full_bucket_the_row_whose_time_is_over_first_goes() -> None:
    found = table(1)
    for until in range(1, 10):
        found.put(str(until), "x", until)

    assert [found.get(str(until), 0) for until in range(1, 10)] == [None, *["x"] * 8]


def test_g025_a_text_that_is_too_long_is_left_out_and_so_is_the_one_before() -> None:
    found = table()
    found.put("a", "x" * LONGEST, 10)
    assert found.get("a", 1) == "x" * LONGEST

    found.put("a", "y" * (LONGEST + 1), 10)
    assert found.get("a", 1) is None


def test_g025_a_row_that_two_processes_wrote_at_once_counts_as_empty() -> None:
    memory = mmap.mmap(-1, size_of(1))
    found = SharedTable(memory, 0, 1)
    found.put("a", "openai:x", 10)
    for place in range(size_of(1)):
        before = memory[place]
        memory[place] = before ^ 1
        damaged = found.get("a", 1)
        memory[place] = before
        # Only what is behind the text means nothing.
        assert damaged is None or (damaged == "openai:x" and before == 0)

    assert found.get("a", 1) == "openai:x"


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.text(max_size=LONGEST // 4), st.integers(0, 30)),
        max_size=30,
    )
)
def test_g025_a_table_that_is_not_full_is_a_mapping(steps: list[tuple[str, str, int]]) -> None:
    found = table(1)
    simple: dict[str, tuple[str, int]] = {}
    for now, (key, text, seconds) in enumerate(steps):
        found.put(key, text, now + seconds)
        simple[key] = text, now + seconds
        for each in "abcdef":
            known, until = simple.get(each, ("", 0))
            assert found.get(each, now) == (known if until > now else None)
