"""The reading of long lockfiles: as tomllib reads them, in a third of the time.

Most of a long lockfile are bindings, each a table of its own under the same header:

    [[profiles.default.bindings]]
    alias = "fast"
    models = ["openai:gpt-6-luna"]

Where several such tables follow each other and hold nothing but plain values, they are read here,
and tomllib gets a single table in their place. So every rule about what is TOML stays tomllib's.

https://toml.io/en/v1.0.0#array-of-tables
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

# The key of the table in place of several, with their position in the list of lists.
_MARK = "llmring-tables"

# Loops have only one way to match, so that a long text takes time in proportion.
_PLAIN = r"\x00-\x08\x0a-\x1f\x7f"
_COMMENT = rf"\#[^{_PLAIN}]*"
_STRING = rf'"[^"\\{_PLAIN}]*"|\'[^\'{_PLAIN}]*\''
_TRIVIA = rf"[ \t\n]*(?:{_COMMENT}\n[ \t\n]*)*"
_END = rf"[ \t]*(?:{_COMMENT})?(?:\n|\Z)"
_STATEMENT = re.compile(
    rf"""
    (?P<header>\[\[profiles\.(?:[A-Za-z0-9_-]+|{_STRING})\.bindings\]\])
    (?:{_END})
  | [ \t]*(?P<key>[A-Za-z0-9_-]+)[ \t]*=[ \t]*
    (?:
        (?P<string>{_STRING})
      | (?P<list>\[{_TRIVIA}
            (?:(?:{_STRING}){_TRIVIA}(?:,{_TRIVIA}(?:{_STRING}){_TRIVIA})*(?:,{_TRIVIA})?)?
        \])
      | (?P<truth>true|false)
      | (?P<float>(?:0|[1-9][0-9]{{0,8}})\.[0-9]{{1,8}})
      | (?P<whole>0|[1-9][0-9]{{0,8}})
    )
    (?:{_END})
  | [ \t]*(?:{_COMMENT})?\n
    """,
    re.VERBOSE,
)
_ITEM = re.compile(rf"{_COMMENT}|({_STRING})")
_FIRST = re.compile(r"^\[\[profiles\.", re.MULTILINE)


def loads(text: str) -> dict[str, Any]:
    """Parse a TOML text, as `tomllib.loads` does.

    Raises:
        ValueError: It is not TOML.
    """
    return _quickly(text) or tomllib.loads(text)


def _quickly(text: str) -> dict[str, Any] | None:
    """Parse a text that tomllib accepts; return None where that is not certain."""
    # A line in a string of several lines may look like a header.
    if '"""' in text or "'''" in text or _MARK in text:
        return None
    short, tables = _without_tables(text.replace("\r\n", "\n"))
    if not tables:
        return None
    try:
        tree = tomllib.loads(short)
    except (ValueError, RecursionError):
        return None
    return tree if _put_back(tree, tables) else None


def _without_tables(text: str) -> tuple[str, list[list[dict[str, Any]]]]:
    """Replace tables of the same list by a single one; return the text, and the tables."""
    rest: list[str] = []
    found: list[list[dict[str, Any]]] = []
    at = 0
    while (first := _FIRST.search(text, at)) is not None:
        tables, end = _tables(text, first.start())
        if len(tables) < 2:
            after = text.find("\n", first.start())
            end = len(text) if after < 0 else after + 1
            rest.append(text[at:end])
        else:
            header = text[first.start() : text.index("]]", first.start()) + 2]
            rest.append(f"{text[at : first.start()]}{header}\n{_MARK} = {len(found)}\n")
            found.append(tables)
        at = end
    rest.append(text[at:])
    return "".join(rest), found


def _tables(text: str, begin: int) -> tuple[list[dict[str, Any]], int]:
    """Read the plain tables under the same header from here on; return them, and their end."""
    tables: list[dict[str, Any]] = []
    table: dict[str, Any] = {}
    header, last, at = None, begin, begin
    while (found := _STATEMENT.match(text, at)) is not None:
        kind = found.lastgroup
        if kind == "header":
            if found["header"] != (header or found["header"]):
                break
            header, last, table = found["header"], at, {}
            tables.append(table)
        elif kind is not None:
            if found["key"] in table:
                break
            table[found["key"]] = _value(kind, found[kind])
        at = found.end()
    if at == len(text) or text[at] == "[":
        return tables, at
    # The last table goes on with something else, and is left to tomllib.
    return tables[:-1], last


def _value(kind: str, written: str) -> Any:
    match kind:
        case "string":
            return written[1:-1]
        case "list":
            return [item[1:-1] for item in _ITEM.findall(written) if item]
        case "truth":
            return written == "true"
        case "float":
            return float(written)
        case _:
            return int(written)


def _put_back(tree: dict[str, Any], tables: list[list[dict[str, Any]]]) -> bool:
    """Put the tables into the tree; return False if they are not where they were looked for."""
    left = len(tables)
    profiles = tree.get("profiles")
    for profile in profiles.values() if isinstance(profiles, dict) else ():
        bindings = profile.get("bindings") if isinstance(profile, dict) else None
        if not isinstance(bindings, list):
            continue
        whole: list[Any] = []
        for each in bindings:
            if not isinstance(each, dict) or _MARK not in each:
                whole.append(each)
            elif len(each) == 1:
                whole += tables[each[_MARK]]
                left -= 1
            else:
                # Something follows that belongs to the last of the tables.
                return False
        profile["bindings"] = whole
    return left == 0
