"""Writes docs/catalog.md: what the catalog holds, by which rules, and where its sources differ."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from catalog_rules import NATIVE, Difference

from llmring.registry.catalog import Catalog

TARGET = Path(__file__).parents[1] / "docs/catalog.md"

_HEAD = """\
# The catalog of models

llmring comes with a catalog: what {count} models of {providers} providers take and cost, as of
{date}. `llmring list` and `llmring info MODEL` show it, `llmring registry update` fetches a newer
one, and a lockfile's `[registry.models]` corrects it.

This page is written by `tools/build_catalog.py`, which builds the catalog from public packages;
which models go in is said in `tools/catalog_models.toml`, and what vendors' deprecation pages say
in `tools/catalog_choice.py`.

## By which rules

- **A model goes in** where two independent sources agree on its price per token of input and of
  output. Where a provider charges for each request besides, its models stay out: their tokens
  don't tell what a call costs.
- **Prices** are those of the first source that another one confirms: genai-prices, LiteLLM,
  model-prices, models.dev. (model-prices is made of models.dev: these two don't confirm each
  other.) Rates that it lacks (cached, written to a cache for an hour, spoken) are taken from one
  that confirms it. Half a per cent is no difference: it comes of rounding. Prices that depend on
  the time of day are those of noon, UTC.
- **The context window** is the largest that a source names: some round it down, or give the
  prompt's part of it.
- **Capabilities** are those that any source names. Sampling parameters count as taken unless a
  source denies it, and so do JSON schemas (but at {natives}): a request that is
  refused without need helps nobody, one that the vendor refuses goes to the next model.
- **Everything else** is what the first source says: models.dev as LangChain's packages carry it,
  then its own packages, then LiteLLM. Of an older edition only what is gone from the newer.
- **The first day**, where no source has it for a provider, is that of the maker's model of the same
  name in OpenRouter's list.
- **Retirement, deprecation and successor** are the vendor's own words, where its page was read,
  else LiteLLM's date. Retired models stay, with the day in the past.
- **The family** is the name without versions, dates and words such as "preview"; sizes stay:
  `gpt-5.4-mini` and `gpt-5-mini` are of `gpt-mini`.
- **A figure that no source has** is absent, never 0.
"""
_SOURCES = """
## Sources

| Source | Version | Of |
|---|---|---|
"""
_DIFFERENCES = """
## Where the sources differ

{count} figures. The sources are named as in the table above; what is taken stands first.
"""
_LEFT_OUT = """
## Left out

No two independent sources agree on the price of these, or it is not all that is charged.

| Model | Sources, USD per million tokens in/out |
|---|---|
"""

_COLUMNS = """\
| Model | Figure | Taken | From | Others |
|---|---|---|---|---|
"""


def write(catalog: Catalog, differences: Iterable[Difference], left_out: Mapping[str, str]) -> None:
    """Write the page."""
    differences = list(differences)
    providers = Counter(facts.provider for facts in catalog.models)
    text = _HEAD.format(
        count=len(catalog.models),
        providers=len(providers),
        date=catalog.date,
        natives=", ".join(sorted(NATIVE)),
    )
    text += "\n## What is in it\n\n| Provider | Models |\n|---|---|\n"
    text += "".join(f"| {name} | {count} |\n" for name, count in sorted(providers.items()))
    text += _SOURCES + "".join(
        f"| [{key}]({source.url}) | {source.version or ''} | {source.date} |\n"
        for key, source in catalog.sources.items()
    )
    text += _DIFFERENCES.format(count=len(differences))
    for provider, group in groupby(differences, key=lambda each: each.model.partition(":")[0]):
        text += f"\n### {provider}\n\n{_COLUMNS}"
        text += "".join(_row(each) for each in group)
    text += _LEFT_OUT + "".join(f"| `{m}` | {said} |\n" for m, said in left_out.items())
    TARGET.write_text(text, encoding="utf-8")


def _row(each: Difference) -> str:
    model = each.model.partition(":")[2]
    others = "; ".join(f"{key}: {said}" for key, said in each.others.items())
    return f"| `{model}` | {each.figure} | {each.taken} | {each.by} | {others} |\n"
