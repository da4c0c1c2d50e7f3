from datetime import date
from decimal import Decimal

import pytest

from llmring import LLMRequest
from llmring.batch.estimate.answer_lengths import AnswerLengths
from llmring.batch.estimate.batch_estimate import BatchEstimator
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.registry.price import cost_of
from llmring.routing.account import Account
from priced import target
from recorded_costs import FOLDER, recorded_sizes

DAY = date(2026, 11, 23)
LENGTHS = AnswerLengths(low=10, expected=100, basis="as given")


def row(text: str, at: int = 0, max_tokens: int | None = None) -> RowRequest:
    request = LLMRequest("fast", text, max_tokens=max_tokens)
    return RowRequest(InputRow(at, str(at), {}, f"line {at}"), "chat", request)


def problem(reason: str) -> RowProblem:
    return RowProblem(InputRow(0, "0", {}, "line 1"), reason)


def test_b13_rows_are_summed_and_bad_rows_counted_by_reason() -> None:
    sums = BatchEstimator([target("m", "1")], LENGTHS, DAY)
    for at in range(3):
        sums.add(row("x" * 400, at))
    for _ in range(2):
        sums.add(problem("name is empty"))

    found = sums.estimate()

    assert (found.rows, found.bad_rows) == (3, 2)
    assert found.bad_reasons == (("name is empty", 2),)
    assert found.tokens_in == 3 * 104
    assert found.tokens_in_high >= 3 * 400
    assert (found.tokens_out_low, found.tokens_out) == (30, 300)
    assert not found.is_sample


def test_b13_a_sample_stands_for_the_whole_input() -> None:
    sums = BatchEstimator([target("m", "1", "1")], LENGTHS, DAY)
    sums.add(row("x" * 400))
    sums.add(problem("name is empty"))

    found = sums.estimate(1000)

    assert (found.rows, found.bad_rows) == (500, 500)
    assert found.is_sample
    assert found.models[0].usd.expected == Decimal(500 * 204) / 10**6


def test_b13_a_row_s_own_limit_bounds_its_answer() -> None:
    sums = BatchEstimator([target("m", "1")], LENGTHS, DAY)
    sums.add(row("Hi", max_tokens=5))

    found = sums.estimate()

    assert (found.tokens_out_low, found.tokens_out) == (5, 5)
    assert found.models[0].tokens_high == 5


def test_b13_every_model_of_the_alias_has_its_cost() -> None:
    sums = BatchEstimator([target("m", "1"), target("n", "2"), target("o")], LENGTHS, DAY)
    sums.add(row("Hi"))

    first, second, third = sums.estimate().models

    assert first.usd.expected is not None
    assert second.usd.expected == 2 * first.usd.expected
    assert third.usd.expected is None


def test_b13_embeddings_have_no_answers() -> None:
    sums = BatchEstimator([target("m", "1")], LENGTHS, DAY)
    place = InputRow(0, "0", {}, "line 1")
    sums.add(RowRequest(place, "embeddings", LLMRequest("vectors"), ["x" * 400]))

    found = sums.estimate()

    assert (found.tokens_in, found.tokens_out) == (100, 0)


@pytest.mark.parametrize(
    ("account", "hours"),
    [
        (Account(key="k", name="alias 'fast'"), None),
        (Account(key="k", name="alias 'fast'", rpm=60), 1.0),
        (Account(key="k", name="alias 'fast'", rpm=600, tpm=3600 * 204 // 120), 2.0),
    ],
    ids=["none", "requests", "tokens"],
)
def test_b13_the_limits_of_the_lockfile_give_the_least_time(
    account: Account, hours: float | None
) -> None:
    sums = BatchEstimator([target("m", "1")], LENGTHS, DAY, account)
    for at in range(3600):
        sums.add(row("x" * 400, at))

    assert sums.estimate().hours == hours


@pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the recordings next to the repository")
def test_b13_the_recorded_calls_cost_what_was_estimated() -> None:
    model = target("m", "1", "10")
    sums = BatchEstimator([model], LENGTHS, DAY)
    real = 0
    cost = Decimal(0)
    for request, usage in recorded_sizes():
        most = usage.completion_tokens + 1
        fields = {"tools": request.tools, "response_format": request.response_format}
        asked = LLMRequest("m", request.messages, max_tokens=most, **fields)
        sums.add(RowRequest(InputRow(0, "0", {}, ""), "chat", asked))
        paid = cost_of(usage, model.facts, DAY)
        assert isinstance(paid, Decimal)
        cost += paid
        real += usage.prompt_tokens

    found = sums.estimate()

    assert found.rows > 900
    assert real / 2 <= found.tokens_in <= real * 2
    high = found.models[0].usd.high
    assert high is not None
    assert cost <= high
