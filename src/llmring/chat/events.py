"""The events of a reply; the same for whole and for streamed replies."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Literal, cast

from msgspec import Struct

from llmring.chat.citation import Citations
from llmring.exceptions import ProviderError
from llmring.plain_data import PlainData, struct_data


class Usage(PlainData, Struct, frozen=True, kw_only=True):
    """Token counts of one call; also readable like a mapping (`usage["prompt_tokens"]`).

    Attributes:
        prompt_tokens: All input tokens, including those read from or written to a cache.
        completion_tokens: All output tokens, including reasoning.
        cached_tokens: The part of `prompt_tokens` that was read from a cache.
        cache_write_tokens: The part of `prompt_tokens` that was written to a cache.
        cache_write_1h_tokens: The part of `cache_write_tokens` that is cached for an hour.
        reasoning_tokens: The part of `completion_tokens` spent on reasoning.
        audio_prompt_tokens: The part of `prompt_tokens` that is audio.
        cached_audio_tokens: The part of `audio_prompt_tokens` that was read from a cache.
        audio_completion_tokens: The part of `completion_tokens` that is audio.
        image_completion_tokens: The part of `completion_tokens` that is images.
        provider_tool_calls: Number of uses of the provider's own tools, such as web searches.
        service_tier: The provider's name of the service class ("flex", "priority"); None for the
            default one.
    """

    __module__ = "llmring"

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
        """Input and output tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def __getitem__(self, key: str) -> int:
        name = _SYNONYMS.get(key, key)
        if name not in _USAGE_KEYS:
            raise KeyError(key)
        count: int = getattr(self, name)
        return count

    def get(self, key: str, default: Any = None) -> Any:
        """Return the count with this name, or the default for an unknown name."""
        name = _SYNONYMS.get(key, key)
        return getattr(self, name) if name in _USAGE_KEYS else default

    def keys(self) -> KeysView[str]:
        """Return the names of all counts; `dict(usage)` and `**usage` ask for them."""
        return KeysView(self._counts)

    def values(self) -> ValuesView[int]:
        """Return all counts, in the order of their names."""
        return ValuesView(self._counts)

    def items(self) -> ItemsView[str, int]:
        """Return all counts with their names."""
        return ItemsView(self._counts)

    @property
    def _counts(self) -> Mapping[str, int]:
        # What `Mapping.register` makes true is not known to type checkers.
        counts: Any = self
        return cast("Mapping[str, int]", counts)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and `total_tokens` as plain data, which `json.dumps` takes as it is."""
        return {**struct_data(self), "total_tokens": self.total_tokens}

    def __iter__(self) -> Iterator[str]:
        return iter(_USAGE_KEYS)

    def __len__(self) -> int:
        return len(_USAGE_KEYS)

    def __contains__(self, key: object) -> bool:
        return key in _USAGE_KEYS or key in _SYNONYMS


Mapping.register(Usage)

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

# Anthropic's names; they can be read, but are not listed.
_SYNONYMS = {
    "cache_read_input_tokens": "cached_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
    "cache_creation_1h_tokens": "cache_write_1h_tokens",
}


class Started(Struct, frozen=True):
    """The provider has started to answer; content follows."""

    model: str | None = None
    id: str | None = None


class TextDelta(Struct, frozen=True):
    """A piece of the answer's text."""

    text: str


class CommentaryDelta(Struct, frozen=True):
    """A piece of the model's remarks on its work, which are not part of the answer."""

    text: str


class ShownAsAnswer(Struct, frozen=True):
    """A part of the answer's text turns out to be commentary.

    Attributes:
        start: The place of its first character in the answer so far.
        length: The number of its characters.
    """

    start: int
    length: int


class Cited(Struct, frozen=True):
    """Sources of the answer; their places count from the beginning of its text."""

    citations: Citations


class RefusalDelta(Struct, frozen=True):
    """A piece of the text in which the model declines to answer."""

    text: str


class ReasoningDelta(Struct, frozen=True):
    """A piece of the model's reasoning.

    A signature covers all reasoning text since the previous signature and ends that block. The
    ID is the vendor's ID of the block; the field is where it came in, if servers differ in that.
    """

    text: str = ""
    signature: str | None = None
    id: str | None = None
    field: str | None = None


class ProviderItem(Struct, frozen=True):
    """An item that is not text and that the API expects back unchanged: see `ProviderPart`."""

    content: Mapping[str, Any]


class ToolCallDelta(Struct, frozen=True):
    """A piece of a tool call: the first for an index has the name; the arguments add up to JSON.

    The vendor expects the signature and the extra content back together with the call. The
    arguments of a custom tool are free text.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    signature: str | None = None
    kind: Literal["function", "custom"] = "function"
    extra: Mapping[str, Any] | None = None


class UsageReport(Struct, frozen=True):
    """Token counts so far; a later report replaces an earlier one.

    Attributes:
        usage: The counts.
        costs: The cost fields of the vendor's usage, as sent; see `reported_cost`.
    """

    usage: Usage
    costs: Mapping[str, Any] | None = None


class Finished(Struct, frozen=True):
    """The answer is complete.

    Attributes:
        reason: "stop", "length", "tool_calls", "content_filter" or "error", or the provider's own
            word if none of these fits.
        native: The provider's own word.
        detail: The provider's explanation of a failure, if it gives one.
    """

    reason: str
    native: str
    detail: str | None = None


class EndMarked(Struct, frozen=True):
    """The provider has marked the end of its stream, such as with "[DONE]", and nothing else."""

    mark: str


class Failed(Struct, frozen=True):
    """The provider reports an error inside its answer, or sends something unreadable."""

    error: ProviderError


Event = (
    Started
    | TextDelta
    | CommentaryDelta
    | ShownAsAnswer
    | Cited
    | RefusalDelta
    | ReasoningDelta
    | ProviderItem
    | ToolCallDelta
    | UsageReport
    | Finished
    | EndMarked
    | Failed
)
