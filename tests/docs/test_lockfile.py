"""docs/lockfile.md: its tables are complete, and its examples valid."""

import re
from pathlib import Path

import pytest

import llmring.exceptions
from llmring.lockfile.check import problems
from llmring.lockfile.schema import gateway_keys, keys
from llmring.providers.table import PROVIDERS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "lockfile.md").read_text(encoding="utf-8")

EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

TABLES = {
    "### The file": keys.FILE,
    "### `[extends]`": keys.EXTENDS,
    "### `[profiles.NAME]`": keys.PROFILE.keys() - keys.POLICY.keys(),
    "### `[[profiles.NAME.bindings]]`": keys.BINDING.keys() - keys.POLICY.keys(),
    "### Policy": keys.POLICY,
    "### `[providers.NAME]`": keys.PROVIDER,
    "### `[registry.models]`": keys.MODEL,
    "### `[gateway]`": gateway_keys.GATEWAY,
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_lockfile_has_no_errors_or_warnings(text: str) -> None:
    found = problems(text, PROVIDERS)

    assert [problem for problem in found if problem.severity != "hint"] == []


@pytest.mark.parametrize("heading", TABLES)
def test_each_table_lists_exactly_the_keys_of_the_schema(heading: str) -> None:
    section = TEXT.partition(f"\n{heading}\n")[2].partition("\n##")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    listed = [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]

    assert sorted(listed) == sorted(TABLES[heading])


def test_every_error_in_the_table_is_an_instance_of_the_classes_next_to_it() -> None:
    section = TEXT.partition("\n## Errors\n")[2]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.MULTILINE)
    assert rows

    for name, others in rows:
        classes = {each.__name__ for each in getattr(llmring.exceptions, name).__mro__}
        assert set(re.findall(r"`(\w+)`", others)) <= classes
