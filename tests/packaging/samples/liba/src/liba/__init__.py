"""A library that ships its lockfile, built with hatchling."""

from os import PathLike
from pathlib import Path

from llmring import LLMRing

DEFAULT_LOCKFILE = Path(__file__).parent / "llmring.lock"
REQUIRED_ALIASES = ["summarizer"]


class LibraryA:
    def __init__(self, lockfile_path: str | PathLike[str] | None = None) -> None:
        lockfile = lockfile_path or DEFAULT_LOCKFILE
        self.ring = LLMRing(lockfile_path=lockfile)
        self.ring.require_aliases(REQUIRED_ALIASES, context="library-a")

    def summarize(self, text: str) -> str:
        messages = [{"role": "user", "content": text}]
        return self.ring.chat("summarizer", messages=messages).content


def bare_ring() -> LLMRing:
    return LLMRing()
