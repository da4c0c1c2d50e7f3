"""docs/costs.md: its code runs, and its tables are complete."""

import re
from pathlib import Path

import pytest

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.lockfile.check import problems
from llmring.providers.table import PROVIDERS
from llmring.registry.price import caveat

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")


def test_the_python_code_prints_the_line_in_its_comment(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

    exec(code, {})  # noqa: S102 -- our own page

    assert f"# {capsys.readouterr().out.strip()}\n" in code


def test_the_example_lockfile_has_no_errors_or_warnings() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

    assert [each for each in problems(example, PROVIDERS) if each.severity != "hint"] == []


def test_the_table_of_parts_lists_exactly_the_attributes_of_a_cost() -> None:
    parts = re.findall(r"^\| `\.(\w+)` \|", TEXT, re.MULTILINE)

    assert sorted(parts) == sorted(Cost.__slots__)


def test_the_page_names_every_count_of_the_usage() -> None:
    assert [name for name in Usage() if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize(
    "usage",
    [
        Usage(service_tier="flex"),
        Usage(provider_tool_calls=2),
        Usage(image_completion_tokens=1290),
    ],
)
def test_the_table_of_cost_reasons_quotes_the_messages_of_the_code(usage: Usage) -> None:
    assert f"| {caveat(usage)} |" in TEXT
