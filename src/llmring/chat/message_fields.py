"""The fields of a message's dictionary that become parts of its content.

Servers with OpenAI's API add fields of their own to an answer, and expect them back in the history:
https://api-docs.deepseek.com/guides/thinking_mode
https://openrouter.ai/docs/use-cases/reasoning-tokens
https://docs.litellm.ai/docs/reasoning_content
https://ai.google.dev/gemini-api/docs/thought-signatures#openai
https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart, parse_part

_CHAT = "openai_chat"
_RESPONSES = "openai_responses"

# The names under which servers send reasoning as text.
REASONING = ("reasoning_content", "reasoning")
# The name under which they send it in pieces, some of which are not readable.
_DETAILS = "reasoning_details"
# The fields of an answer in Chat Completions that have no form in other APIs.
_OF_CHAT = ("refusal", "annotations", "audio", "extra_content")

Content = str | Sequence[Part | str | Mapping[str, Any]] | None


def with_fields(content: Content, value: Mapping[str, Any]) -> Content:
    """Return the content of a message with the parts that stand in further fields of it.

    Args:
        content: The content as given.
        value: The dictionary of the message.

    Raises:
        ValidationError: One of `thinking_blocks` is incomplete.
    """
    match value.get("role"):
        case "assistant":
            before, after = [*_reasoning(value), *_details(value)], _said(content, value)
        case "tool":
            before, after = [], _caller(value)
        case _:
            return content
    if not before and not after:
        return content
    if isinstance(content, str):
        content = [TextPart(content)] if content else []
    return [*before, *(content or ()), *after]


def _reasoning(value: Mapping[str, Any]) -> list[Part]:
    blocks = [parse_part(block) for block in _mappings(value.get("thinking_blocks"))]
    if any(isinstance(block, ReasoningPart) and block.text for block in blocks):
        return blocks
    given = {name: value[name] for name in REASONING if isinstance(value.get(name), str)}
    # Some servers send the same text under both names.
    same = len(set(given.values())) == 1
    names = list(given)[:1] if same else list(given)
    if not any(given.values()) and (text := detailed_text(_mappings(value.get(_DETAILS)))):
        # As it is read from an answer that has it only there.
        return [*blocks, ReasoningPart(text, dialect=_CHAT)]
    return [*blocks, *(ReasoningPart(given[name], dialect=_CHAT, field=name) for name in names)]


def detailed_text(details: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of reasoning that is given in details.

    Args:
        details: The items of `reasoning_details`.
    """
    texts = (each.get("text") or each.get("summary") for each in details)
    return "".join(text for text in texts if isinstance(text, str))


def _details(value: Mapping[str, Any]) -> list[Part]:
    return [ProviderPart(_CHAT, each) for each in _mappings(value.get(_DETAILS))]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _said(content: Content, value: Mapping[str, Any]) -> list[Part]:
    """Return the text that is not in the content, and the marks of the fields."""
    parts: list[Part] = []
    fields = {name: value[name] for name in _OF_CHAT if value.get(name)}
    if not content and (text := _spoken(fields)):
        # Other APIs take it as text.
        parts.append(TextPart(text))
        fields["text"] = text
    if fields:
        parts.append(ProviderPart(_CHAT, {"type": "message", **fields}))
    if phase := value.get("phase"):
        # https://platform.openai.com/docs/guides/latest-model#phase-parameter
        mark = {"type": "message", "role": "assistant", "phase": phase}
        parts.append(ProviderPart(_RESPONSES, mark))
    return parts


def _spoken(fields: Mapping[str, Any]) -> str | None:
    audio = fields.get("audio")
    spoken = audio.get("transcript") if isinstance(audio, Mapping) else None
    return fields.get("refusal") or spoken


def _caller(value: Mapping[str, Any]) -> list[Part]:
    caller = value.get("caller")
    # The API's own result of a call, without its output, which is the content.
    return [ProviderPart(_RESPONSES, {"type": "caller", "caller": caller})] if caller else []
