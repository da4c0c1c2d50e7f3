"""Kept answers in memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from llmring.answer_cache.memory_store import MemoryStore

ROOM = 10_000
# What an entry of this many bytes may take, with its key.
SIZE = 1_500


class Stage:
    """A store in memory, its clock and its mark."""

    def __init__(self, most: int = ROOM) -> None:
        self.time = 0.0
        self.mark = 0
        self.store = MemoryStore(most, lambda: self.time, lambda: self.mark)

    def get(self, key: str) -> bytes | None:
        return asyncio.run(self.store.get(key))

    def put(self, key: str, data: bytes = b"x", seconds: float = 60) -> None:
        asyncio.run(self.store.put(key, data, seconds))


def test_g137_what_is_kept_is_found_until_its_time_is_over() -> None:
    stage = Stage()
    stage.put("a", b"1", 10)
    stage.put("b", b"2", 20)

    stage.time = 9.9
    assert (stage.get("a"), stage.get("b"), stage.get("c")) == (b"1", b"2", None)
    stage.time = 10
    assert (stage.get("a"), stage.get("b")) == (None, b"2")


def test_a_later_answer_takes_the_place_of_an_earlier_one() -> None:
    stage = Stage()
    stage.put("a", b"1")
    stage.put("a", b"2")

    assert stage.get("a") == b"2"


def test_g137_of_too_many_the_one_asked_for_longest_ago_goes() -> None:
    stage = Stage()
    for key in "abcdef":
        stage.put(key, b"x" * SIZE)
        stage.get("a")

    assert [key for key in "abcdef" if stage.get(key)] == ["a", "c", "d", "e", "f"]


def test_an_answer_that_is_larger_than_all_memory_is_not_kept() -> None:
    stage = Stage()
    stage.put("a")
    stage.put("b", b"x" * ROOM)

    assert (stage.get("a"), stage.get("b")) == (b"x", None)


def test_g137_all_goes_when_the_mark_changes() -> None:
    stage = Stage()
    stage.put("a")
    stage.mark = 1

    assert stage.get("a") is None
    stage.put("a")
    assert stage.get("a") == b"x"


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 4_000), st.booleans())))
def test_the_memory_is_bounded_and_agrees_with_a_simple_one(
    steps: list[tuple[str, int, bool]],
) -> None:
    stage, simple = Stage(), OrderedDict[str, bytes]()
    for key, size, puts in steps:
        if puts:
            stage.put(key, b"x" * size)
            simple.pop(key, None)
            simple[key] = b"x" * size
            while sum(map(len, simple.values())) > ROOM:
                simple.popitem(last=False)
        else:
            found = stage.get(key)
            assert found in (None, simple.get(key))
            if key in simple:
                simple.move_to_end(key)

    kept = [key for key in simple if stage.get(key) is not None]
    assert sum(len(simple[key]) for key in kept) <= ROOM
    # It forgets the oldest ones, and no others.
    assert kept == [*simple][len(simple) - len(kept) :]
