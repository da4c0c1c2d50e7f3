import pytest

from llmring import (
    AllModelsFailedError,
    ContentPolicyError,
    LLMRingError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRequestError,
    ProviderResponseError,
    ValidationError,
)
from llmring.batch.engine.failure_kind import FailureKind, failure_kind, unusable_message
from llmring.chat.response import Attempt


def of_models(*errors: ProviderError) -> AllModelsFailedError:
    error = AllModelsFailedError("all failed", errors)
    error.attempts = tuple(Attempt(model="a:b", outcome="failed", error=each) for each in errors)
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProviderResponseError("x", status=503), FailureKind.AGAIN),
        (ProviderConnectionError("x"), FailureKind.AGAIN),
        (ProviderRequestError("x", status=400), FailureKind.FINAL),
        (ProviderRequestError("x", status=422), FailureKind.FINAL),
        (ContentPolicyError("x", status=400), FailureKind.FINAL),
        (ValidationError("x"), FailureKind.FINAL),
        (ProviderAuthenticationError("x", status=401), FailureKind.UNUSABLE),
        (ProviderAuthenticationError("x", status=402), FailureKind.UNUSABLE),
        (ProviderModelNotFoundError("x", status=404), FailureKind.UNUSABLE),
        (
            of_models(
                ProviderAuthenticationError("x", status=401),
                ProviderModelNotFoundError("x", status=404),
            ),
            FailureKind.UNUSABLE,
        ),
        (
            of_models(
                ProviderAuthenticationError("x", status=401),
                ProviderResponseError("x", status=500),
            ),
            FailureKind.AGAIN,
        ),
        (
            of_models(
                ProviderAuthenticationError("x", status=401),
                ProviderRequestError("x", status=400),
            ),
            FailureKind.FINAL,
        ),
    ],
)
def test_b22_a_failure_is_passing_or_final_or_of_all_rows(
    error: LLMRingError, kind: FailureKind
) -> None:
    assert failure_kind(error) is kind


def test_b17_the_message_names_the_fix_once() -> None:
    error = ProviderAuthenticationError("no key", provider="openai", status=401)
    error.fix = "set OPENAI_API_KEY"

    message = unusable_message(error)

    assert "openai" in message
    assert message.count("set OPENAI_API_KEY") == 1
