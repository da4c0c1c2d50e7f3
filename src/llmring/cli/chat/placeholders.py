"""Values for the {names} in a message."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from llmring.exceptions import ValidationError

_NAME = re.compile(r"\w[\w.-]*")


def pair(text: str) -> tuple[str, str]:
    """Parse an option `name=value`.

    Raises:
        argparse.ArgumentTypeError: It has another form.
    """
    name, equals, value = text.partition("=")
    if not equals or _NAME.fullmatch(name) is None:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a pair; write name=value")
    return name, value


def fill_in(values: Iterable[tuple[str, str]], *texts: str) -> list[str]:
    """Replace each {name} in the texts by its value; other braces stay, also those of values.

    Raises:
        ValidationError: No text has one of the names.
    """
    by_name = dict(values)
    for name in by_name:
        if not any(f"{{{name}}}" in text for text in texts):
            raise ValidationError(f"the message has no {{{name}}}; write it where the value goes")
    if not by_name:
        return [*texts]
    wanted = re.compile("|".join(re.escape(f"{{{name}}}") for name in by_name))
    return [wanted.sub(lambda found: by_name[found[0][1:-1]], text) for text in texts]
