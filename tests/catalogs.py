"""Made-up catalogs, as documents and as installed files."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from llmring.registry.bundled import bundled
from llmring.registry.catalog import Catalog, ModelFacts, Prices, encode

OLD = date(2020, 1, 1)
TODAY = bundled().date
NEW = date(2999, 1, 1)
NEWER = date(2999, 1, 2)


def model(name: str = "gpt-4o-mini", dollars: str = "7") -> ModelFacts:
    prices = Prices(input=Decimal(dollars), output=Decimal(dollars))
    return ModelFacts(provider="openai", name=name, prices=prices)


def document(day: date, models: Iterable[ModelFacts] = (model(),)) -> bytes:
    return encode(Catalog(day, {}, models))
