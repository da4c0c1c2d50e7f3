"""The tokens of a request before it is sent: as they were counted, or as an estimate."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import ImagePart, TextPart
from llmring.chat.tools import ProviderTool

ESTIMATE = "estimate from the length of the text"

# What vocabularies of today make of a character: of English and code, of other alphabets, and
# of scripts that write a word in one or two characters.
_TOKENS_PER_CHARACTER = ((0x80, 0.25), (0x2E80, 0.5), (0x110000, 0.9))

# The words around a message that say whose it is.
_PER_MESSAGE = 4

# What a model is told about tools as such, beside what they are; vendors tell from 0 to 350.
_PER_TOOLSET = 60

# About what a picture of a megapixel takes; vendors differ by more than sizes do.
_PER_IMAGE = 1000


class TokenCount(Struct, frozen=True, kw_only=True):
    """How many tokens a request has.

    Attributes:
        tokens: The number.
        exact: Whether the provider has counted them for this model; else it is an estimate.
        method: How they were counted: "anthropic count_tokens", "estimate …".
        model: The reference that they were counted for, "provider:model".
        reason: Why it is an estimate.
    """

    tokens: int
    exact: bool
    method: str
    model: str
    reason: str | None = None


def estimated(request: ParsedRequest, model: str, reason: str) -> TokenCount:
    """The tokens of a request, by its length alone.

    An image counts as a thousand tokens; documents, recordings and files are not counted, and
    `method` says so.

    Args:
        request: The request.
        model: What it is counted for.
        reason: Why it is not counted exactly.
    """
    texts = [msgspec.json.encode(_wire(tool)).decode() for tool in request.tools]
    tokens = float(_PER_TOOLSET if texts else 0)
    others = len(request.files)
    for message in request.turns:
        tokens += _PER_MESSAGE
        for call in message.tool_calls or ():
            texts += [call["function"]["name"], call["function"]["arguments"]]
        for part in message.parts:
            match part:
                case TextPart(text=text):
                    texts.append(text)
                case ImagePart():
                    tokens += _PER_IMAGE
                case _:
                    others += 1
    output = request.output
    if output is not None and output.schema is not None:
        texts.append(msgspec.json.encode(output.schema).decode())
    tokens += sum(map(_tokens, texts))
    left_out = f", {others} other parts not counted" if others else ""
    return TokenCount(
        tokens=max(1, round(tokens)),
        exact=False,
        method=ESTIMATE + left_out,
        model=model,
        reason=reason,
    )


def _wire(tool: object) -> object:
    if isinstance(tool, ProviderTool):
        return tool.definition
    return [getattr(tool, name, None) for name in ("name", "description", "parameters")]


def _tokens(text: str) -> float:
    if text.isascii():
        return len(text) * _TOKENS_PER_CHARACTER[0][1]
    return sum(
        next(share for end, share in _TOKENS_PER_CHARACTER if ord(character) < end)
        for character in text
    )
