"""Errors of calls that the gateway itself refuses."""

import pytest

from llmring import LLMRingError
from llmring.gateway.refusals import (
    ForbiddenError,
    MethodNotAllowedError,
    NoSuchPathError,
    NotReadyError,
    NotSupportedError,
    PayloadTooLargeError,
    RefusedCallError,
    UnauthenticatedError,
    UnknownModelError,
)

STATUSES = [
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (UnknownModelError, 404),
    (NoSuchPathError, 404),
    (MethodNotAllowedError, 405),
    (PayloadTooLargeError, 413),
    (NotSupportedError, 501),
    (NotReadyError, 503),
]


@pytest.mark.parametrize(("kind", "status"), STATUSES)
def test_a_refusal_has_the_status_to_answer_with(kind: type[RefusedCallError], status: int) -> None:
    refusal = kind("no")

    assert refusal.status == status
    assert refusal.message == "no"
    assert isinstance(refusal, LLMRingError)


def test_a_refusal_names_what_the_client_can_use_instead() -> None:
    assert UnknownModelError("no", ["fast"]).nearest == ("fast",)
    assert MethodNotAllowedError("no", ["GET"]).allowed == ("GET",)
