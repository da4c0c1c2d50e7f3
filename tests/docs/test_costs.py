"""The page on costs runs as it stands, and lists what there is."""

import re
from pathlib import Path

import pytest

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.lockfile.check import problems
from llmring.providers import PROVIDERS
from llmring.registry.price import caveat

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_says_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

    exec(code, {})  # noqa: S102 -- our own page

    assert f"# {capsys.readouterr().out.strip()}\n" in code


def test_the_lockfile_has_neither_an_error_nor_a_warning() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

    assert [each for each in problems(example, PROVIDERS) if each.severity != "hint"] == []


def test_the_page_lists_the_parts_of_a_cost_and_no_others() -> None:
    parts = re.findall(r"^\| `\.(\w+)` \|", TEXT, re.MULTILINE)

    assert sorted(parts) == sorted(Cost.__slots__)


def test_the_page_lists_all_counts() -> None:
    assert [name for name in Usage() if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize(
    "usage",
    [
        Usage(service_tier="flex"),
        Usage(provider_tool_calls=2),
        Usage(image_completion_tokens=1290),
    ],
)
def test_the_remarks_are_those_of_the_code(usage: Usage) -> None:
    assert f"| {caveat(usage)} |" in TEXT


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(#([\w-]+)\)", TEXT))))
def test_a_link_within_leads_to_a_heading(target: str) -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)

    assert target in {heading.lower().replace(" ", "-") for heading in headings}
