"""Token counts of requests before they are sent, exact or estimated."""

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import ImagePart, TextPart
from llmring.chat.tools import ProviderTool
from llmring.plain_data import PlainData

ESTIMATE = "estimate from the length of the text"

# Tokens per character in current vocabularies: English and code, other alphabets, and scripts
# that write a word in one or two characters.
_TOKENS_PER_CHARACTER = ((0x80, 0.25), (0x2E80, 0.5), (0x110000, 0.9))

# The tokens that mark the role of a message.
_PER_MESSAGE = 4

# Overhead for having tools at all, in addition to their definitions; vendors add 0 to 350.
_PER_TOOLSET = 60

# Roughly the tokens of a one-megapixel image; vendors differ more than image sizes do.
_PER_IMAGE = 1000


class TokenCount(PlainData, Struct, frozen=True, kw_only=True):
    """The number of input tokens of a request.

    Attributes:
        tokens: The number of tokens.
        exact: True if the provider counted them for this model; False for an estimate.
        method: How they were counted: "anthropic count_tokens", "estimate …".
        model: The model that they were counted for, "provider:model".
        reason: Why this is an estimate.
    """

    __module__ = "llmring"

    tokens: int
    exact: bool
    method: str
    model: str
    reason: str | None = None


def estimated(request: ParsedRequest, model: str, reason: str) -> TokenCount:
    """Estimate the tokens of a request from its length.

    An image counts as a thousand tokens; documents, audio and files are not counted, and
    `method` reports how many there are.

    Args:
        request: The request.
        model: The model to count for, "provider:model".
        reason: Why the count is not exact.
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
