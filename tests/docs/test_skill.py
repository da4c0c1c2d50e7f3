"""skills/lockfile/SKILL.md: well formed, with commands and code that work."""

import re
import shlex
from pathlib import Path

import pytest

from llmring.cli.main import COMMANDS
from llmring.lockfile.check import problems
from llmring.providers.table import PROVIDERS

SKILL = (Path(__file__).resolve().parents[2] / "skills" / "lockfile" / "SKILL.md").read_text()
COMMAND_LINES = re.findall(r"`llmring ([^`]+)`", SKILL)


def test_S139_the_lockfile_skill_has_the_front_matter_of_a_skill() -> None:
    front = re.match(r"---\nname: lockfile\ndescription: (.+)\n---\n", SKILL)

    assert front is not None
    assert "failover" in front[1]


def test_S139_the_skill_s_lockfile_is_good() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", SKILL, re.DOTALL)

    found = [problem for problem in problems(text, PROVIDERS) if problem.severity != "hint"]
    assert found == []


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_S139_the_skill_s_commands_exist(line: str) -> None:
    words = tuple(shlex.split(line))

    assert any(words[: len(command.words)] == command.words for command in COMMANDS)


def test_S139_the_skill_s_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = re.findall(r"```python\n(.*?)```", SKILL, re.DOTALL)
    Path("llmring.lock").write_text(
        '[[profiles.default.bindings]]\nalias = "summarizer"\nmodels = ["mock:echo"]\n'
    )

    exec(compile(code, "SKILL.md", "exec"), {})  # noqa: S102 -- our own text
