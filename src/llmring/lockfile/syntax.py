"""TOML texts, and why a text is none, with the place and the mend.

https://toml.io/en/v1.0.0
"""

import re
import tomllib
from typing import Any

from llmring.lockfile.problem import Problem

_CONFLICT = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)"
_PLACE = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"

# What tomllib says, and what to do about it.
_MENDS = (
    ("Cannot overwrite", "a key may stand only once in its table: keep one of them"),
    ("Duplicate inline", "a key may stand only once in its table: keep one of them"),
    ("Cannot declare", "a table may be opened only once; one more binding is opened by [[...]]"),
    ("Cannot mutate", "what is written in one piece can't be added to: write it all in one place"),
    ("Expected '='", 'write key = "value"'),
    ("Expected newline", "write one key a line, and close texts with a quote"),
    ("Invalid value", 'put texts in double quotes, such as "openai:gpt-4o-mini"'),
    ("Unclosed array", "separate the models by commas and close the list with ]"),
    ("Unclosed inline", "separate the keys by commas and close the table with } on the same line"),
    ("Unterminated", "close the text with a quote"),
    ('Expected "\'"', "close the text with a quote"),
    ("Illegal character", "close the text with a quote on the same line, or remove the character"),
    ("Unescaped", "double the backslash, or put the text in single quotes"),
)
_OTHER_MEND = "see https://toml.io/en/v1.0.0 for how TOML is written"


def load(text: str) -> dict[str, Any] | Problem:
    """The tree of a TOML text, or why it is not TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        return _problem((1, 1), "the file is nested too deeply", "flatten it")
    except ValueError as error:
        return _not_toml(text, str(error))


def _not_toml(text: str, complaint: str) -> Problem:
    conflict = re.search(_CONFLICT, text)
    if conflict:
        return _problem(
            _place(text, conflict.start()),
            "a merge conflict is left in the file",
            "settle the conflict and remove its marks",
        )
    found = re.search(_PLACE, complaint)
    place = (int(found[1]), int(found[2])) if found and found[1] else _place(text, len(text))
    message = complaint[: found.start()] if found else complaint
    mend = next((mend for start, mend in _MENDS if message.startswith(start)), _OTHER_MEND)
    return _problem(place, f"not TOML: {message}", mend)


def _problem(place: tuple[int, int], message: str, mend: str) -> Problem:
    return Problem(*place, "error", "", message, mend)


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
