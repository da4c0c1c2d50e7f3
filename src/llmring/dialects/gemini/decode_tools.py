"""The tools of a client's request in the format of Google's Gemini API.

https://ai.google.dev/api/caching#Tool
https://ai.google.dev/api/caching#FunctionCallingConfig
https://ai.google.dev/api/caching#FunctionDeclaration

A function's own place among the tools of Google's is not kept: functions come first. The wish to
get the arguments of a call in pieces is not kept either: calls are sent whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolChoice
from llmring.dialects.gemini.openapi_schema import json_schema
from llmring.dialects.gemini.request_fields import at, fields, items, text_at, texts_at
from llmring.dialects.request_decoding import RequestFormatError

_CONFIG = "toolConfig"
_CALLING = "toolConfig.functionCallingConfig"


class GeminiOffer(Struct, frozen=True):
    """The tools of a request.

    Attributes:
        tools: The functions, then the tools of Google's own.
        choice: The tools that the model may or must call; None where that is left open.
        own: The fields of the body that only this API has.
        required: The paths of what no other API may do without.
    """

    tools: list[Tool | ProviderTool]
    choice: ToolChoice | None
    own: dict[str, Any]
    required: list[str]


def decode_tools(tools: Any, config: Any) -> GeminiOffer:
    """Read the tools and their configuration.

    Raises:
        RequestFormatError: A tool or its configuration is not what the API accepts.
    """
    reader = _GeminiToolReader()
    for index, tool in enumerate(items(tools)):
        reader.take(tool, at("tools", index))
    if reader.has_details:
        # What a function returns has no form elsewhere; the same API gets it as it was.
        reader.own["tools"] = items(tools)
    if config is not None:
        reader.configure(fields(config, _CONFIG))
    return GeminiOffer(
        [*reader.functions, *reader.others], reader.choice, reader.own, reader.required
    )


class _GeminiToolReader:
    """State while reading the tools of a request."""

    def __init__(self) -> None:
        self.functions: list[Tool] = []
        self.others: list[ProviderTool] = []
        self.choice: ToolChoice | None = None
        self.own: dict[str, Any] = {}
        self.required: list[str] = []
        self.has_details = False

    def take(self, value: Any, place: str) -> None:
        """Read one tool, which may list several functions."""
        found = fields(value, place)
        where = at(place, "functionDeclarations")
        for index, each in enumerate(items(found.pop("functionDeclarations", None))):
            self.functions.append(self._function(each, at(where, index)))
        for name, options in found.items():
            self.others.append(ProviderTool({name: options}))

    def _function(self, value: Any, place: str) -> Tool:
        found = fields(value, place)
        name = text_at(found, "name", place)
        if not name:
            where = at(place, "name")
            raise RequestFormatError(f"{where}: a function needs a name", where)
        given = [key for key in ("parametersJsonSchema", "parameters") if key in found]
        if len(given) > 1:
            where = at(place, given[0])
            raise RequestFormatError(f"{place} has both {given[0]} and {given[1]}", where)
        schema = found[given[0]] if given else {}
        if not isinstance(schema, Mapping):
            where = at(place, given[0])
            raise RequestFormatError(
                f"{where} must be a schema, not {type(schema).__name__}", where
            )
        further = found.keys() - {"name", "description", *given}
        self.has_details = self.has_details or bool(further)
        if found.get("behavior") == "NON_BLOCKING":
            self.required.append(at(place, "behavior"))
        return Tool(
            name,
            text_at(found, "description", place),
            json_schema(schema) if "parameters" in given else schema,
        )

    def configure(self, found: dict[str, Any]) -> None:
        """Read the configuration of all tools."""
        calling = found.pop("functionCallingConfig", None)
        if self.functions and self.others:
            # Set for every such request.
            found = {k: v for k, v in found.items() if (k, v) != (_SERVER_SIDE, True)}
        if calling is not None and (rest := self._calling(fields(calling, _CALLING))):
            found["functionCallingConfig"] = rest
        if found:
            self.own[_CONFIG] = found

    def _calling(self, found: dict[str, Any]) -> dict[str, Any]:
        """Read which functions to call; return what only this API has."""
        found.pop("streamFunctionCallArguments", None)
        mode = (text_at(found, "mode", _CALLING) or "MODE_UNSPECIFIED").upper()
        names = texts_at(found, "allowedFunctionNames", _CALLING)
        if not self.functions:
            return found
        match mode, names:
            case "ANY", [name]:
                self.choice = NamedTool(name)
                return {}
            case "ANY", _:
                self.choice = "required"
            case "NONE", _:
                self.choice = "none"
            case "VALIDATED", _:
                strict = [msgspec.structs.replace(each, strict=True) for each in self.functions]
                self.functions = strict
            case (("AUTO" | "MODE_UNSPECIFIED"), _):
                self.choice = "auto" if mode == "AUTO" else None
            case _:
                self.required.append(at(_CALLING, "mode"))
                return found
        found.pop("mode", None)
        if names and mode in ("ANY", "VALIDATED") and {f.name for f in self.functions} - {*names}:
            # The API alone can leave the others out without another list of tools.
            self.required.append(at(_CALLING, "allowedFunctionNames"))
        return found


_SERVER_SIDE = "includeServerSideToolInvocations"
