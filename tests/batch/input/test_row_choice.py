from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.open_rows import open_values
from llmring.batch.input.row_choice import ChosenRows, RowChoice, parse_sample, shuffled
from llmring.batch.input.row_source import RowSource
from llmring.batch.row import InputRow
from llmring.exceptions import ValidationError


def numbers(count: int) -> RowSource:
    return open_values([{"n": number} for number in range(count)])


def ordinals(rows: RowSource) -> list[int]:
    return [row.ordinal for row in rows if isinstance(row, InputRow)]


def streamed(rows: RowSource) -> list[int]:
    async def read() -> list[int]:
        return [row.ordinal async for row in rows.stream() if isinstance(row, InputRow)]

    return asyncio.run(read())


@given(st.integers(0, 20), st.integers(0, 20), st.none() | st.integers(0, 20))
def test_b9_rows_are_skipped_and_limited(count: int, skip: int, limit: int | None) -> None:
    rows = ChosenRows(numbers(count), RowChoice(skip=skip, limit=limit))

    end = None if limit is None else skip + limit
    assert ordinals(rows) == streamed(rows) == list(range(count))[skip:end]
    assert rows.count() == len(ordinals(rows))


@given(st.integers(0, 60), st.integers(0, 10), st.none() | st.integers(0, 40), st.integers(0, 60))
def test_b9_a_sample_has_as_many_rows_as_asked_for(
    count: int, skip: int, limit: int | None, sample: int
) -> None:
    rows = ChosenRows(numbers(count), RowChoice(skip=skip, limit=limit, sample=sample, seed=3))
    others = list(range(count))[skip : None if limit is None else skip + limit]

    found = ordinals(rows)

    assert len(found) == rows.count() == min(sample, len(others))
    assert set(found) <= set(others)
    assert found == sorted(found) == streamed(rows)


def test_b9_the_same_seed_has_the_same_rows_and_another_seed_others() -> None:
    one, again, other = (
        ordinals(ChosenRows(numbers(1000), RowChoice(sample=50, seed=seed))) for seed in (1, 1, 2)
    )

    assert one == again
    assert one != other


def test_b9_a_share_is_about_that_many_rows_and_the_same_each_time() -> None:
    rows = ChosenRows(numbers(2000), RowChoice(share=0.25, seed=1))

    found = ordinals(rows)

    assert 420 < len(found) < 580
    assert found == ordinals(rows)
    assert rows.count() is None


def test_b9_a_share_of_a_longer_input_has_the_same_rows_of_its_beginning() -> None:
    short = ordinals(ChosenRows(numbers(500), RowChoice(share=0.1)))
    long = ordinals(ChosenRows(numbers(1000), RowChoice(share=0.1)))

    assert long[: len(short)] == short


def test_b9_the_last_row_of_a_limit_does_not_wait_for_the_next_one() -> None:
    async def endless() -> AsyncIterator[dict[str, int]]:
        yield {"n": 1}
        await asyncio.Event().wait()

    assert streamed(ChosenRows(open_values(endless()), RowChoice(limit=1))) == [0]


def test_a_number_of_rows_is_not_sampled_from_rows_that_are_read_once() -> None:
    with pytest.raises(ValidationError, match="a share such as 5%"):
        ChosenRows(open_values(iter([{"n": 1}])), RowChoice(sample=1))


@pytest.mark.parametrize(
    ("text", "found"),
    [("500", (500, None)), ("5%", (None, 0.05)), ("0.5%", (None, 0.005)), ("100%", (None, 1.0))],
)
def test_b9_a_sample_is_a_number_or_a_share(
    text: str, found: tuple[int | None, float | None]
) -> None:
    assert parse_sample(text) == found


@pytest.mark.parametrize("text", ["", "-5", "101%", "5 %%", "half"])
def test_another_sample_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a sample"):
        parse_sample(text)


@given(st.lists(st.integers()), st.integers(1, 10))
def test_b9_shuffled_rows_are_the_same_rows(rows: list[int], most: int) -> None:
    assert sorted(shuffled(rows, 5, most)) == sorted(rows)


def test_b9_shuffled_rows_have_the_order_of_the_seed() -> None:
    rows = list(range(1000))

    assert list(shuffled(rows, 5)) == list(shuffled(rows, 5))
    assert list(shuffled(rows, 5)) != list(shuffled(rows, 6))
    assert list(shuffled(rows, 5)) != rows
