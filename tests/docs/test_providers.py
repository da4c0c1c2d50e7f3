"""docs/providers.md: its tables are complete, and its examples valid."""

import re
from pathlib import Path

import pytest

from llmring.lockfile.check import problems
from llmring.providers.presets import PRESETS, Preset
from llmring.providers.table import PROVIDERS

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "providers.md").read_text(encoding="utf-8")

EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def line(preset: Preset) -> str:
    """Return the line of the table for a preset."""
    keys = " or ".join(f"`{name}`" for name in preset.key_env) or "none"
    page = f"[page]({preset.source})"
    return f"| `{preset.name}` | {preset.title} | {keys} | `{preset.base_url}` | {page} |"


def test_the_table_has_a_line_for_each_preset() -> None:
    section = TEXT.partition("\n## Servers that speak OpenAI's API\n")[2].partition("\n## ")[0]
    listed = [row for row in section.splitlines() if row.startswith("| `")]

    assert listed == [line(preset) for preset in PRESETS.values()]


def test_the_page_names_every_provider() -> None:
    assert [name for name in PROVIDERS if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("name", ["openai", "anthropic", "google", "ollama"])
def test_the_table_lists_the_variables_of_a_vendor(name: str) -> None:
    [row] = re.findall(rf"^\| `{name}` \|(.*)$", TEXT.partition("\n## Servers")[0], re.MULTILINE)

    assert tuple(re.findall(r"`([A-Z_]+)`", row)) == PROVIDERS[name].variables


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_lockfile_has_no_errors_or_warnings(text: str) -> None:
    found = problems(text, PROVIDERS)

    assert [each for each in found if each.severity == "error"] == []
    assert [each for each in found if each.severity == "warning" and each.key] == []
