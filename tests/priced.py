"""Models with made-up prices."""

from decimal import Decimal

from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts, Prices
from llmring.routing.targets import Target


def target(name: str, dollars: str | None = None, output: str | None = None) -> Target:
    """Build a target for a model of OpenAI.

    Args:
        name: The model's name.
        dollars: USD per million input tokens; None for a model that is not in the catalog.
        output: USD per million output tokens, if different.
    """
    row = PROVIDERS["openai"]
    return Target(
        ModelRef("openai", name),
        Endpoint(row, row.base_url, "a-key"),
        row.dialect,
        None if dollars is None else facts(name, dollars, output),
    )


def facts(name: str, dollars: str, output: str | None = None) -> ModelFacts:
    prices = Prices(input=Decimal(dollars), output=Decimal(output or dollars))
    return ModelFacts(provider="openai", name=name, prices=prices)
