"""PyInstaller finds the data files of llmring and its commands, which are imported by name."""

import importlib.metadata
import runpy
import sys
import types
from pathlib import Path

import pytest


def own_entry() -> importlib.metadata.EntryPoint:
    """Return the entry point of llmring; other packages have some, too."""
    found = importlib.metadata.entry_points(group="pyinstaller40", name="hook-dirs")
    [entry] = [each for each in found if each.module.startswith("llmring.")]
    return entry


def test_the_entry_point_names_the_folder_of_the_hook() -> None:
    entry = own_entry()

    [folder] = entry.load()()

    assert (Path(folder) / "hook-llmring.py").is_file()


def test_the_hook_collects_data_files_and_modules_of_llmring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # PyInstaller itself is too large for the tests; its two functions are documented.
    hooks = types.ModuleType("PyInstaller.utils.hooks")
    collected = {"collect_data_files": lambda name: [name], "collect_submodules": lambda name: name}
    hooks.__dict__.update(collected)
    for name in ("PyInstaller", "PyInstaller.utils"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "PyInstaller.utils.hooks", hooks)
    entry = own_entry()

    found = runpy.run_path(f"{entry.load()()[0]}/hook-llmring.py")

    assert (found["datas"], found["hiddenimports"]) == (["llmring"], "llmring")
