"""A lockfile's text changed in one place, and the proof that nothing else changed with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile.layout import Layout, Span
from llmring.lockfile.problem import KeyPath

COMMENT_LINE = re.compile(r"[ \t]*#[^\n]*(?:\n|\Z)")
# The reason of a binding, as `give_reason` writes it.
DATED_REASON = re.compile(r"[ \t]*# \d{4}-\d\d-\d\d: [^\n]*\n")
BLANK_LINE = re.compile(r"[ \t]*\r?\n")

Tree = dict[str, Any]


def checked(before: str, after: str, change: Callable[[Tree], object]) -> str:
    """The new text, if it says what the old one says after the change, and nothing else."""
    tree = _tree(before)
    change(tree)
    try:
        same = _pruned(tree) == _pruned(_tree(after))
    except ValueError:
        same = False
    if not same:
        raise LockfileError(
            "this lockfile is written in a way that can't be edited safely; change it by hand"
        )
    return after


def spliced(text: str, span: Span, new: str) -> str:
    """The text with something else in the place of a piece of it."""
    return text[: span.begin] + new + text[span.end :]


def with_block(text: str, at: int, block: list[str], eol: str) -> str:
    """The text with lines of their own at an offset, behind a blank line."""
    before, after = text[:at], text[at:]
    lines = eol.join(block)
    if not before:
        return lines + eol + after
    if before.endswith("\n"):
        return before + eol + lines + eol + after
    # The last line of the file has no end, and shall have none.
    return before + eol + eol + lines + after


def into_table(layout: Layout, path: KeyPath, pair: str) -> str:
    """The text with one more key in a table that is written in braces."""
    begin, end = layout.value(path)
    inside = layout.text[begin + 1 : end - 1].strip()
    return spliced(layout.text, Span(begin, end), f"{{ {inside}{', ' if inside else ''}{pair} }}")


def line_end(text: str) -> str:
    """How the lines of a text end."""
    return "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"


def behind(text: str, at: int) -> int:
    """The offset behind the comment lines at an offset, unless they lead over to a header."""
    end = at
    while found := COMMENT_LINE.match(text, end):
        if found.end() == end:
            break
        end = found.end()
    return end if end == len(text) or BLANK_LINE.match(text, end) else at


def at_path(tree: Any, path: Iterable[str | int]) -> Any:
    """What stands at a path in a tree of tables and lists."""
    for part in path:
        tree = tree[part]
    return tree


def require_utf8(*texts: str) -> None:
    """Refuse texts that a file in UTF-8 can't hold.

    Raises:
        ConfigurationError: One of them is such a text.
    """
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ConfigurationError(f"{text!r} can't be written as UTF-8") from error


def _tree(text: str) -> Tree:
    # Numbers are compared as they are written: NaN is not equal to itself.
    return tomllib.loads(text, parse_float=str)


def _pruned(tree: Tree) -> Tree:
    """The tree without profiles, lists of bindings and tables of the registry that are empty."""
    profiles = {}
    for name, profile in tree.get("profiles", {}).items():
        kept = {key: value for key, value in profile.items() if key != "bindings" or value}
        if kept:
            profiles[name] = kept
    registry = {key: value for key, value in tree.get("registry", {}).items() if value != {}}
    return {**tree, "profiles": profiles, "registry": registry}
