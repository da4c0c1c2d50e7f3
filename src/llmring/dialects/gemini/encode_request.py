"""Google's Gemini API: the encoding of requests, and the dialect as a whole.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never
from urllib.parse import quote

import msgspec

from llmring.chat.output_format import OutputFormat
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.reasoning import Effort, Reasoning
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.dialect import Outgoing, Quirks, merged
from llmring.dialects.enforcement import asked_in_words
from llmring.dialects.foreign.plain_tools import PARALLEL_CALLS, with_plain_tools
from llmring.dialects.gemini.contents import NAME, contents_of, system_texts
from llmring.dialects.gemini.field_names import camel
from llmring.dialects.offered_tool import offered
from llmring.dialects.result_order import with_results_in_place
from llmring.dialects.system_turns import late_systems_placed
from llmring.json_schema.adapt import SchemaRules, adapted
from llmring.json_schema.once import once_per_schema
from llmring.json_schema.parameters import ParameterRules
from llmring.json_schema.prompt import json_instruction

# https://ai.google.dev/api/generate-content#FIELDS.response_json_schema
# A `$ref` may have no other keywords next to it, and some models do not accept any.
RULES = SchemaRules(
    keywords=frozenset(
        {
            "$anchor",
            "$defs",
            "$id",
            "$ref",
            "additionalProperties",
            "anyOf",
            "description",
            "enum",
            "format",
            "items",
            "maxItems",
            "maximum",
            "minItems",
            "minimum",
            "oneOf",
            "prefixItems",
            "properties",
            "propertyOrdering",
            "required",
            "title",
            "type",
        }
    ),
    inlines_refs=True,
)

# "The schema must describe an object where the properties are the parameters to the function."
# https://ai.google.dev/api/caching#FunctionDeclaration
_PARAMETERS = ParameterRules(
    usual=msgspec.structs.replace(RULES, plain_root=True, needs_items=True)
)

# Models before Gemini 3 accept neither a response format together with tools nor media in the
# result of a function. https://ai.google.dev/gemini-api/docs/gemini-3
_BEFORE_3 = re.compile(r"(^|/)gemini-[12]\b")

# https://ai.google.dev/api/generate-content#ThinkingLevel
_LEVELS: Mapping[Effort, str] = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "XHIGH",
    "max": "XHIGH",
}

# Fields of generationConfig, which may be given directly among the extra parameters.
_GENERATION = frozenset(
    {
        "audioTimestamp",
        "audioTranscriptionConfig",
        "candidateCount",
        "enableAffectiveDialog",
        "enableEnhancedCivicAnswers",
        "frequencyPenalty",
        "imageConfig",
        "logprobs",
        "maxOutputTokens",
        "mediaResolution",
        "presencePenalty",
        "responseFormat",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
        "translationConfig",
    }
)


def encode(request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:
    """Build the request for `models.generateContent` or `models.streamGenerateContent`.

    Raises:
        UnsupportedFeatureError: The API does not accept a part of a message.
    """
    notes: list[str] = []
    if request.tools:
        request, notes = with_plain_tools(request)
    tools, output = request.tools, request.output
    if request.one_call and tools:
        notes.append(PARALLEL_CALLS)
    ordered = with_results_in_place(request.turns)
    turns = late_systems_placed(ordered, "Google", notes, between=False, dialect=NAME)
    is_older = bool(_BEFORE_3.search(model))
    texts = system_texts(turns)
    if output and output.schema is not None and not quirks.json_schema and not tools:
        texts.append(json_instruction(output.schema))
        notes += asked_in_words(output)
        output = None
    elif output and tools and (is_older or not quirks.json_schema):
        texts.append(_prompt_for_json(output))
        notes += asked_in_words(output)
        output = None
    optional = {
        "systemInstruction": {"parts": [{"text": text} for text in texts]} if texts else None,
        "generationConfig": _generation(request, output),
        "tools": _tools(tools, notes),
        "toolConfig": _tool_config(request, tools),
        "cachedContent": _cached_content(request),
    }
    payload: dict[str, Any] = {"contents": contents_of(turns, media_in_results=not is_older)}
    payload |= {name: value for name, value in optional.items() if value}
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    path = model if "/" in model else f"models/{model}"
    return Outgoing(
        f"/v1beta/{quote(path)}:{method}",
        merged(payload, _placed(request.extra_params)),
        notes=tuple(notes),
    )


def _generation(request: ParsedRequest, output: OutputFormat | None) -> dict[str, Any]:
    schema = output.schema if output else None
    settings = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": _max_tokens(request),
        "stopSequences": request.stops or None,
        "seed": request.seed,
        "responseMimeType": "application/json" if output else None,
        "responseJsonSchema": _response_schema(schema) if schema is not None else None,
        "thinkingConfig": _thinking(request.reasoning),
    }
    return {name: value for name, value in settings.items() if value is not None}


@once_per_schema
def _response_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    return adapted(schema, RULES)


def _prompt_for_json(output: OutputFormat) -> str:
    """Return the output format as an instruction to the model."""
    if output.schema is None:
        return "Give your answer as a JSON object, with nothing around it, not even a code fence."
    schema = msgspec.json.encode(output.schema).decode()
    return (
        "Once you need no more tools, give your answer as JSON, with nothing around it, not even "
        f"a code fence, in the form that this JSON Schema describes:\n{schema}"
    )


def _max_tokens(request: ParsedRequest) -> int | None:
    # The API's limit includes reasoning; a limit that reasoning could use up leaves no answer.
    limit, budget = request.max_tokens, request.extra_tokens
    return limit if limit is None or limit > budget else limit + budget


def _thinking(reasoning: Reasoning | None) -> dict[str, Any] | None:
    # https://ai.google.dev/gemini-api/docs/thinking
    if reasoning is None:
        return None
    if reasoning.is_off:
        return {"thinkingBudget": 0}
    if reasoning.effort is not None:
        return {"thinkingLevel": _LEVELS[reasoning.effort], "includeThoughts": True}
    return {"thinkingBudget": reasoning.tokens, "includeThoughts": True}


def _cached_content(request: ParsedRequest) -> str | None:
    # Prompts that begin alike are cached automatically. A key is useful only if it is the name of
    # content that the caller has stored. https://ai.google.dev/gemini-api/docs/caching
    caching = request.caching
    key = (caching and caching.key) or ""
    return key if "cachedContents/" in key else None


def _tools(tools: Iterable[Tool | ProviderTool], notes: list[str]) -> list[Mapping[str, Any]]:
    functions: list[dict[str, Any]] = []
    own: list[Mapping[str, Any]] = []
    for tool in tools:
        if isinstance(tool, ProviderTool):
            own.append(_own_tool(tool.definition))
        else:
            functions.append(_function(tool, notes))
    return [*([{"functionDeclarations": functions}] if functions else []), *own]


def _own_tool(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tool of Google's own keyed by its name; other APIs name it by type."""
    match definition:
        case {"type": str(name), **options}:
            return {name: options}
    return definition


