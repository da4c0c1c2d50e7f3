"""What a reply is made of while it arrives; the same events for whole and streamed replies."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from llmring.exceptions import ProviderError


class Usage(Struct, frozen=True, kw_only=True):
    """What one call took; its counts read like a mapping too (`usage["prompt_tokens"]`).

    Attributes:
        prompt_tokens: All input tokens, cached and cache-writing ones included.
        completion_tokens: All output tokens, reasoning included.
        cached_tokens: Those of `prompt_tokens` that were read from a cache.
        cache_write_tokens: Those of `prompt_tokens` that were written to a cache.
        cache_write_1h_tokens: Those of `cache_write_tokens` that the cache keeps for an hour.
        reasoning_tokens: Those of `completion_tokens` spent on reasoning.
        audio_prompt_tokens: Those of `prompt_tokens` that are sound.
        cached_audio_tokens: Those of `audio_prompt_tokens` that were read from a cache.
        audio_completion_tokens: Those of `completion_tokens` that are sound.
        image_completion_tokens: Those of `completion_tokens` that are images.
        provider_tool_calls: How often the provider's own tools were used: web searches, say.
        service_tier: The class of service in the provider's word ("flex", "priority"); None for
            the usual one.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    audio_prompt_tokens: int = 0
    cached_audio_tokens: int = 0
    audio_completion_tokens: int = 0
    image_completion_tokens: int = 0
    provider_tool_calls: int = 0
    service_tier: str | None = None

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.prompt_tokens + self.completion_tokens

    def __getitem__(self, key: str) -> int:
        name = _SYNONYMS.get(key, key)
        if name not in _USAGE_KEYS:
            raise KeyError(key)
        count: int = getattr(self, name)
        return count

    def get(self, key: str, default: Any = None) -> Any:
        """The count of that name, or the default where there is no such count."""
        name = _SYNONYMS.get(key, key)
        return getattr(self, name) if name in _USAGE_KEYS else default

    def keys(self) -> tuple[str, ...]:
        """The names of all counts; with `[]` this makes `dict(usage)` work."""
        return _USAGE_KEYS

    def __iter__(self) -> Iterator[str]:
        return iter(_USAGE_KEYS)

    def __len__(self) -> int:
        return len(_USAGE_KEYS)

    def __contains__(self, key: object) -> bool:
        return key in _USAGE_KEYS or key in _SYNONYMS


_USAGE_KEYS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "audio_prompt_tokens",
    "cached_audio_tokens",
    "audio_completion_tokens",
    "image_completion_tokens",
    "provider_tool_calls",
)

# What Anthropic calls them; these are read, but not listed.
_SYNONYMS = {
    "cache_read_input_tokens": "cached_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
    "cache_creation_1h_tokens": "cache_write_1h_tokens",
}


class Started(Struct, frozen=True):
    """The provider has begun to answer; says nothing yet."""

    model: str | None = None
    id: str | None = None


class TextDelta(Struct, frozen=True):
    """A piece of the answer's text."""

    text: str


class RefusalDelta(Struct, frozen=True):
    """A piece of the text with which the model declines to answer."""

    text: str


class ReasoningDelta(Struct, frozen=True):
    """A piece of the model's reasoning.

    A signature belongs to all reasoning text since the last one, and ends it. The ID is the
    vendor's name of the whole.
    """

    text: str = ""
    signature: str | None = None
    id: str | None = None


class ProviderItem(Struct, frozen=True):
    """Something that the API wants back as it is, and that is no text: see `ProviderPart`."""

    content: Mapping[str, Any]


class ToolCallDelta(Struct, frozen=True):
    """A piece of a tool call: the first of an index names it, the arguments add up to JSON.

    A signature is what the vendor wants back with the call. The arguments of a custom tool are
    free text.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    signature: str | None = None
    kind: Literal["function", "custom"] = "function"


class UsageReport(Struct, frozen=True):
    """The tokens so far; a later report replaces an earlier one."""

    usage: Usage


class Finished(Struct, frozen=True):
    """The answer is complete.

    Attributes:
        reason: In our words: "stop", "length", "tool_calls", "content_filter", "error", or the
            provider's own word where it fits none of these.
        native: In the provider's words.
    """

    reason: str
    native: str


class Garbled(Struct, frozen=True):
    """A piece of the answer could not be read and was passed over; the rest may still be whole."""

    error: ProviderError


class Failed(Struct, frozen=True):
    """The provider reports an error inside its answer, or sends what can't be read."""

    error: ProviderError


Event = (
    Started
    | TextDelta
    | RefusalDelta
    | ReasoningDelta
    | ProviderItem
    | ToolCallDelta
    | UsageReport
    | Finished
    | Garbled
    | Failed
)
