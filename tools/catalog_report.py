"""The page docs/catalog.md: the content of the catalog, its rules, and conflicts of its sources."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from catalog_rules import NATIVE, Difference

from llmring.registry.catalog import Catalog

TARGET = Path(__file__).parents[1] / "docs/catalog.md"

_HEAD = """\
# The catalog of models

llmring comes with a catalog of the capabilities, limits and prices of {count} models of {providers}
providers, as of {date}. `llmring list` and `llmring info MODEL` show it, `llmring registry update`
fetches a newer one, and a lockfile's `[registry.models]` corrects it.

This page is written by `tools/build_catalog.py`, which builds the catalog from public packages.
`tools/catalog_models.toml` lists the models, and `tools/catalog_choice.py` the notices on vendors'
deprecation pages.

## Rules

- **Models** are included if two independent sources agree on the price per token of input and
  output. Models with a charge per request are left out, since the cost of a call does not follow
  from its tokens.
- **Prices** are those of the first source that another one confirms: genai-prices, LiteLLM,
  model-prices, models.dev. (model-prices is derived from models.dev, so these two don't confirm
  each other.) Missing rates (cached, written to a cache for an hour, audio) are taken from a source
  that confirms the first one. Differences of up to 0.5 % count as rounding. Prices that depend on
  the time of day are those of noon, UTC.
- **The context window** is the largest in any source, since some round it down, or give only the
  prompt's part of it.
- **Capabilities** are those listed by any source. Sampling parameters are assumed unless a source
  denies them, and so are JSON schemas (except at {natives}): a request rejected without need can't
  succeed, while one that the vendor refuses goes to the next model.
- **Everything else** comes from the first source that has it: models.dev in LangChain's packages,
  then in its own packages, then LiteLLM. An older edition is used only for models that the newer
  one no longer has.
- **The release date**, if no source has it for a provider, is that of the maker's model of the same
  name in OpenRouter's list.
- **Retirement, deprecation and successor** come from the vendor's own page if it was read, or else
  from LiteLLM. Retired models stay, with the day in the past.
- **Token budgets for reasoning** come from the vendor's own page. **The API for tools** is the
  provider's second one for models whose main API takes tools only without reasoning.
- **The family** is the name without versions, dates and words such as "preview"; sizes stay:
  `gpt-5.4-mini` and `gpt-5-mini` are of `gpt-mini`.
- **A figure that no source has** is absent, never 0.
"""
_SOURCES = """
## Sources

| Source | Version | Date |
|---|---|---|
"""
_DIFFERENCES = """
## Where the sources differ

{count} figures. The sources are named as in the table above; the figure used comes first.
"""
_LEFT_OUT = """
## Left out

No two independent sources agree on the price of these models, or there are other charges.

| Model | Sources, USD per million tokens in/out |
|---|---|
"""

_COLUMNS = """\
| Model | Figure | Used | From | Others |
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
    text += "\n## Models\n\n| Provider | Models |\n|---|---|\n"
    text += "".join(f"| {name} | {count} |\n" for name, count in sorted(providers.items()))
    text += _SOURCES + "".join(
        f"| [{key}]({source.url}) | {source.version or ''} | {source.date} |\n"
        for key, source in catalog.sources.items()
    )
    text += _DIFFERENCES.format(count=len(differences))
    for provider, group in groupby(differences, key=lambda each: each.model.partition(":")[0]):
        text += f"\n### {provider}\n\n{_COLUMNS}"
        text += "".join(_row(each) for each in group)
    text += _LEFT_OUT + "".join(f"| `{m}` | {why} |\n" for m, why in left_out.items())
    TARGET.write_text(text, encoding="utf-8")


def _row(each: Difference) -> str:
    model = each.model.partition(":")[2]
    others = "; ".join(f"{key}: {value}" for key, value in each.others.items())
    return f"| `{model}` | {each.figure} | {each.taken} | {each.by} | {others} |\n"
