"""Local changes of a lockfile's text, and the check that nothing else changed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile.toml.layout import KeyPath, Layout, TextSpan

COMMENT_LINE = re.compile(r"[ \t]*#[^\n]*(?:\n|\Z)")
# The reason of a binding, as `give_reason` writes it.
DATED_REASON = re.compile(r"[ \t]*# \d{4}-\d\d-\d\d: [^\n]*\n")
BLANK_LINE = re.compile(r"[ \t]*\r?\n")

Tree = dict[str, Any]


def checked(before: str, after: str, change: Callable[[Tree], object]) -> str:
    """Return the new text if it parses to the old values after a change, and to nothing else.

    Args:
        before: The old text.
        after: The new text.
        change: Applies the intended change to the parsed old text.

    Raises:
        LockfileError: The values differ.
    """
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


def spliced(text: str, span: TextSpan, new: str) -> str:
    """Replace a span of a text."""
    return text[: span.begin] + new + text[span.end :]


def with_block(text: str, at: int, block: list[str], eol: str) -> str:
    """Insert lines at an offset, after a blank line."""
    before, after = text[:at], text[at:]
    lines = eol.join(block)
    if not before:
        return lines + eol + after
    if before.endswith("\n"):
        return before + eol + lines + eol + after
    # The last line of the file has no line end; keep it that way.
    return before + eol + eol + lines + after


def into_table(layout: Layout, path: KeyPath, pair: str) -> str:
    """Append a key to an inline table."""
    begin, end = layout.value(path)
    inside = layout.text[begin + 1 : end - 1].strip()
    return spliced(
        layout.text, TextSpan(begin, end), f"{{ {inside}{', ' if inside else ''}{pair} }}"
    )


def line_end(text: str) -> str:
    """Return the line end that a text uses."""
    return "\r\n" if re.match(r"[^\n]*\r\n", text) else "\n"


def behind(text: str, at: int) -> int:
    """Skip the comment lines at an offset, unless a header follows them directly."""
    end = at
    while found := COMMENT_LINE.match(text, end):
        if found.end() == end:
            break
        end = found.end()
    return end if end == len(text) or BLANK_LINE.match(text, end) else at


def at_path(tree: Any, path: Iterable[str | int]) -> Any:
    """Return the value at a path in a tree of tables and lists."""
    for part in path:
        tree = tree[part]
    return tree


def require_utf8(*texts: str) -> None:
    """Reject strings that can't be encoded as UTF-8.

    Raises:
        ConfigurationError: A string can't be encoded.
    """
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ConfigurationError(
                f"{text!r} can't be encoded as UTF-8; remove its lone surrogates"
            ) from error


def _tree(text: str) -> Tree:
    # Floats are compared as strings, since NaN is not equal to itself.
    return tomllib.loads(text, parse_float=str)


def _pruned(tree: Tree) -> Tree:
    """Return the tree without empty profiles, lists of bindings and registry tables."""
    profiles = {}
    for name, profile in tree.get("profiles", {}).items():
        kept = {key: value for key, value in profile.items() if key != "bindings" or value}
        if kept:
            profiles[name] = kept
    registry = {key: value for key, value in tree.get("registry", {}).items() if value != {}}
    return {**tree, "profiles": profiles, "registry": registry}
