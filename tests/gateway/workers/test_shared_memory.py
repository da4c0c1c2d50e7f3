"""The memory that the workers of a gateway share."""

import os

import pytest

from llmring.gateway.workers.shared_memory import (
    ConnectionCounts,
    free_place,
    make_memory,
    tables_in,
)


def test_g025_all_who_have_the_memory_see_what_the_others_entered() -> None:
    descriptor = make_memory()
    assert descriptor is not None
    one, other = tables_in(descriptor), tables_in(descriptor)
    os.close(descriptor)
    one.conversations.put("a", "openai:x", 10)
    other.aliases.put("a", "", 10)

    assert other.conversations.get("a", 1) == "openai:x"
    assert one.aliases.get("a", 1) == ""


def test_g025_ten_thousand_conversations_are_shared() -> None:
    descriptor = make_memory()
    assert descriptor is not None
    found = tables_in(descriptor).conversations
    os.close(descriptor)
    for each in range(10_000):
        found.put(str(each), "openai:x", 10)

    assert sum(found.get(str(each), 1) is None for each in range(10_000)) < 20


def test_g025_a_system_without_such_memory_has_a_file_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("os.memfd_create", raising=False)
    descriptor = make_memory()
    assert descriptor is not None
    one = tables_in(descriptor)
    one.conversations.put("a", "openai:x", 10)

    assert tables_in(descriptor).conversations.get("a", 1) == "openai:x"
    os.close(descriptor)


def test_g188_a_worker_compares_its_connections_with_those_of_the_others() -> None:
    descriptor = make_memory()
    assert descriptor is not None
    one, other = ConnectionCounts(descriptor), ConnectionCounts(descriptor)
    os.close(descriptor)

    assert one.surplus(3, 10) == 0
    assert other.surplus(7, 0) == 0
    assert one.surplus(3, 11) == 11
    assert other.surplus(7, 5) == 0
    other.surplus(7, 20)
    assert one.surplus(3, 11) == 0
    other.leave(7)
    assert one.surplus(3, 12) == 0
    one.close()
    other.close()


def test_g188_each_worker_has_a_place_as_long_as_there_is_one() -> None:
    taken: list[int | None] = [None]
    for _ in range(512):
        taken.append(free_place(taken))

    assert len({*taken}) == 513
    assert free_place(taken) is None
    assert free_place([each for each in taken if each != 5]) == 5


def test_g025_without_any_memory_there_are_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no memory")

    monkeypatch.setattr("os.ftruncate", refuse)

    assert make_memory() is None
