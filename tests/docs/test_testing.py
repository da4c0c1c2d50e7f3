"""docs/testing.md: its tables are complete, and its lockfile valid."""

import re
from pathlib import Path

import llmring.testing.plugin
from llmring.lockfile.check import problems
from llmring.lockfile.schema import keys
from llmring.providers.table import PROVIDERS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_example_lockfile_has_no_errors_or_warnings() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

    assert [each for each in problems(example, PROVIDERS) if each.severity != "hint"] == []


def test_the_table_lists_exactly_the_keys_of_a_fault() -> None:
    section = TEXT.partition("\n## Faults\n")[2].partition("\n## ")[0]

    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(keys.FAULT)


def test_the_table_lists_exactly_the_fixtures_of_the_plugin() -> None:
    section = TEXT.partition("\n## pytest\n")[2]
    fixtures = [name for name in vars(llmring.testing.plugin) if name.startswith("llmring_")]

    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(fixtures)
