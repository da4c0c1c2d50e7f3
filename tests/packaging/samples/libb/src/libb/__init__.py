"""A library that uses another one and hands its lockfile down, built with setuptools."""

from os import PathLike
from pathlib import Path

from liba import LibraryA  # type: ignore[import-not-found]

from llmring import LLMRing

DEFAULT_LOCKFILE = Path(__file__).parent / "llmring.lock"
REQUIRED_ALIASES = ["analyzer"]


class LibraryB:
    def __init__(self, lockfile_path: str | PathLike[str] | None = None) -> None:
        lockfile = lockfile_path or DEFAULT_LOCKFILE
        self.lib_a = LibraryA(lockfile_path=lockfile)
        self.ring = LLMRing(lockfile_path=lockfile)
        self.ring.require_aliases(REQUIRED_ALIASES, context="library-b")

    def analyze(self, text: str) -> str:
        return self.ring.chat("analyzer", messages=text).content
