"""README.md: its code runs, and it lists the options that there are."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from llm_llmring.alias_options import AliasOptions

PAGE = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_code_runs(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(fast=["mock:fixed?text=Pelle"])
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 -- our own README

    assert re.fullmatch(r"Pelle *mock:fixed\?text=Pelle \d+\n", capsys.readouterr().out)


def test_all_options_are_listed_and_no_others() -> None:
    [table] = re.findall(r"## Options\n(.*?)\n## ", PAGE, re.DOTALL)
    names = [
        name for row in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for name in row.split(", ")
    ]

    assert {name.strip("`") for name in names[1:]} - {"---"} == AliasOptions.model_fields.keys()
