"""The parser of tools: a mapping, a function, or a tool already."""

from collections.abc import Mapping
from typing import Any

from llmring.chat.tools import AnyTool, ProviderTool, Tool
from llmring.exceptions import ValidationError


def parse_tool(value: AnyTool) -> Tool | ProviderTool:
    """Parse a tool from any of its accepted forms.

    Raises:
        ValidationError: The tool has no name, or no schema can be made for the function.
    """
    if isinstance(value, Tool | ProviderTool):
        return value
    if not isinstance(value, Mapping):
        from llmring.chat.function import tool

        return tool(value)
    kind = value.get("type", "function")
    function = value.get("function", value)
    if kind not in ("function", "custom") or "custom" in value or not isinstance(function, Mapping):
        return ProviderTool(dict(value))
    if "name" not in function:
        if "type" in value:
            raise ValidationError(f'tool without a name; add "name": {value}')
        # Google's own tools have their name as the key: {"google_search": {}}.
        return ProviderTool(dict(value))
    return Tool(
        name=function["name"],
        description=function.get("description"),
        parameters=function.get("parameters") or function.get("input_schema") or {},
        strict=function.get("strict"),
        extra=_beyond_a_function(function) if "input_schema" in function else {},
    )


_OF_ANY_FUNCTION = frozenset(
    {"type", "name", "description", "parameters", "input_schema", "strict"}
)


def _beyond_a_function(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tool.items() if key not in _OF_ANY_FUNCTION}
