"""Ollama's own chat API, on a local server or on ollama.com.

https://docs.ollama.com/api/chat
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.output_format import OutputFormat
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.reasoning import Reasoning
from llmring.chat.request import Message
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.dialects.dialect import Outgoing, Quirks, json_object, merged
from llmring.dialects.document_text import text_of
from llmring.dialects.enforcement import asked_in_words
from llmring.dialects.foreign.plain_tools import PARALLEL_CALLS, with_plain_tools
from llmring.dialects.offered_tool import offered
from llmring.dialects.result_order import with_results_in_place
from llmring.dialects.system_turns import late_systems_placed, with_own_systems
from llmring.exceptions import UnsupportedFeatureError
from llmring.json_schema.adapt import SchemaRules
from llmring.json_schema.parameters import ParameterRules
from llmring.json_schema.prompt import add_to_system_message, json_instruction, mentions_json
from llmring.json_schema.references import resolved

NAME = "ollama"

# https://docs.ollama.com/modelfile#valid-parameters-and-values; a server accepts them in
# `options`, and silently ignores them elsewhere.
_OPTIONS = frozenset(
    """
    draft_num_predict frequency_penalty low_vram main_gpu min_p mirostat mirostat_eta
    mirostat_tau num_batch num_ctx num_gpu num_keep num_predict num_thread numa
    penalize_newline presence_penalty repeat_last_n repeat_penalty seed stop temperature
    tfs_z top_k top_p typical_p use_mlock use_mmap vocab_only
    """.split()  # noqa: SIM905 -- thirty lines otherwise
)

# Models whose thinking has levels instead of on and off; other models refuse a level.
# https://docs.ollama.com/capabilities/thinking
_THINKS_IN_STEPS = re.compile(r"(?:.*/)?gpt-oss")
_STEPS = {"minimal": "low", "xhigh": "high", "max": "high"}


def encode(request: ParsedRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:  # noqa: ARG001 -- one form for all dialects
    """Build the request for Ollama's chat API.

    Args:
        request: The request, which is not changed.
        model: The model's name, with its tag.
        stream: True for a reply in lines.
        quirks: Not used; Ollama is the only server with this API.

    Raises:
        UnsupportedFeatureError: The API has no equivalent for a part of the request.
    """
    notes: list[str] = []
    if request.tools:
        request, notes = with_plain_tools(request)
    options = {
        "num_predict": _max_tokens(request),
        "stop": request.stops or None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
    }
    ordered = with_results_in_place(with_own_systems(request.turns, NAME))
    # The templates of many models move all system messages to the beginning.
    # https://docs.ollama.com/modelfile#template
    turns = late_systems_placed(ordered, "Ollama", notes, between=False, dialect=NAME)
    tools = _tools(request, notes)
    if request.one_call and tools:
        notes.append(PARALLEL_CALLS)
    format_, words = _format(request.output, turns, has_tools=bool(tools))
    if request.output is not None and request.output.schema is not None and tools:
        notes += asked_in_words(request.output)
    fields = {
        "model": model,
        "messages": add_to_system_message(_messages(turns), words),
        "tools": tools or None,
        "format": format_,
        "think": _think(request.reasoning, model),
        "options": _present(options) or None,
        "stream": stream,
    }
    return Outgoing("/api/chat", merged(_present(fields), _extra(request)), notes=tuple(notes))


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _extra(request: ParsedRequest) -> dict[str, Any]:
    extra = request.extra_params
    options = {name: value for name, value in extra.items() if name in _OPTIONS}
    others = {name: value for name, value in extra.items() if name not in _OPTIONS}
    return merged({"options": options}, others) if options else others


def _max_tokens(request: ParsedRequest) -> int | None:
    # The limit includes thinking, so the tokens for it are added.
    if request.max_tokens is None:
        return None
    return request.max_tokens + request.extra_tokens


def _think(reasoning: Reasoning | None, model: str) -> bool | str | None:
    if reasoning is None:
        return None
    if reasoning.is_off or _THINKS_IN_STEPS.match(model) is None:
        return not reasoning.is_off
    return _STEPS.get(reasoning.as_effort, reasoning.as_effort)


# --- Messages ---


def _messages(turns: Sequence[Message]) -> list[dict[str, Any]]:
    messages = []
    name_of_call: dict[str, str] = {}
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": _text(turn)}
        thinking = "".join(part.text for part in turn.parts if isinstance(part, ReasoningPart))
        if thinking:
            message["thinking"] = thinking
        if images := [_image(part) for part in turn.parts if isinstance(part, ImagePart)]:
            message["images"] = images
        if turn.calls:
            message["tool_calls"] = [_tool_call(call) for call in turn.calls]
            name_of_call |= {call["id"]: call["function"]["name"] for call in turn.calls}
        if turn.role == "tool":
            # Results are matched by name; the ID is for servers that use it.
            message["tool_name"] = turn.name or name_of_call.get(turn.tool_call_id or "")
            message["tool_call_id"] = turn.tool_call_id
        messages.append(_present(message))
    return messages


def _text(turn: Message) -> str:
    pieces = [each for each in map(_as_text, turn.parts) if each is not None]
    has_documents = any(isinstance(part, DocumentPart) for part in turn.parts)
    # The parts of a system message are prompts of their own, not the pieces of a text.
    return ("\n\n" if has_documents or turn.role == "system" else "").join(pieces)


def _as_text(part: Part) -> str | None:
    match part:
        case TextPart():
            return part.text
        case DocumentPart():
            text = text_of(part)
            if text is None:
                raise UnsupportedFeatureError(
                    f"Ollama takes no documents ({part.media_type}); send their text, or their "
                    "pages as images"
                )
            return text
        case AudioPart():
            raise UnsupportedFeatureError("Ollama takes no audio; send a transcript")
        case UploadedPart():
            raise UnsupportedFeatureError(
                f"Ollama stores no files, so it cannot find {part.id!r}; send the content itself"
            )
    return None


def _image(part: ImagePart) -> str:
    if part.data is None:
        raise UnsupportedFeatureError(
            "Ollama takes no image URLs; load the image and send it as a data: URL in base64"
        )
    return part.data


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = call["function"]
    arguments = json_object(function["arguments"])
    id_ = {"id": call["id"]} if call["id"] else {}
    return {**id_, "function": {"name": function["name"], "arguments": arguments}}


# --- Tools and output ---


def _tools(request: ParsedRequest, notes: list[str]) -> list[dict[str, Any]]:
    choice = request.choice
    if choice == "none":
        return []
    if choice not in (None, "auto"):
        raise UnsupportedFeatureError(
            'Ollama ignores tool_choice and cannot force a tool call; omit it, or set it to "auto"'
        )
    return [_tool(tool, notes) for tool in request.tools]


# The server reads the parameters into a fixed structure, without `$ref`, `anyOf` or a description
# of the whole. https://github.com/ollama/ollama/blob/main/api/types.go (ToolFunctionParameters)
_PARAMETERS = ParameterRules(
    usual=SchemaRules(plain_root=True, needs_items=True, inlines_refs=True)
)


def _tool(tool: Tool | ProviderTool, notes: list[str]) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return dict(tool.definition)
    found = offered(tool, _PARAMETERS)
    notes += found.notes
    function = {
        "name": tool.name,
        "description": found.description,
        "parameters": found.parameters,
    }
    return {"type": "function", "function": _present(function)}


def _format(
    output: OutputFormat | None, turns: Sequence[Message], *, has_tools: bool
) -> tuple[str | dict[str, Any] | None, str | None]:
    """Return the format that the API enforces, and the instruction for the model."""
    # https://docs.ollama.com/capabilities/structured-outputs
    if output is None:
        return None, None
    if has_tools:
        # With an enforced format, the model could not call a tool.
        # https://github.com/ollama/ollama/issues/8095
        return None, f"When you don't call a tool: {json_instruction(output.schema)}"
    if output.schema is not None:
        return dict(resolved(output.schema)), None
    # With enforced JSON that it does not know of, a model may send whitespace forever.
    return "json", None if mentions_json(turns) else json_instruction(None)
