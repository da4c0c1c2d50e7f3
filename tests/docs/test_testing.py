"""The page on testing lists what there is, and its lockfile is good."""

import re
from pathlib import Path

import pytest

import llmring.testing
from llmring.lockfile import keys
from llmring.lockfile.check import problems
from llmring.providers import PROVIDERS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_lockfile_has_neither_an_error_nor_a_warning() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

    assert [each for each in problems(example, PROVIDERS) if each.severity != "hint"] == []


def test_the_table_lists_the_keys_of_a_fault_and_no_others() -> None:
    section = TEXT.partition("\n## Faults\n")[2].partition("\n## ")[0]

    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(keys.FAULT)


def test_the_table_lists_the_fixtures_that_there_are() -> None:
    section = TEXT.partition("\n## pytest\n")[2]
    fixtures = [name for name in vars(llmring.testing) if name.startswith("llmring_")]

    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == sorted(fixtures)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(#([\w-]+)\)", TEXT))))
def test_a_link_within_leads_to_a_heading(target: str) -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)

    assert target in {heading.lower().replace(" ", "-") for heading in headings}
