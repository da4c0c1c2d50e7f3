"""The memory that the workers of a gateway share."""

import os

import pytest

from llmring.gateway.workers.shared_memory import make_memory, tables_in


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


def test_g025_without_any_memory_there_are_no_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no memory")

    monkeypatch.setattr("os.ftruncate", refuse)

    assert make_memory() is None
