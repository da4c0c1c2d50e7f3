"""Marks of keys."""

from llmring.batch.vendors.key_mark import key_mark


def test_b45_a_mark_knows_a_key_again_and_has_nothing_of_it() -> None:
    key = "sk-proj-0123456789abcdef"

    mark = key_mark(key)

    assert mark == key_mark(key)
    assert mark != key_mark(key + "x")
    assert len(mark) == 12
    assert mark not in key


def test_no_key_has_an_empty_mark() -> None:
    assert (key_mark(None), key_mark("")) == ("", "")
