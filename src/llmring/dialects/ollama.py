"""Ollama's own chat API, of a server on one's machine or of ollama.com.

https://docs.ollama.com/api/chat
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.parts import DocumentPart, ImagePart, ReasoningPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.dialects.dialect import Dialect, Outgoing, Quirks, json_object, merged
from llmring.dialects.ollama_reply import LineDecoder, decode, explain
from llmring.exceptions import UnsupportedFeatureError

# https://docs.ollama.com/modelfile#valid-parameters-and-values; a server reads them in `options`
# and passes over them anywhere else without a word.
_OPTIONS = frozenset(
    """
    draft_num_predict frequency_penalty low_vram main_gpu min_p mirostat mirostat_eta
    mirostat_tau num_batch num_ctx num_gpu num_keep num_predict num_thread numa
    penalize_newline presence_penalty repeat_last_n repeat_penalty seed stop temperature
    tfs_z top_k top_p typical_p use_mlock use_mmap vocab_only
    """.split()  # noqa: SIM905 -- thirty lines otherwise
)


def encode(request: LLMRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:  # noqa: ARG001 -- one form for all dialects
    """The request as Ollama's chat API takes it.

    Args:
        request: What to ask; it is not changed.
        model: The model's name, with its tag.
        stream: Whether the reply is to come in lines.
        quirks: Not used; Ollama's API is spoken by Ollama alone.

    Raises:
        UnsupportedFeatureError: The request holds something that this API has no form for.
    """
    options = {
        "num_predict": _max_tokens(request),
        "stop": request.stops() or None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
    }
    fields = {
        "model": model,
        "messages": _messages(request.turns()),
        "tools": _tools(request) or None,
        "format": _format(request),
        "think": None if request.reasoning_tokens is None else request.reasoning_tokens > 0,
        "options": _present(options) or None,
        "stream": stream,
    }
    return Outgoing("/api/chat", merged(_present(fields), _extra(request)))


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _extra(request: LLMRequest) -> dict[str, Any]:
    extra = request.extra_params
    options = {name: value for name, value in extra.items() if name in _OPTIONS}
    others = {name: value for name, value in extra.items() if name not in _OPTIONS}
    return merged({"options": options}, others) if options else others


def _max_tokens(request: LLMRequest) -> int | None:
    # Thinking is taken out of the same limit, so what it may spend comes on top.
    if request.max_tokens is None:
        return None
    return request.max_tokens + (request.reasoning_tokens or 0)


def _messages(turns: Sequence[Message]) -> list[dict[str, Any]]:
    messages = []
    name_of_call: dict[str, str] = {}
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": turn.text}
        thinking = "".join(part.text for part in turn.parts if isinstance(part, ReasoningPart))
        if thinking:
            message["thinking"] = thinking
        if images := _images(turn):
            message["images"] = images
        if turn.tool_calls:
            message["tool_calls"] = [_tool_call(call) for call in turn.tool_calls]
            name_of_call |= {call["id"]: call["function"]["name"] for call in turn.tool_calls}
        if turn.role == "tool":
            # Results are matched by name; the ID is for servers that look at it.
            message["tool_name"] = turn.name or name_of_call.get(turn.tool_call_id or "")
            message["tool_call_id"] = turn.tool_call_id
        messages.append(_present(message))
    return messages


def _images(message: Message) -> list[str]:
    images = []
    for part in message.parts:
        if isinstance(part, DocumentPart):
            raise UnsupportedFeatureError(
                "Ollama takes no documents; give their text, or their pages as images"
            )
        if isinstance(part, ImagePart):
            if part.data is None:
                raise UnsupportedFeatureError(
                    "Ollama takes an image by its bytes, not by its URL; "
                    "load it and give it as a data: URL in base64"
                )
            images.append(part.data)
    return images


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = call["function"]
    arguments = json_object(function["arguments"])
    id_ = {"id": call["id"]} if call["id"] else {}
    return {**id_, "function": {"name": function["name"], "arguments": arguments}}


def _tools(request: LLMRequest) -> list[dict[str, Any]]:
    choice = request.choice()
    if choice == "none":
        return []
    if choice not in (None, "auto"):
        raise UnsupportedFeatureError(
            "Ollama can't be made to call a tool: it has no tool_choice; leave it out or set "
            'it to "auto"'
        )
    return [_tool(tool) for tool in request.toolset()]


def _tool(tool: Tool | ProviderTool) -> dict[str, Any]:
    if isinstance(tool, ProviderTool):
        return dict(tool.definition)
    parameters = tool.parameters or {"type": "object", "properties": {}}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": _present(function)}


def _format(request: LLMRequest) -> str | dict[str, Any] | None:
    # https://docs.ollama.com/capabilities/structured-outputs
    output = request.output()
    if output is None:
        return None
    return "json" if output.schema is None else dict(output.schema)


def _authorize(key: str) -> Mapping[str, str]:
    # https://docs.ollama.com/api/authentication: for ollama.com; a server of one's own has none.
    return {"authorization": f"Bearer {key}"}


DIALECT = Dialect(
    name="ollama",
    encode=encode,
    decode=decode,
    decoder=LineDecoder,
    explain=explain,
    authorize=_authorize,
)
