"""The outcomes of rows, from what batches brought."""

import json
from decimal import Decimal
from typing import Any

import pytest

from batch_jobs import TODAY, VendorCalls, rows
from fake_batches import whole
from llmring import LLMRequest, Message
from llmring.batch.outcome import RowOutcome
from llmring.batch.vendors.part_files import RowMark
from llmring.batch.vendors.row_results import ResultReader, cost_in_batch, unanswered
from llmring.chat.events import Usage
from llmring.dialects.batches.batch_api import LineResult
from llmring.dialects.openai_chat.encode_reply import ENCODING as CHAT
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts, Prices
from llmring.routing.targets import Target

KEY = "sk-rows-0123456789abcdef"
FACTS = ModelFacts(provider="openai", name="m", prices=Prices(input=Decimal(2), output=Decimal(8)))
ROW = PROVIDERS["openai"]
TARGET = Target(ModelRef("openai", "m"), Endpoint(ROW, ROW.base_url, KEY), ROW.dialect, FACTS)
MARK = RowMark("c-1", "row-1", 1, "digest", 0, 0)
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}


def outcome(result: LineResult, request: LLMRequest | None = None, texts: int = 0) -> RowOutcome:
    asked = request or rows(1)[0].request
    mark = RowMark("c-1", "row-1", 1, "digest", 0, texts)
    return ResultReader(VendorCalls(), TARGET, lambda _: asked).outcome(mark, result, "b-1")


def answered(body: bytes) -> LineResult:
    return LineResult(id="c-1", end="answered", status=200, body=body)


def in_form() -> LLMRequest:
    return LLMRequest("some-alias", [Message("user", "?")], response_format=FORM)


def test_an_answer_has_its_text_its_tokens_and_its_cost() -> None:
    found = outcome(answered(whole(CHAT, "hello")))

    assert (found.id, found.ordinal, found.digest, found.status) == ("row-1", 1, "digest", "ok")
    assert (found.text, found.tokens_in, found.tokens_out) == ("hello", 100, 10)
    assert (found.cost, found.cost_reason, found.vendor_batch) == (Decimal("0.00014"), None, "b-1")
    assert (found.model, found.served_model, found.finish_reason) == (
        "openai:m",
        "served-model",
        "stop",
    )


def test_an_answer_in_a_form_is_read() -> None:
    assert outcome(answered(whole(CHAT, '{"n": 5}')), in_form()).parsed == {"n": 5}


def test_b43_an_answer_in_another_form_fails_with_its_text_and_its_cost() -> None:
    found = outcome(answered(whole(CHAT, '{"n": "five"}')), in_form())

    assert (found.status, found.error_class) == ("failed", "SchemaValidationError")
    assert (found.text, found.cost, found.passing) == ('{"n": "five"}', Decimal("0.00014"), False)


@pytest.mark.parametrize(
    ("status", "passing"), [(400, False), (429, True), (500, True), (503, True)]
)
def test_b44_some_errors_pass(status: int, passing: bool) -> None:
    body = b'{"error":{"message":"words"}}'

    found = outcome(LineResult(id="c-1", end="errored", status=status, body=body))

    assert (found.status, found.http_status, found.passing) == ("failed", status, passing)
    assert found.cost == 0


def test_b43_an_answer_that_can_t_be_read_was_charged_but_its_cost_is_unknown() -> None:
    found = outcome(answered(b'{"hello":"proxy"}'))

    assert (found.status, found.passing) == ("failed", True)
    assert (found.cost, found.cost_reason) == (None, "the answer could not be read")


def test_an_error_without_a_reply_has_the_vendor_s_reason() -> None:
    found = outcome(LineResult(id="c-1", end="errored", message="the model is gone", code="gone"))

    assert "the model is gone" in (found.error or "")


def test_an_error_has_no_key() -> None:
    body = json.dumps({"error": {"message": f"wrong key {KEY}"}}).encode()

    found = outcome(LineResult(id="c-1", end="errored", status=400, body=body))

    assert KEY not in (found.error or KEY)


def test_embeddings_are_one_for_each_text() -> None:
    data = [{"index": n, "embedding": [float(n), 1.0]} for n in range(2)]
    body = json.dumps({"data": data, "usage": {"prompt_tokens": 8, "total_tokens": 8}}).encode()

    good, bad = outcome(answered(body), texts=2), outcome(answered(body), texts=3)

    assert (good.vectors, good.tokens_in) == ([[0.0, 1.0], [1.0, 1.0]], 8)
    assert (bad.status, bad.vectors) == ("failed", None)


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_b44_a_request_that_was_not_answered_may_be_asked_again(end: Any) -> None:
    found = outcome(LineResult(id="c-1", end=end))

    assert (found.status, found.error_class, found.passing, found.cost) == (
        "failed",
        end,
        True,
        Decimal(0),
    )


def test_a_missing_row_costs_nothing() -> None:
    found = unanswered(MARK, "missing", "openai:m", "b-1")

    assert (found.cost, found.passing, found.vendor_batch) == (Decimal(0), True, "b-1")


@pytest.mark.parametrize("tier", [None, "batch", "batch, us", "standard us"])
def test_b43_the_batch_rate_holds_whatever_the_answer_names(tier: str | None) -> None:
    usage = Usage(prompt_tokens=100, completion_tokens=10, service_tier=tier)

    assert cost_in_batch(usage, TARGET, TODAY)[0] == Decimal("0.00014")


def test_b43_a_model_without_a_price_has_no_cost() -> None:
    cost, reason = cost_in_batch(
        Usage(prompt_tokens=1), Target(TARGET.ref, TARGET.endpoint, TARGET.dialect), TODAY
    )

    assert cost is None
    assert reason == "the model is not in the catalog"
