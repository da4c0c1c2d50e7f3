from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.row_ids import column_id, place_id, vendor_id

ANY_ID = st.text(st.characters(exclude_categories=[]), min_size=1)


@given(ANY_ID)
def test_b25_every_id_has_a_form_that_vendors_accept(id_: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", vendor_id(id_))


@given(st.lists(ANY_ID | st.from_regex(r"row-[0-9a-f]{32}", fullmatch=True), unique=True))
def test_b25_two_ids_stay_two(ids: list[str]) -> None:
    assert len({vendor_id(id_) for id_ in [*ids, *map(vendor_id, ids)]}) >= len(ids)


def test_b25_an_accepted_id_stays_as_it_is() -> None:
    assert vendor_id("order-17_b") == "order-17_b"


def test_b25_a_mapped_id_is_the_same_on_every_machine() -> None:
    assert vendor_id("people.csv:1") == "row-a9566fcc10c356d42e3c97f6e29a8fdd"


def test_an_id_with_the_form_of_a_mapped_one_is_mapped_too() -> None:
    assert vendor_id(vendor_id("people.csv:1")) != vendor_id("people.csv:1")


def test_b25_an_id_by_place_has_the_file_and_the_record() -> None:
    assert place_id("people.csv", 3) == "people.csv:3"


@pytest.mark.parametrize(
    ("value", "id_"), [("a", "a"), (7, "7"), (None, None), ("", None), (b"a", None)]
)
def test_an_id_of_a_column_is_its_text(value: Any, id_: str | None) -> None:
    assert column_id({"key": value}, "key") == id_
