"""The record of a call that has ended."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llmring.chat.events import Usage
from llmring.chat.response import Attempt
from llmring.exceptions import LimitExceededError, ProviderTimeoutError
from llmring.gateway.caller import Caller
from llmring.gateway.refusals import UnknownModelError
from llmring.gateway.watching.finish_call import CallEnd, finished_call
from llmring.gateway.watching.finished_call import FinishedCall
from llmring.gateway.watching.running_call import RunningCall

USED = Usage(prompt_tokens=10, completion_tokens=4)
OK = Attempt(model="openai:a", outcome="ok", ms=900.0, usage=USED, cost=Decimal("0.5"))
FAILED = Attempt(
    model="openai:b", outcome="failed", status=503, error=ProviderTimeoutError("the prompt")
)


def finished(*attempts: Attempt, end: dict[str, Any] | None = None, **facts: Any) -> FinishedCall:
    call = RunningCall(at=1_800_000_000_000_000_000, began=10.0, attempts=[*attempts], **facts)
    given = {"at": 11.0, "request_id": "r", "wire": "chat", "status": 200, **(end or {})}
    return finished_call(call, CallEnd(**given))


def test_g138_the_gateway_s_own_time_is_that_without_a_model() -> None:
    found = finished(OK, read=10.1, sent=10.15, done=10.97, first=10.3)

    assert (found.ms, found.first_ms, found.overhead_ms) == (1000, 300, 80)
    assert finished().overhead_ms is None


def test_g141_tokens_and_cost_of_attempts_without_a_common_answer_are_added_up() -> None:
    found = finished(FAILED, OK, OK)

    assert (found.input_tokens, found.output_tokens, found.cost) == (20, 8, "1")
    assert (found.model, found.outcome) == ("openai:a", "ok")
    assert [each.reason for each in found.attempts] == ["timeout", None, None]
    assert "prompt" not in repr(found)


@pytest.mark.parametrize(
    ("end", "unknown"),
    [({}, "no_usage"), ({"is_gone": True, "status": None}, "cancelled")],
)
def test_g141_the_kind_of_reason_for_an_unknown_cost(end: dict[str, Any], unknown: str) -> None:
    dropped = Attempt(model="openai:a", outcome="dropped", cost_reason="may be billed")

    assert finished(dropped, end=end).cost_unknown == unknown


@pytest.mark.parametrize(
    ("attempts", "failure", "outcome"),
    [
        ((), UnknownModelError("x"), "refused"),
        ((), LimitExceededError("x"), "refused"),
        ((FAILED,), LimitExceededError("x"), "failed"),
        ((), ZeroDivisionError(), "failed"),
        ((OK,), None, "ok"),
    ],
)
def test_g138_the_outcome(
    attempts: tuple[Attempt, ...], failure: Exception | None, outcome: str
) -> None:
    found = finished(*attempts, end={"failure": failure, "status": 200 if failure is None else 500})

    assert found.outcome == outcome
    assert found.error == (None if failure is None else type(failure).__name__)


def test_g141_the_key_and_the_team_are_those_of_the_caller() -> None:
    found = finished(OK, caller=Caller(key_id="k", key="web", team="shop"))

    assert (found.key, found.team) == ("web", "shop")


def test_g141_of_a_client_its_name_and_version_alone_are_kept() -> None:
    found = finished(OK, end={"user_agent": "claude-cli/2.1.197 (external, a secret)"})

    assert found.client == "claude-cli/2.1"
