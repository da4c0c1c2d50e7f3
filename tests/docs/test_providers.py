"""The list of providers is complete, and its examples are good."""

import re
from pathlib import Path

import pytest

from llmring.lockfile.check import problems
from llmring.presets import PRESETS, Preset
from llmring.providers import PROVIDERS

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "providers.md").read_text(encoding="utf-8")

EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def line(preset: Preset) -> str:
    """The line of the table that a preset makes."""
    keys = " or ".join(f"`{name}`" for name in preset.key_env) or "none"
    page = f"[page]({preset.source})"
    return f"| `{preset.name}` | {preset.title} | {keys} | `{preset.base_url}` | {page} |"


def test_the_table_is_what_the_presets_make() -> None:
    section = TEXT.partition("\n## Servers that speak OpenAI's API\n")[2].partition("\n## ")[0]
    listed = [row for row in section.splitlines() if row.startswith("| `")]

    assert listed == [line(preset) for preset in PRESETS.values()]


def test_every_other_provider_is_named() -> None:
    assert [name for name in PROVIDERS if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("name", ["openai", "anthropic", "google", "ollama"])
def test_the_variables_of_a_vendor_are_those_of_its_row(name: str) -> None:
    [row] = re.findall(rf"^\| `{name}` \|(.*)$", TEXT.partition("\n## Servers")[0], re.MULTILINE)

    assert tuple(re.findall(r"`([A-Z_]+)`", row)) == PROVIDERS[name].variables


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_has_neither_an_error_nor_a_warning(text: str) -> None:
    found = problems(text, PROVIDERS)

    assert [each for each in found if each.severity == "error"] == []
    assert [each for each in found if each.severity == "warning" and each.key] == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([\w.]*#[\w-]+)\)", TEXT))))
def test_a_link_leads_to_a_heading(target: str) -> None:
    page, _, anchor = target.partition("#")
    text = (DOCS / (page or "providers.md")).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)

    assert anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
