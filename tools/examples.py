"""A list of the models in examples that retire soon.

    python tools/examples.py

The examples are those of the README, the docs, the skills, and the source: help texts, messages,
descriptions of tools, and the lockfile in the package. A model is listed if it retires in less than
90 days, by llmring's own catalog and today's date, which `LLMRING_TODAY` sets; the exit code is
then 1.
"""

import functools
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from llmring.config.settings import read_clock
from llmring.providers.table import PROVIDERS
from llmring.registry.bundled import bundled
from llmring.registry.catalog import ModelFacts

ROOT = Path(__file__).resolve().parents[1]
NOTICE = timedelta(days=90)

# Tables that tools write, and records of what was measured and decided.
RECORDS = {"benchmarks.md", "catalog.md", "contract.md", "decisions.md", "reliability.md"}
RECORDED_SECTION = "## Checked against others"  # of docs/costs.md

# The lockfile contract's own words, which do not change.
QUOTED = {
    "Advisor: I recommend gpt-4o-mini - it's $0.15/$0.60 per million tokens...",
    "Advisor: Done! Added binding dev → openai:gpt-4o-mini",
}

# Providers whose models no catalog lists: mocks, models on this machine, deployments.
UNLISTED = {"azure", "litellm", "llamacpp", "lmstudio", "local", "mock", "ollama", "sglang", "vllm"}

# Vendors whose models are also named without the provider.
VENDORS = ("openai", "anthropic", "google")

_LISTED = "|".join(sorted(PROVIDERS.keys() - UNLISTED))
_REFERENCE = re.compile(rf"(?<![\w./-])({_LISTED}):(\w(?:[\w./:@-]*\w)?)")
_DEFINED = re.compile(r'^\[registry\.models\."([^"]+)"', re.MULTILINE)


class Example(NamedTuple):
    """A model that an example names.

    Attributes:
        path: The file, relative to the root.
        line: Its line, from 1.
        name: The model, as the example names it.
        facts: The catalog's facts; None for a reference that the catalog does not know.
    """

    path: Path
    line: int
    name: str
    facts: ModelFacts | None


def examples(root: Path = ROOT) -> list[Example]:
    """Return the models that examples name; those that a page defines itself are left out."""
    return [
        Example(path.relative_to(root), line, name, facts)
        for path in _files(root)
        for line, text in _lines(path)
        for name, facts in _models(text)
        if name not in _DEFINED.findall(path.read_text(encoding="utf-8"))
    ]


def _files(root: Path) -> list[Path]:
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("skills/**/*.md")]
    sources = [*root.glob("src/**/*.py"), *root.glob("src/**/*.lock")]
    return sorted(path for path in (*pages, *sources) if path.name not in RECORDS)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page, or those of a module's strings, with their numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in (tokenize.COMMENT, tokenize.NAME, tokenize.OP):
                yield from enumerate(token.string.splitlines(), token.start[0])
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line == RECORDED_SECTION:
            return
        if line not in QUOTED:
            yield number, line


def _models(text: str) -> Iterator[tuple[str, ModelFacts | None]]:
    for provider, model in _REFERENCE.findall(text):
        yield f"{provider}:{model}", bundled().find(provider, model)
    for name in _bare_name().findall(text):
        yield name, next(filter(None, (bundled().find(each, name) for each in VENDORS)))


@functools.cache
def _bare_name() -> re.Pattern[str]:
    models = [model for model in bundled().models if model.provider in VENDORS]
    names = {name for model in models for name in (model.name, *model.aliases) if "-" in name}
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(
        rf"(?<![A-Za-z0-9:/.-])({'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9-]|\.\d)"
    )


def main(root: Path = ROOT) -> int:
    """Print the examples whose models retire soon; return 1 if there are any."""
    today = read_clock().today()
    soon = [
        (each, each.facts)
        for each in examples(root)
        if each.facts is not None
        and each.facts.retires is not None
        and each.facts.retires - today < NOTICE
    ]
    for each, facts in soon:
        instead = f"; name {facts.successor} instead" if facts.successor else ""
        place = f"{each.path}:{each.line}"
        sys.stdout.write(f"{place}: {each.name} retires on {facts.retires}{instead}\n")
    return 1 if soon else 0


if __name__ == "__main__":
    sys.exit(main())
