"""Outcomes of rows, and requests of rows, for tests of jobs."""

from decimal import Decimal
from typing import Any

from llmring import LLMRequest
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow, RowRequest


def ok(ordinal: int, text: str = "yes", **fields: Any) -> RowOutcome:
    given = {"digest": f"d{ordinal}", "id": f"row-{ordinal}", "cost": Decimal("0.001")}
    return RowOutcome(ordinal=ordinal, status="ok", text=text, **{**given, **fields})


def bad(ordinal: int, **fields: Any) -> RowOutcome:
    given = {"digest": f"d{ordinal}", "id": f"row-{ordinal}", "error_class": "ProviderError"}
    return RowOutcome(ordinal=ordinal, status="failed", error="no", **{**given, **fields})


def request(ordinal: int, digest: str, row_id: str | None = None) -> RowRequest:
    row = InputRow(ordinal, row_id or f"row-{ordinal}", {"text": digest}, f"line {ordinal + 1}")
    return RowRequest(row, "chat", LLMRequest("fast", digest), (), digest)
