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
from llmring.dialects.think_tags import CLOSING, OPENING

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


def reasoning_returned(parts: Sequence[Part], field: str | None, dialect: str) -> dict[str, Any]:
    """Build the field of an assistant message that holds its reasoning, in the given form."""
    if field == "reasoning_details":
        details = [
            dict(part.content)
            for part in parts
            if isinstance(part, ProviderPart)
            and part.dialect == dialect
            and str(part.content.get("type")).startswith(DETAIL)
        ]
        return {field: details} if details else {}
    text = "".join(part.text for part in parts if isinstance(part, ReasoningPart))
    return {field: text} if field and text else {}


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
