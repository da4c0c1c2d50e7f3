"""The first attempt of a call, the attempts after it, and the observers."""

from datetime import date
from typing import Any

import pytest

from circuits import target
from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.chat.response import Attempt
from llmring.exceptions import (
    ContentPolicyError,
    ProviderConnectionError,
    ProviderError,
    ProviderTimeoutError,
)
from llmring.routing.call_context import CallContext
from llmring.routing.circuits import OpenCircuit
from llmring.routing.failover import Failover
from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.policy import Policy
from llmring.routing.selection.prepare import chat
from llmring.routing.targets import Skip, Target

DOWN = ProviderConnectionError("down")


class Diary(CallObserver):
    """An observer that writes down what happens."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_attempt_start(self, attempt: ObservedAttempt) -> None:
        self.lines.append(f"start {attempt.target.ref}")

    def on_attempt_outcome(self, attempt: Attempt) -> None:
        self.lines.append(f"{attempt.outcome} {attempt.model}")

    def on_failover(self, failed: str, successor: str, error: ProviderError) -> None:
        self.lines.append(f"{failed} -> {successor}: {error.message}")


def failover(
    *candidates: Target | Skip,
    diary: Diary | None = None,
    timeout: float | None = 60,
    retries: int | None = None,
    context: CallContext | None = None,
) -> Failover:
    return Failover(
        chat(parse_request(LLMRequest("fast", "Hi")), stream=False),
        candidates,
        alias="fast",
        timeout=timeout,
        clock=lambda: 100.0,
        day=date(2026, 1, 1),
        context=context
        or CallContext(policy=Policy(retries=retries), observers=[diary] if diary else []),
    )


def models_tried(models: Failover) -> list[str]:
    """Return the models that are tried when all fail, the first of them by itself."""
    first = models.start()
    tried = []
    if first is not None:
        tried.append(first.target.ref.model)
        first.fail(DOWN)
    for made in models:
        tried.append(made.target.ref.model)
        made.fail(DOWN)
    return tried


def test_the_others_follow_a_first_attempt_that_was_made_by_itself() -> None:
    assert models_tried(failover(target("openai:a"), target("openai:b"), retries=0)) == ["a", "b"]


def test_a_first_attempt_made_by_itself_is_retried_like_any_other() -> None:
    assert models_tried(failover(target("openai:a"), target("openai:b"), retries=1)) == list("aabb")


def test_a_call_whose_first_model_is_skipped_begins_with_the_second() -> None:
    skipped = Skip(target("openai:a").ref, ProviderError("no key"))
    models = failover(skipped, target("openai:b"), retries=0)

    assert models.start() is None
    assert models_tried(models) == ["b"]
    assert [attempt.outcome for attempt in models.attempts] == ["skipped", "failed"]


def test_a_model_with_an_open_circuit_is_not_begun_with() -> None:
    models = failover(target("openai:a"), target("openai:b"))
    models.blocked = {"openai:a": OpenCircuit(9.0, "down")}

    assert models.start() is None


def test_nothing_is_begun_when_the_time_is_used_up() -> None:
    models = failover(target("openai:a"), timeout=0)

    assert models.start() is None
    assert models_tried(models) == []
    assert isinstance(models.attempts[0].error, ProviderTimeoutError)


def test_an_observer_is_called_for_each_thing_that_it_has_a_method_for() -> None:
    diary = Diary()

    models_tried(failover(target("openai:a"), target("openai:b"), diary=diary, retries=0))

    assert diary.lines == [
        "start openai:a",
        "failed openai:a",
        "start openai:b",
        "openai:a -> openai:b: down",
        "failed openai:b",
    ]


def test_calls_that_skip_a_model_for_the_same_reason_get_errors_of_their_own() -> None:
    skipped = Skip(target("openai:a").ref, ProviderError("no key"))
    first, second = failover(skipped), failover(skipped)

    assert models_tried(first) == models_tried(second) == []

    assert first.attempts[0].error is not second.attempts[0].error
    assert first.exhausted().attempts == tuple(first.attempts)
    assert skipped.error.attempts == ()


@pytest.mark.parametrize(
    ("fields", "goes_on"),
    [
        ({}, True),
        ({"policy": Policy(on_refusal="answer")}, False),
        ({"effects": True}, False),
    ],
    ids=["usual", "the lockfile's wish", "tools that may have acted"],
)
def test_another_provider_is_asked_after_a_refusal_unless_something_forbids_it(
    fields: dict[str, Any], goes_on: bool
) -> None:
    first, second = target("openai:a"), target("google:b")
    models = failover(first, second, context=CallContext(**fields))

    assert models.goes_on_after_refusal(first, committed=False) is goes_on


def test_the_last_provider_to_refuse_is_not_replaced() -> None:
    models = failover(target("openai:a"), target("google:b"), target("openai:c"))
    first = models.start()
    assert first is not None
    first.fail(ContentPolicyError("no", status=200))

    assert not models.goes_on_after_refusal(target("google:b"), committed=False)
    assert [made.target.ref.provider for made in models] == ["google"]
