"""docs/registry.md: its code and commands run, and its examples are valid."""

import re
import shlex
from pathlib import Path

import pytest

from cli.terminal import run
from llmring.lockfile.check import problems
from llmring.lockfile.model_checks import NOTICE
from llmring.providers.table import PROVIDERS
from llmring.registry import update
from llmring.registry.bundled import bundled
from llmring.registry.catalog import decode
from llmring.registry.fetch import DEFAULT_SECONDS

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
    result = run(*shlex.split(line)[1:])

    assert result.code == 0, result.err


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_an_example_lockfile_has_no_errors(text: str) -> None:
    found = problems(text, PROVIDERS)

    assert [each for each in found if each.severity == "error"] == []


def test_the_python_code_writes_a_catalog_that_can_be_read_and_fetched() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    exec(code, {})  # noqa: S102 -- our own page

    path = Path("models.json").resolve()
    assert [*decode(path.read_bytes()).models] == [*bundled().models]
    assert run("registry", "update", "--url", path.as_uri()).code == 0


def test_the_page_and_the_help_have_the_figures_of_the_code() -> None:
    assert f"{update.MOST_BYTES // 2**20} MiB" in PAGE
    assert f"`--timeout` ({DEFAULT_SECONDS:g} s)" in " ".join(PAGE.split())
    assert f"(default: {DEFAULT_SECONDS:g})" in run("registry", "update", "--help").out
    assert f"within {NOTICE.days} days" in PAGE
