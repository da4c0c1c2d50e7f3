"""Files of variables, as `.env` files are written: a variable on each line.

The form is that of https://www.npmjs.com/package/dotenv, without values of several lines and
without variables in values.
"""

from __future__ import annotations

import re
from pathlib import Path

from llmring.exceptions import ConfigurationError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?""", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t"}


def read_env_file(path: Path) -> dict[str, str]:
    """Read a file of variables.

    Raises:
        ConfigurationError: It can't be read, or a line does not set a variable.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror or error}") from None
    found = {}
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        pair = _variable(stripped)
        if pair is None:
            # Without the line itself, which may hold a key.
            raise ConfigurationError(f"{path}:{number}: not a variable; write NAME=value")
        found[pair[0]] = pair[1]
    return found


def _variable(line: str) -> tuple[str, str] | None:
    """Return the name and the value that a line sets; None if it sets no variable."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    name, written = match[1], match[2]
    if not written.startswith(('"', "'")):
        return name, re.split(r"(?:^|\s)#", written, maxsplit=1)[0].strip()
    quoted = _QUOTED.fullmatch(written)
    if quoted is None:
        return None
    if quoted[2] is not None:
        return name, quoted[2]
    return name, _ESCAPED.sub(lambda found: _CHARACTERS.get(found[1], found[1]), quoted[1])
