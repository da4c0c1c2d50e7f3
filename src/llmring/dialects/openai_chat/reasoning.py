"""Reasoning in Chat Completions: the requested amount, and earlier reasoning sent back.

OpenAI itself takes an effort and expects nothing back; compatible servers have added forms of
their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from llmring.chat.parts import Part, ProviderPart, ReasoningPart
from llmring.chat.reasoning import Reasoning
from llmring.chat.request import Message
from llmring.dialects.dialect import AS_GIVEN, Quirks
from llmring.dialects.think_tags import CLOSING, OPENING

_NAME = "openai_chat"

# The prefix of the types in OpenRouter's `reasoning_details`.
DETAIL = "reasoning."


def _effort(reasoning: Reasoning) -> dict[str, Any]:
    # https://platform.openai.com/docs/guides/reasoning
    return {"reasoning_effort": reasoning.as_effort}


def _object(reasoning: Reasoning) -> dict[str, Any]:
    # https://openrouter.ai/docs/use-cases/reasoning-tokens
    if reasoning.is_off or reasoning.tokens is None:
        return {"reasoning": {"effort": reasoning.as_effort}}
    return {"reasoning": {"max_tokens": reasoning.tokens}}


def _switch(reasoning: Reasoning) -> dict[str, Any]:
    # https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model
    return {"thinking": {"type": "disabled" if reasoning.is_off else "enabled"}}


def _switch_and_effort(reasoning: Reasoning) -> dict[str, Any]:
    # https://api-docs.deepseek.com/guides/thinking_mode
    # https://docs.z.ai/guides/capabilities/thinking
    return _switch(reasoning) if reasoning.is_off else {**_switch(reasoning), **_effort(reasoning)}


def _template(reasoning: Reasoning) -> dict[str, Any]:
    # The model's own chat template reads these; each template knows one of them.
    # https://docs.vllm.ai/en/latest/features/reasoning_outputs.html
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    effort = {} if reasoning.is_off else _effort(reasoning)
    return {"chat_template_kwargs": {"enable_thinking": not reasoning.is_off, **effort}}


def _budget(reasoning: Reasoning) -> dict[str, Any]:
    # https://www.alibabacloud.com/help/en/model-studio/deep-thinking
    if reasoning.is_off:
        return {"enable_thinking": False}
    return {"enable_thinking": True, "thinking_budget": reasoning.as_tokens}


# By the name that is used in a server's quirks.
FORMS: Mapping[str, Callable[[Reasoning], dict[str, Any]]] = MappingProxyType(
    {
        "effort": _effort,
        "object": _object,
        "switch": _switch,
        "switch_and_effort": _switch_and_effort,
        "template": _template,
        "budget": _budget,
    }
)


def reasoning_fields(reasoning: Reasoning | None, form: str | None) -> dict[str, Any]:
    """Build the fields that set the amount of reasoning; empty if the server takes none."""
    return {} if reasoning is None or form is None else FORMS[form](reasoning)


def is_content(item: Mapping[str, Any]) -> bool:
    """Return True if an item of a reply is more than a detail of the reasoning."""
    return not str(item.get("type")).startswith(DETAIL)


def reasoning_field(turns: Sequence[Message], quirks: Quirks) -> str | None:
    """Return the name under which a server expects reasoning back.

    For a server that is not known, it is the name that its own answers in this history have; None
    if they have none.

    Args:
        turns: The conversation.
        quirks: Differences of this server from OpenAI's.
    """
    if quirks.reasoning_field != AS_GIVEN:
        return quirks.reasoning_field
    for turn in turns:
        if turn.origin == quirks.server and not isinstance(turn.content, str):
            for part in turn.parts:
                if isinstance(part, ReasoningPart) and part.field:
                    return part.field
    return None


def reasoning_returned(turn: Message, quirks: Quirks, field: str | None) -> dict[str, Any]:
    """Build the fields of an assistant message that hold its reasoning.

    Args:
        turn: The message.
        quirks: Differences of this server from OpenAI's.
        field: The name that `reasoning_field` found.
    """
    if quirks.reasoning_field == AS_GIVEN:
        own = _as_given(turn.parts) if turn.origin in (None, quirks.server) else {}
        # A server that wants its reasoning back misses it in the answers of others.
        return own if own or not field else {field: _text(turn.parts, field)}
    if field == "reasoning_details":
        details = _details(turn.parts)
        return {field: details} if details else {}
    text = _text(turn.parts, field)
    return {field: text} if field and (text or quirks.reasoning_on == "all") else {}


def _as_given(parts: Sequence[Part]) -> dict[str, Any]:
    own = [part for part in parts if isinstance(part, ReasoningPart) and part.dialect == _NAME]
    names = dict.fromkeys(part.field for part in own if part.field)
    fields: dict[str, Any] = {
        name: "".join(part.text for part in own if part.field == name) for name in names
    }
    if details := _details(parts):
        fields["reasoning_details"] = details
    return fields


def _details(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        dict(part.content)
        for part in parts
        if isinstance(part, ProviderPart) and part.dialect == _NAME and not is_content(part.content)
    ]


def _text(parts: Sequence[Part], field: str | None) -> str:
    """Return the reasoning as text; if it is there under several names, what has this one."""
    thoughts = [part for part in parts if isinstance(part, ReasoningPart)]
    names = {part.field for part in thoughts}
    chosen = field if field in names else next((part.field for part in thoughts), None)
    return "".join(part.text for part in thoughts if part.field == chosen)


def thought_returned(
    parts: Sequence[Part], content: str | list[dict[str, Any]]
) -> str | list[dict[str, Any]]:
    """Put the reasoning of an assistant message back into its content, between tags.

    https://platform.minimax.io/docs/api-reference/text-openai-api
    """
    text = "".join(part.text for part in parts if isinstance(part, ReasoningPart))
    if not text:
        return content
    thought = f"{OPENING}\n{text}\n{CLOSING}\n\n"
    if isinstance(content, str):
        return thought + content
    return [{"type": "text", "text": thought}, *content]
