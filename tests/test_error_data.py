"""Errors as plain data."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from fastapi.encoders import jsonable_encoder

import llmring
from llmring import (
    AllModelsFailedError,
    Attempt,
    BudgetExceededError,
    LLMResponse,
    LLMRing,
    LLMRingError,
    LockfileParseError,
    Message,
    MissingAliasesError,
    NoUsableModelError,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    SchemaProblem,
    SchemaValidationError,
    TooManyTurnsError,
)

KEY = "sk-proj-0123456789abcdefghij"


RATE = ProviderRateLimitError("slow down", status=429, retry_after=2.5, request_id="r1")


SPECIAL: list[LLMRingError] = [
    SchemaValidationError(
        "no", LLMResponse(content="{}", model="a:b"), [SchemaProblem("/a", "is missing")]
    ),
    LockfileParseError("no TOML", path=Path("llmring.lock"), line=3, column=1),
    TooManyTurnsError("enough", [Message("user", "Hi")]),
    BudgetExceededError("spent", Decimal(1), Decimal("0.9"), Decimal("0.2"), retry_after=60.0),
    MissingAliasesError("two are missing", ["a", "b"]),
    AllModelsFailedError.of("all failed", [ProviderTimeoutError("late"), RATE]),
    NoUsableModelError("none", [ProviderConnectionError("refused")]),
]


PLAIN = [
    kind("it failed")
    for name in llmring.__all__
    if isinstance(kind := getattr(llmring, name), type)
    and issubclass(kind, LLMRingError)
    and not issubclass(kind, tuple({type(error) for error in SPECIAL} | {AllModelsFailedError}))
]


each_error = pytest.mark.parametrize(
    "error", [*PLAIN, *SPECIAL], ids=lambda error: type(error).__name__
)


def failed_call(model: str = "mock:fail?status=429") -> ProviderError:
    with LLMRing() as ring, pytest.raises(ProviderError) as caught:
        ring.chat(model, "Hi")
    return caught.value


@each_error
def test_every_door_gives_the_plain_data_of_an_error(error: LLMRingError) -> None:
    data = error.to_dict()

    assert (data["type"], data["message"]) == (type(error).__name__, error.message)
    assert json.loads(json.dumps(data)) == json.loads(error.to_json()) == data
    assert dict(error) == jsonable_encoder(error) == data
    # What led to it is left out by msgspec: an attempt has the error, which has the attempts.
    assert json.loads(msgspec.json.encode(error)).items() <= data.items()


def test_the_data_of_a_failed_call_has_each_attempt_with_its_error() -> None:
    error = failed_call()

    data = error.to_dict()

    assert (data["type"], data["provider"], data["status"]) == (
        "ProviderRateLimitError",
        "mock",
        429,
    )
    assert [each["error"]["status"] for each in data["attempts"]] == [429] * len(error.attempts)
    assert "attempts" not in data["attempts"][0]["error"]


def test_the_data_of_special_errors_has_what_they_know() -> None:
    schema, lockfile, turns, budget, missing, every, _ = (each.to_dict() for each in SPECIAL)

    assert schema["problems"] == [{"place": "/a", "reason": "is missing"}]
    assert schema["response"]["content"] == schema["content"] == "{}"
    assert (lockfile["path"], lockfile["line"], lockfile["column"]) == ("llmring.lock", 3, 1)
    assert turns["messages"][0]["content"] == "Hi"
    assert (budget["limit"], budget["spent"], budget["retry_after"]) == ("1", "0.9", 60.0)
    assert missing["missing"] == ["a", "b"]
    assert [each["type"] for each in every["exceptions"]] == [
        "ProviderTimeoutError",
        "ProviderRateLimitError",
    ]


@pytest.mark.parametrize("name", ["message", "provider_message"])
def test_a_key_in_an_error_is_masked_in_its_data(name: str) -> None:
    error = ProviderError(f"bad {KEY}", provider_message=f"bad {KEY}")

    assert error.to_dict()[name] == "bad ***"
    assert KEY not in Attempt(model="a:b", outcome="failed", error=error).to_json()
