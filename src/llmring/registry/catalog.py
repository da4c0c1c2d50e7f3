"""What is known of each model, and the look-up by any name that a vendor uses for it."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

Capability = Literal[
    "audio",
    "caching",
    "documents",
    "json_schema",
    "prefill",
    "reasoning",
    "reasoning_budget",
    "temperature",
    "tools",
    "vision",
]
Kind = Literal["chat", "embedding"]

# What vendors append to a model's name for one snapshot or build of it: gpt-4o-2024-08-06,
# claude-opus-4-20250514, claude-opus-4@20250514, gemini-2.0-flash-001, gemini-1.5-pro-latest,
# llama3.1:8b-instruct-q4_K_M.
_PINNED = (
    r"(?:-latest|:latest|@latest|@default|[-@]20\d{6}|-20\d\d-\d\d-\d\d|-00\d"
    r"|(?:-instruct|-it|-text)?-(?:q\d\w*|fp16|bf16))$"
)


class Rates(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """USD per million tokens.

    A rate that is None is one that the vendor has no price of its own for: such tokens are
    charged as any input, or any output.

    Attributes:
        input: Of the prompt.
        output: Of the answer, reasoning included.
        cached_input: Of the prompt's part that was read from a cache.
        cache_write: Of the prompt's part that was written to a cache, at the vendor's shortest
            lifetime.
        cache_write_1h: Of the part that was written to a cache for an hour; None: as any
            `cache_write`.
        input_audio: Of the prompt's spoken part.
        cached_audio: Of the spoken part that was read from a cache; None: as any `cached_input`.
        output_audio: Of the answer's spoken part.
        image: USD for each image that is made; not per million.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    cached_audio: Decimal | None = None
    output_audio: Decimal | None = None
    image: Decimal | None = None


class LongContext(Rates, frozen=True, kw_only=True):
    """The rates of a whole request whose prompt has more than `above` tokens."""

    above: int


class Prices(Rates, frozen=True, kw_only=True):
    """What a model's tokens cost; some vendors charge more once the prompt is long."""

    long_context: LongContext | None = None

    def rates(self, prompt_tokens: int) -> Rates:
        """The rates that hold for a whole request with a prompt of this many tokens."""
        long = self.long_context
        return long if long is not None and prompt_tokens > long.above else self


class PriceChange(Struct, frozen=True):
    """Prices that the vendor has announced, and their first day."""

    starts: date
    prices: Prices


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where figures come from.

    Attributes:
        url: The page or the package.
        date: The day that the figures are of: the source's own date, else the day it was read.
        version: The package's version.
        note: What a reader should know about these figures.
    """

    url: str
    date: date
    version: str | None = None
    note: str | None = None


class Origins(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For each figure of a model, the sources it is from: keys of `Catalog.sources`."""

    context_window: tuple[str, ...] = ()
    max_input: tuple[str, ...] = ()
    max_output: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()
    retires: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    successor: tuple[str, ...] = ()


class ModelFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a model.

    Attributes:
        provider: The first half of its reference.
        name: Its name at the provider.
        aliases: Other names for it: dated snapshots, moving names such as "-latest".
        context_window: Tokens that prompt and answer may have together, as the vendor states it.
        max_input: Tokens that the prompt may have, where that is less than the window.
        max_output: Tokens that the answer may have, reasoning included.
        capabilities: What it takes ("vision", "documents", "audio", "tools", "json_schema",
            "temperature": sampling parameters, "caching": prompts that the provider keeps for a
            while, "reasoning_budget": a number of tokens to reason with, "prefill": the beginning
            of its own answer) and does ("reasoning").
        efforts: The efforts of reasoning that it takes, least first; empty where it takes none.
        prices: What its tokens cost; None where no price is known.
        announced: Prices to come, earliest first.
        released: Its first day.
        deprecated: The day on which the provider advised against it, where it has.
        retires: The day from which the provider no longer serves it, where one is announced;
            in the past for a retired model.
        api: The one of the provider's APIs that serves it, where that is not the usual one.
        kind: What it is for: chats, or embeddings.
        family: The line of models that it belongs to, whose newest one replaces the others:
            "gpt-mini", "claude-sonnet".
        successor: The name of the model that the provider advises in its place.
        origins: Where these figures come from.
    """

    provider: str
    name: str
    aliases: tuple[str, ...] = ()
    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    efforts: tuple[str, ...] = ()
    prices: Prices | None = None
    announced: tuple[PriceChange, ...] = ()
    released: date | None = None
    deprecated: date | None = None
    retires: date | None = None
    api: str | None = None
    kind: Kind = "chat"
    family: str | None = None
    successor: str | None = None
    origins: Origins = Origins()

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    def prices_on(self, day: date | None) -> Prices | None:
        """The prices that hold on this day; without one, those of the catalog's own day."""
        prices = self.prices
        for change in self.announced:
            if day is not None and change.starts <= day:
                prices = change.prices
        return prices


class Catalog:
    """The known models, by every name they go by.

    Attributes:
        date: The day it was put together.
        sources: Where its figures come from, by the names used in `Origins`.
        models: All models, in the order of the file.
    """

    __slots__ = ("_by_name", "date", "models", "sources")

    def __init__(
        self, date: date, sources: Mapping[str, Source], models: Iterable[ModelFacts]
    ) -> None:
        self.date = date
        self.sources = sources
        self.models = tuple(models)
        self._by_name: dict[tuple[str, str], ModelFacts] = {}
        for facts in self.models:
            for name in (facts.name, *facts.aliases):
                self._by_name[facts.provider, name] = facts

    def find(self, provider: str, model: str) -> ModelFacts | None:
        """What is known of a model, by its name, an alias, or the name of one of its snapshots.

        Args:
            provider: The first half of a model reference.
            model: The second half; "models/" before it, as in Google's own lists, is allowed.

        Returns:
            None where the catalog does not know the model.
        """
        facts = self._by_name.get((provider, model))
        if facts is not None:
            return facts
        name = model.removeprefix("models/")
        return self._by_name.get((provider, name)) or self._by_name.get((provider, unpinned(name)))


class _File(Struct, frozen=True):
    date: date
    sources: dict[str, Source]
    models: tuple[ModelFacts, ...]


def unpinned(name: str) -> str:
    """A model's name without what pins it to one snapshot or build."""
    return re.sub(_PINNED, "", name, flags=re.IGNORECASE)


def decode(data: bytes) -> Catalog:
    """The catalog that a JSON document holds.

    Raises:
        msgspec.DecodeError: It is not a catalog.
    """
    file = msgspec.json.decode(data, type=_File)
    return Catalog(file.date, file.sources, file.models)


def encode(catalog: Catalog) -> bytes:
    """The JSON document of a catalog, one model a line, always the same for the same facts."""
    encoder = msgspec.json.Encoder(order="deterministic")
    sources = b",\n".join(
        b"%s:%s" % (encoder.encode(name), encoder.encode(source))
        for name, source in catalog.sources.items()
    )
    models = b",\n".join(encoder.encode(facts) for facts in catalog.models)
    day = encoder.encode(catalog.date)
    return b'{"date":%s,\n"sources":{\n%s\n},\n"models":[\n%s\n]}\n' % (day, sources, models)
