"""The parser of tools: a mapping, a function, or a tool already."""

from collections.abc import Iterable, Mapping
from typing import Any

from llmring.chat.tools import AnyTool, ProviderTool, Tool
from llmring.exceptions import ValidationError
from llmring.field_types import require, require_items, wrong_type


def parse_tool(value: AnyTool) -> Tool | ProviderTool:
    """Parse a tool from any of its accepted forms.

    Raises:
        ValidationError: The tool has no name, or no schema can be made for the function.
    """
    if isinstance(value, Tool | ProviderTool):
        return value
    if not isinstance(value, Mapping):
        if not callable(value):
            raise wrong_type("a tool", value, "a function, a Tool or a dictionary")
        from llmring.chat.function import tool

        return tool(value)
    kind = value.get("type", "function")
    function = value.get("function", value.get("toolSpec", value))
    if kind not in ("function", "custom") or "custom" in value or not isinstance(function, Mapping):
        return ProviderTool(dict(value))
    if "name" not in function:
        if "type" in value:
            raise ValidationError(f'tool without a name; add "name": {value}')
        # Google's own tools have their name as the key: {"google_search": {}}.
        return ProviderTool(dict(value))
    require("the name of a tool", function["name"], str, "a text")
    return Tool(
        name=function["name"],
        description=function.get("description"),
        parameters=_parameters(function),
        strict=function.get("strict"),
        extra=_beyond_a_function(function) if "input_schema" in function else {},
    )


# The names of the schema: of OpenAI, Anthropic, MCP, and of Google in both spellings.
# https://modelcontextprotocol.io/specification/2025-06-18/server/tools#tool
# https://ai.google.dev/api/caching#FunctionDeclaration
_SCHEMAS = (
    "parameters",
    "input_schema",
    "inputSchema",
    "parametersJsonSchema",
    "parameters_json_schema",
)
# Google's lists of functions in one tool.
_DECLARATIONS = frozenset(("functionDeclarations", "function_declarations"))


def _parameters(function: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _SCHEMAS:
        schema = function.get(name)
        if isinstance(schema, Mapping) and schema:
            # Amazon's Converse has the schema of a `toolSpec` one level deeper.
            # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolInputSchema.html
            inner = schema.get("json") if name == "inputSchema" else None
            return inner if isinstance(inner, Mapping) else schema
        if schema and not isinstance(schema, Mapping):
            raise ValidationError(
                f"the {name!r} of the tool {function['name']!r} is a JSON Schema, not "
                f"{schema!r:.200}"
            )
    return {}


def parse_tools(values: Iterable[AnyTool]) -> list[Tool | ProviderTool]:
    """Parse tools from any of their accepted forms; one of Google's may list several functions.

    Raises:
        ValidationError: A tool has no name, or no schema can be made for a function.
    """
    tools: list[Tool | ProviderTool] = []
    for value in values:
        if not isinstance(value, Mapping) or _DECLARATIONS.isdisjoint(value):
            tools.append(parse_tool(value))
            continue
        for key in _DECLARATIONS & value.keys():
            require_items(key, value[key], "a list of functions")
            tools += map(parse_tool, value[key])
        others = {name: each for name, each in value.items() if name not in _DECLARATIONS}
        if others:
            tools.append(parse_tool(others))
    return tools


_OF_ANY_FUNCTION = frozenset({"type", "name", "description", "strict", *_SCHEMAS})


def _beyond_a_function(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tool.items() if key not in _OF_ANY_FUNCTION}
