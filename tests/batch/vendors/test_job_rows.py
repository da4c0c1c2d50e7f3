"""The rows of a job at a vendor."""

import asyncio
from collections.abc import Collection

import pytest

from batch_jobs import VendorCalls, rows
from llmring.batch.vendors.job_rows import JobRows
from llmring.batch.vendors.part_files import RowMark
from llmring.exceptions import ConfigurationError
from priced import target


def job_rows(done: Collection[str] = ()) -> JobRows:
    return JobRows(VendorCalls(), target("m"), rows(4), lambda request: request.row.id in done)


def test_rows_with_an_outcome_are_left_out() -> None:
    found = job_rows({"row-1", "row-3"})

    assert [request.row.id for request in found.not_done()] == ["row-0", "row-2"]
    assert found.is_done(RowMark("c", "row-3", 3, "d", 0, 0))
    assert not found.is_done(RowMark("c", "row-2", 2, "d", 0, 0))


def test_the_request_at_a_place_is_found_also_of_a_row_that_is_done() -> None:
    assert job_rows({"row-2"}).request_at(2) == rows(4)[2].request


def test_an_input_that_lacks_a_row_is_another_input() -> None:
    with pytest.raises(ConfigurationError, match="row 10"):
        job_rows().request_at(9)


def test_a_row_is_rendered_for_the_model() -> None:
    http, model = asyncio.run(job_rows().render(rows(1)[0]))

    assert http.url.endswith("/chat/completions")
    assert b"Question 0" in http.body
    assert model.name == "openai:m"
