"""Names of parameters that an API refuses, replaced by similar ones and put back.

Anthropic's API, on Amazon Bedrock too, refuses a request if the name of any parameter has other
characters (`filter[id]`, `$top`, `@type`) or is longer; names further inside are not checked.
https://github.com/beautyfree/appstore-connect-mcp/issues/2
https://github.com/ComposioHQ/composio/pull/3067
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmring.json_schema.describe import add_phrases

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_OTHER = re.compile(r"[^a-zA-Z0-9_.-]")
_LONGEST = 64


def are_fit(names: Iterable[str]) -> bool:
    """Return True if no name has to be replaced."""
    return all(map(_NAME.fullmatch, names))


def replacements(names: Iterable[str]) -> dict[str, str]:
    """Return, for each name that has to be replaced, one that fits and that no other has."""
    taken = {name for name in names if _NAME.fullmatch(name)}
    found: dict[str, str] = {}
    for name in names:
        if name in taken or name in found:
            continue
        stem = _OTHER.sub("_", name)[:_LONGEST] or "_"
        new, number = stem, 1
        while new in taken:
            number += 1
            new = f"{stem[: _LONGEST - 4]}_{number}"
        taken.add(new)
        found[name] = new
    return found


def renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with names that fit; descriptions have the original ones."""
    properties: Mapping[str, Any] = schema["properties"]
    if are_fit(properties):
        return schema
    new = replacements(list(properties))
    result = {
        **schema,
        "properties": {
            new.get(name, name): _called(name, each) if name in new else each
            for name, each in properties.items()
        },
    }
    if "required" in schema:
        result["required"] = [new.get(name, name) for name in schema["required"]]
    return result


def _called(name: str, schema: Any) -> dict[str, Any]:
    return add_phrases(dict(schema) if isinstance(schema, Mapping) else {}, [f"called {name!r}"])


def names_back(arguments: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return arguments under their original names.

    Args:
        arguments: The arguments that the model gave.
        names: The original names of all parameters, in their order.
    """
    given = list(names)
    old = {new: name for name, new in replacements(given).items()}
    return {
        name if name in given else old.get(name, name): value for name, value in arguments.items()
    }
