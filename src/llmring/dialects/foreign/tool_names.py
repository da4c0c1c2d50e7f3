"""Tools that only OpenAI's APIs have, and the names of the functions that represent them elsewhere.

Custom tools take free text, which may have a grammar; a namespace holds several tools.
https://platform.openai.com/docs/guides/function-calling#custom-tools
https://platform.openai.com/docs/guides/function-calling#defining-namespaces

The same tools always get the same names, and no two tools get the same one, so that the way back
needs only the tools of the request. APIs accept letters, digits, "_" and "-", at most 64, and
Google's requires a letter or "_" at the beginning.
https://ai.google.dev/api/caching#FunctionDeclaration
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmring.chat.tools import ProviderTool, Tool

_MOST = 64
_DIGITS = 8


class ForeignTool(Struct, frozen=True):
    """A tool that only one vendor's APIs have.

    Attributes:
        name: Its name.
        namespace: The namespace that it is in, if any.
        takes_text: True if its input is free text instead of JSON.
        definition: Its definition, in the form of Responses.
        preface: The description of its namespace, with the first tool of it.
    """

    name: str
    namespace: str | None
    takes_text: bool
    definition: Mapping[str, Any]
    preface: str | None = None


def foreign_tools(tools: Iterable[Tool | ProviderTool]) -> dict[str, ForeignTool]:
    """Return the tools that only one vendor's APIs have, by the names of their functions."""
    offered = list(tools)
    taken = {tool.name for tool in offered if isinstance(tool, Tool)}
    known: set[tuple[str | None, str]] = set()
    found: dict[str, ForeignTool] = {}
    for tool in offered:
        for each in foreign_of(tool):
            if (each.namespace, each.name) in known:
                continue
            known.add((each.namespace, each.name))
            name = function_name(each.namespace, each.name, taken)
            taken.add(name)
            found[name] = each
    return found


def foreign_of(tool: Tool | ProviderTool) -> Iterator[ForeignTool]:
    """Yield the tools that a definition holds, if it is a custom tool or a namespace."""
    if isinstance(tool, Tool):
        return
    match tool.definition:
        case {"type": "custom", "custom": {"name": str(name)} as custom}:
            yield ForeignTool(name, None, takes_text=True, definition=_flat(custom))
        case {"type": "custom", "name": str(name)} if "input_schema" not in tool.definition:
            yield ForeignTool(name, None, takes_text=True, definition=tool.definition)
        case {"type": "namespace", "name": str(space), "tools": list(inner)}:
            preface = tool.definition.get("description")
            for each in inner:
                match each:
                    case {"type": "function" | "custom" as kind, "name": str(name)}:
                        yield ForeignTool(name, space, kind == "custom", each, preface)
                        preface = None


def _flat(custom: Mapping[str, Any]) -> Mapping[str, Any]:
    # Chat Completions has the grammar one level deeper.
    match custom.get("format"):
        case {"type": "grammar", "grammar": Mapping() as grammar}:
            return {**custom, "format": {"type": "grammar", **grammar}}
    return custom


def function_name(namespace: str | None, name: str, taken: Iterable[str] = ()) -> str:
    """Return the name of a function that represents a tool, and that is not taken yet."""
    wanted = name if namespace is None else f"{namespace}__{name}"
    fit = re.sub(r"[^A-Za-z0-9_-]", "_", wanted) or "_"
    if not (fit[0].isalpha() or fit[0] == "_"):
        fit = f"_{fit}"
    if fit == wanted and len(fit) <= _MOST and fit not in taken:
        return fit
    seed = f"{namespace or ''}\0{name}"
    while True:
        digest = hashlib.blake2s(seed.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
        found = f"{fit[: _MOST - _DIGITS - 1]}_{digest}"
        if found not in taken:
            return found
        seed += "\0"
