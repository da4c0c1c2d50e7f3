"""The model of an alias that a batch API can ask."""

import pytest

from llmring.batch.vendors.choice import api_of, first_with_batches
from llmring.exceptions import ConfigurationError, ProviderAuthenticationError, ProviderError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.routing.targets import Skip, Target


def model(provider: str) -> Target:
    row = PROVIDERS[provider]
    return Target(ModelRef(provider, "m"), Endpoint(row, row.base_url, "a-key"), row.dialect)


def skipped(provider: str) -> Skip:
    return Skip(ModelRef(provider, "m"), ProviderError("no key"))


def test_b39_the_first_model_whose_vendor_has_batches_is_asked() -> None:
    models: list[Target | Skip] = [
        model("ollama"),
        skipped("openai"),
        model("anthropic"),
        model("google"),
    ]

    assert first_with_batches(models).ref.provider == "anthropic"


def test_b39_an_alias_without_such_a_model_is_refused_with_its_models() -> None:
    with pytest.raises(ConfigurationError, match="ollama:m, openai:m"):
        first_with_batches([model("ollama"), skipped("openai")])


def test_a_provider_without_batches_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="ollama has no batch API"):
        api_of(model("ollama"))


def test_b39_a_key_that_is_not_set_is_the_reason() -> None:
    error = ProviderAuthenticationError("no key; set OPENAI_API_KEY", provider="openai")

    with pytest.raises(ConfigurationError, match="openai:m: no key; set OPENAI_API_KEY"):
        first_with_batches([Skip(ModelRef("openai", "m"), error)])
