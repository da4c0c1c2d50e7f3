"""Problems of a lockfile: the place, the message and the fix."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from llmring.exceptions import LockfileError, LockfileParseError
from llmring.lockfile.toml.layout import KeyPath
from llmring.lockfile.toml.quoting import dotted

# More names than this do not fit a line.
_MOST_LISTED = 8
_FEW = 4

if TYPE_CHECKING:
    from llmring.lockfile.toml.layout import Layout

Severity = Literal["error", "warning", "hint"]


class Problem(Struct, frozen=True):
    """An error, warning or hint for one place of a lockfile.

    Attributes:
        line: Line in the file, from 1.
        column: Column in the line, in characters, from 1.
        severity: "error" (the file is wrong), "warning" (it works, likely not as meant), "hint".
        key: The dotted key, as in "profiles.default.bindings[0].alias"; may be empty.
        message: What is wrong.
        fix: The fix, as an imperative.
    """

    line: int
    column: int
    severity: Severity
    key: str
    message: str
    fix: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{key}{self.message}; {self.fix}"

    def softened(self) -> Problem:
        """Return the problem as one that did not stop the reading: a warning, or still a hint."""
        return self if self.severity == "hint" else replace(self, severity="warning")

    def render(self, path: object) -> str:
        """Format the problem on one line, as compilers do: `file:line:column: error: …`."""
        return f"{path}:{self.line}:{self.column}: {self.severity}: {self}"

    def annotation(self, path: object) -> str:
        """Format the problem as a command that makes GitHub Actions annotate the line.

        https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
        """
        level = "notice" if self.severity == "hint" else self.severity
        file = _escaped(str(path)).replace(":", "%3A").replace(",", "%2C")
        return f"::{level} file={file},line={self.line},col={self.column}::{_escaped(str(self))}"


class Fault(Struct, frozen=True, kw_only=True):
    """A problem at a key whose line and column have not been looked up yet.

    Attributes:
        path: The key path.
        message: What is wrong.
        fix: The fix, as an imperative.
        severity: The severity for the author of the file.
        raises: The error to raise when the file is read; None to go on reading.
        at_key: Whether the key itself is wrong, not its value.
        first: An earlier key that conflicts with this one.
    """

    path: KeyPath
    message: str
    fix: str
    severity: Severity = "error"
    raises: type[LockfileError] | None = LockfileParseError
    at_key: bool = False
    first: KeyPath | None = None

    def placed(self, layout: Layout) -> Problem:
        """Return the problem with its line and column."""
        line, column = layout.position(self.path, at_key=self.at_key)
        fix = self.fix
        if self.first is not None:
            fix += f" (the first is on line {layout.position(self.first)[0]})"
        return Problem(line, column, self.severity, dotted(self.path), self.message, fix)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def listed(names: Collection[str], command: str) -> str:
    """Return the names, or where there are many the first few and the command that lists all."""
    if len(names) <= _MOST_LISTED:
        return ", ".join(names)
    first = ", ".join(islice(names, _FEW))
    return f"{first} and {len(names) - _FEW} more (list them: {command})"


def aliases_named(aliases: Iterable[str]) -> tuple[str, bool]:
    """Return "alias 'a'" or "aliases 'a', 'b'", and True if it is a single one."""
    names = list(dict.fromkeys(map(repr, aliases)))
    is_one = len(names) == 1
    return f"alias{'' if is_one else 'es'} {', '.join(names)}", is_one


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the most similar of some words, or None if none is similar enough."""
    import difflib

    near = difflib.get_close_matches(word, list(words), 1)
    return near[0] if near else None
