"""Fixtures for all tests: a folder with a lockfile, and a folder of llm's own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmring.providers.table import PROVIDERS

KEYS = [name for row in PROVIDERS.values() for name in row.variables]

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Remove the variables of llmring, and give each test its own folders."""
    for name in os.environ:
        if name in KEYS or (name.startswith("LLMRING_") and "TESTS" not in name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LLMRING_RETRIES", "0")
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    monkeypatch.setenv("LLM_RAISE_ERRORS", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "llm").mkdir()
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path / "cwd"


@pytest.fixture
def write() -> Write:
    """Provide a function that writes a lockfile with these aliases, by default here."""

    def lockfile(
        path: str | Path = "llmring.lock", *, more: str = "", **aliases: list[str]
    ) -> Path:
        lines = []
        for alias, models in aliases.items():
            lines += ["[[profiles.default.bindings]]", f'alias = "{alias}"', f"models = {models}"]
        Path(path).write_text("\n".join([*lines, more, ""]))
        return Path(path)

    return lockfile