def _function(tool: Tool, notes: list[str]) -> dict[str, Any]:
    found = offered(tool, _PARAMETERS)
    notes += found.notes
    definition = {
        "name": tool.name,
        "description": found.description,
        "parametersJsonSchema": found.parameters if tool.parameters else None,
    }
    return {name: value for name, value in definition.items() if value is not None}


def _tool_config(
    request: ParsedRequest, tools: Sequence[Tool | ProviderTool]
) -> dict[str, Any] | None:
    functions = [tool for tool in tools if isinstance(tool, Tool)]
    if not functions:
        return None
    config: dict[str, Any] = {}
    if calling := _calling(request, functions):
        config["functionCallingConfig"] = calling
    if any(isinstance(tool, ProviderTool) for tool in tools):
        # Together with tools of Google's own, functions need to see what these did.
        # https://ai.google.dev/gemini-api/docs/tool-combination
        config["includeServerSideToolInvocations"] = True
    return config


def _calling(request: ParsedRequest, functions: Iterable[Tool]) -> dict[str, Any] | None:
    # https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes
    choice = request.choice
    match choice:
        case NamedTool(name=name):
            return {"mode": "ANY", "allowedFunctionNames": [name]}
        case "required":
            return {"mode": "ANY"}
        case "none":
            return {"mode": "NONE"}
        case "auto" | None:
            if any(tool.strict for tool in functions):
                return {"mode": "VALIDATED"}
            return {"mode": "AUTO"} if choice else None
        case _:
            assert_never(choice)


def _placed(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the extra parameters to the API's names, with generation settings in their table.

    The API accepts both spellings of a name, but not both at once.
    """
    placed: dict[str, Any] = {}
    generation: dict[str, Any] = {}
    for key, value in extra.items():
        name = camel(key)
        if name == "generationConfig" and isinstance(value, Mapping):
            generation |= {camel(inner): setting for inner, setting in value.items()}
        elif name in _GENERATION:
            generation[name] = value
        else:
            placed[name] = value
    return placed | {"generationConfig": generation} if generation else placed
