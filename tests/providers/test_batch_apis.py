"""The batch APIs of providers."""

import pytest

from llmring.providers.batch_apis import batch_api_named
from llmring.providers.table import KINDS, PROVIDERS

WITH_BATCHES = [row for row in PROVIDERS.values() if row.batches is not None]


@pytest.mark.parametrize("row", WITH_BATCHES, ids=lambda row: row.name)
def test_a_provider_with_batches_names_an_api(row: object) -> None:
    name = getattr(row, "batches", None)

    assert batch_api_named(name).name == name  # type: ignore[arg-type] # checked here


def test_b39_the_providers_with_batches_are_these() -> None:
    assert {row.name for row in WITH_BATCHES} == {
        "openai",
        "anthropic",
        "google",
        "groq",
        "mistral",
        "together",
    }


def test_a_server_of_the_user_s_own_has_no_batches() -> None:
    assert {row.batches for row in KINDS.values()} == {None}
