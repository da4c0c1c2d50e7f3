"""The model of an alias that a vendor's batch API can ask."""

from __future__ import annotations

from collections.abc import Iterable

from llmring.dialects.batches.batch_api import BatchApi
from llmring.exceptions import ConfigurationError
from llmring.providers.batch_apis import batch_api_named
from llmring.routing.targets import Skip, Target

_FIX = "bind the alias to a model of openai, anthropic, google, mistral, groq or together"


def first_with_batches(models: Iterable[Target | Skip]) -> Target:
    """Return the first of an alias's models whose vendor has a batch API.

    Raises:
        ConfigurationError: No such model is bound.
    """
    names = []
    for model in models:
        if isinstance(model, Target) and model.endpoint.provider.batches is not None:
            return model
        names.append(
            f"{model.ref}: {model.error.message}" if isinstance(model, Skip) else str(model.ref)
        )
    raise ConfigurationError(
        f"no model of the alias has a batch API that can be used ({', '.join(names)}); {_FIX}"
    )


def api_of(target: Target) -> BatchApi:
    """Return the batch API of a model's vendor.

    Raises:
        ConfigurationError: It has none.
    """
    name = target.endpoint.provider.batches
    if name is None:
        raise ConfigurationError(f"{target.ref.provider} has no batch API; {_FIX}")
    return batch_api_named(name)
