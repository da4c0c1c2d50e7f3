"""Targets and failures for tests of circuits."""

import msgspec

from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.routing.targets import Target

URL = "https://api.example/v1"


def target(
    ref: str, key: str | None = "sk-first", base_url: str = URL, login: str | None = None
) -> Target:
    """Build the target for a model at an address, with a key."""
    provider, _, model = ref.partition(":")
    row = PROVIDERS[provider]
    return Target(ModelRef(provider, model), Endpoint(row, base_url, key, login), row.dialect)


class Clock(msgspec.Struct):
    """A clock that is set by the test."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


ALL_FAULTS: list[ProviderError] = [
    ProviderResponseError("it is down", status=503),
    ProviderResponseError("busy", status=503, retry_after=90),
    ProviderConnectionError("reset"),
    ProviderTimeoutError("no answer"),
    ProviderRateLimitError("slow down", status=429),
    ProviderRateLimitError("slow down", status=429, retry_after=42),
    ProviderAuthenticationError("no", status=401),
    ProviderModelNotFoundError("retired", status=404),
    ProviderRequestError("bad", status=400),
]
