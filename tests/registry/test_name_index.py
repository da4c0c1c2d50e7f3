"""Lookup of names in a catalog's document."""

import pytest

from llmring.registry.name_index import BEGINS, ENDS, NameIndex

DOCUMENT = b'{"date":"2026-01-01",\n%b%b%b' % (
    BEGINS,
    b",\n".join((b'"acme:one":{"a":1}', b'"acme:uno":"one"', b'"else:One":{"b":2}')),
    ENDS,
)


@pytest.mark.parametrize(
    ("provider", "model", "facts"),
    [
        ("acme", "one", b'{"a":1}'),
        ("acme", "uno", b'{"a":1}'),
        ("acme", "UNO", b'{"a":1}'),
        ("else", "one", b'{"b":2}'),
    ],
)
def test_a_name_or_alias_finds_its_facts(provider: str, model: str, facts: bytes) -> None:
    found = NameIndex(DOCUMENT).find(provider, model)

    assert found is not None
    assert found[1] == facts
    assert DOCUMENT[found[0] :].startswith(facts)


@pytest.mark.parametrize("model", ["on", "one ", "", '"', "one\n", "\ud800", "acme:one"])
def test_an_unknown_name_finds_nothing(model: str) -> None:
    assert NameIndex(DOCUMENT).find("acme", model) is None


def test_facts_are_yielded_once_each_and_in_order() -> None:
    assert [facts for _, facts in NameIndex(DOCUMENT).facts()] == [b'{"a":1}', b'{"b":2}']


def test_the_head_is_the_document_without_its_names() -> None:
    assert NameIndex(DOCUMENT).head == b'{"date":"2026-01-01",\n"models":{}}'
