"""TOML parsing with errors that give the place and the fix.

https://toml.io/en/v1.0.0
"""

import re
import tomllib
from typing import Any

from llmring.lockfile.problem import Problem

_CONFLICT = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)"
# From this length on, it takes less time to load and use another reader than tomllib takes.
_LONG = 8 * 1024
_PLACE = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"

# The start of tomllib's message, and the fix for it.
_FIXES = (
    ("Cannot overwrite", "keep only one of the two keys"),
    ("Duplicate inline", "keep only one of the two keys"),
    ("Cannot declare", "open each table only once; open a further binding with [[...]]"),
    ("Cannot mutate", "write all keys of an inline table within its braces"),
    ("Expected '='", 'write key = "value"'),
    ("Expected newline", "write one key per line, and close strings with a quote"),
    ("Invalid value", 'put strings in double quotes, such as "openai:gpt-6-luna"'),
    ("Unclosed array", "separate the models by commas and close the list with ]"),
    ("Unclosed inline", "separate the keys by commas and close the table with } on the same line"),
    ("Unterminated", "close the string with a quote"),
    ('Expected "\'"', "close the string with a quote"),
    ("Illegal character", "close the string on the same line, or remove the character"),
    ("Unescaped", "double the backslash, or put the string in single quotes"),
)
_OTHER_FIX = "see https://toml.io/en/v1.0.0 for the syntax of TOML"


def load(text: str) -> dict[str, Any] | Problem:
    """Parse a TOML text; return the problem if it is not TOML."""
    try:
        if len(text) < _LONG:
            return tomllib.loads(text)
        from llmring.lockfile.toml import bindings_reader

        return bindings_reader.loads(text)
    except RecursionError:
        return _problem((1, 1), "the file is nested too deeply", "flatten it")
    except ValueError as error:
        return _not_toml(text, str(error))


def _not_toml(text: str, complaint: str) -> Problem:
    conflict = re.search(_CONFLICT, text)
    if conflict:
        return _problem(
            _place(text, conflict.start()),
            "the file contains a merge conflict",
            "resolve the conflict and remove its markers",
        )
    if text.lstrip().startswith("{"):
        # llmring 1.x also wrote JSON.
        return _problem((1, 1), "the file is JSON", "write the same keys as TOML")
    found = re.search(_PLACE, complaint)
    place = (int(found[1]), int(found[2])) if found and found[1] else _place(text, len(text))
    message = complaint[: found.start()] if found else complaint
    fix = next((fix for start, fix in _FIXES if message.startswith(start)), _OTHER_FIX)
    return _problem(place, f"not TOML: {message}", fix)


def _problem(place: tuple[int, int], message: str, fix: str) -> Problem:
    return Problem(*place, "error", "", message, fix)


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
