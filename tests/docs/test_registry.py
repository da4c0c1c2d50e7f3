"""The page on what is known of models runs as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from cli.terminal import run
from llmring.client.refresh import DEFAULT_SECONDS
from llmring.lockfile.check import problems
from llmring.lockfile.current import NOTICE
from llmring.providers import PROVIDERS
from llmring.registry import update
from llmring.registry.bundled import bundled
from llmring.registry.catalog import decode

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")

COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_runs(line: str) -> None:
    told = run(*shlex.split(line)[1:])

    assert told.code == 0, told.err


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_a_lockfile_of_the_page_is_good(text: str) -> None:
    found = problems(text, PROVIDERS)

    assert [each for each in found if each.severity == "error"] == []


def test_the_catalog_that_the_page_writes_can_be_read_and_fetched() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    exec(code, {})  # noqa: S102 -- our own page

    path = Path("models.json").resolve()
    assert [*decode(path.read_bytes()).models] == [*bundled().models]
    assert run("registry", "update", "--url", path.as_uri()).code == 0


def test_the_figures_are_those_of_the_code() -> None:
    assert f"{update.MOST_BYTES // 2**20} MiB" in PAGE
    assert f"`--timeout` ({DEFAULT_SECONDS:g} s)" in " ".join(PAGE.split())
    assert f"(default: {DEFAULT_SECONDS:g})" in run("registry", "update", "--help").out
    assert f"within {NOTICE.days} days" in PAGE


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(#([\w-]+)\)", PAGE))))
def test_a_link_within_leads_to_a_heading(target: str) -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)

    assert target in {each.lower().replace(" ", "-") for each in headings}
