"""The folder of the hooks, which the entry point `pyinstaller40` names."""

from pathlib import Path


def hook_dirs() -> list[str]:
    """Return the folders with hooks for PyInstaller.

    https://pyinstaller.org/en/stable/hooks.html#providing-pyinstaller-hooks-with-your-package
    """
    return [str(Path(__file__).parent)]
