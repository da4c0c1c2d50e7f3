"""What is known of each model, and the look-up by any name that a vendor uses for it."""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.registry.names import BEGINS, ENDS, Names

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
Refusal = Literal["forced_tools", "no_reasoning"]

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
    refuses: tuple[str, ...] = ()
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
        refuses: Requests that it answers with an error: to call a tool in any case
            ("forced_tools"), not to reason ("no_reasoning").
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
    refuses: frozenset[Refusal] = frozenset()
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

    Args:
        date: The day it was put together.
        sources: Where its figures come from, by the names used in `Origins`.
        models: All models.

    Attributes:
        date: The day it was put together.
        sources: Where its figures come from, by the names used in `Origins`.
    """

    __slots__ = ("_find", "_models", "_rows", "date", "sources")

    def __init__(
        self, date: date, sources: Mapping[str, Source], models: Iterable[ModelFacts]
    ) -> None:
        self.date = date
        self.sources = sources
        self._rows = models if isinstance(models, _Written) else _Listed(models)
        self._models: tuple[ModelFacts, ...] | None = None
        self._find = functools.lru_cache(maxsize=1024)(self._look_up)

    @property
    def models(self) -> tuple[ModelFacts, ...]:
        """All models, in the order of the file."""
        if self._models is None:
            self._models = tuple(self._rows)
        return self._models

    def find(self, provider: str, model: str) -> ModelFacts | None:
        """What is known of a model, by its name, an alias, or the name of one of its snapshots.

        Args:
            provider: The first half of a model reference.
            model: The second half; "models/" before it, as in Google's own lists, is allowed, and
                so are other capitals, unless there is a model that is spelled like that.

        Returns:
            None where the catalog does not know the model.
        """
        return self._find(provider, model)

    def _look_up(self, provider: str, model: str) -> ModelFacts | None:
        bare = model.removeprefix("models/")
        for name in dict.fromkeys((model, bare, unpinned(bare))):
            facts = self._rows.named(provider, name)
            if facts is not None:
                return facts
        return None


class _Listed:
    """Models that are at hand."""

    def __init__(self, models: Iterable[ModelFacts]) -> None:
        self._models = tuple(models)
        names = [(m.provider, name, m) for m in self._models for name in (m.name, *m.aliases)]
        self._lower = {(provider, name.lower()): m for provider, name, m in names}
        self._exact = {(provider, name): m for provider, name, m in names}

    def named(self, provider: str, name: str) -> ModelFacts | None:
        return self._exact.get((provider, name)) or self._lower.get((provider, name.lower()))

    def __iter__(self) -> Iterator[ModelFacts]:
        return iter(self._models)


class _Written:
    """Models in a document, each decoded when it is first asked for."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._decoded: dict[int, ModelFacts] = {}

    def named(self, provider: str, name: str) -> ModelFacts | None:
        found = self._names.find(provider, name)
        return None if found is None else self._facts(*found)

    def __iter__(self) -> Iterator[ModelFacts]:
        return itertools.starmap(self._facts, self._names.facts())

    def _facts(self, at: int, said: bytes) -> ModelFacts:
        known = self._decoded.get(at)
        return known or self._decoded.setdefault(at, _FACTS.decode(said))


class _File(Struct, frozen=True):
    date: date
    sources: dict[str, Source]
    models: dict[str, ModelFacts | str]


_FACTS = msgspec.json.Decoder(ModelFacts)


def unpinned(name: str) -> str:
    """A model's name without what pins it to one snapshot or build."""
    return re.sub(_PINNED, "", name, flags=re.IGNORECASE)


def opened(document: bytes) -> Catalog:
    """The catalog in a document that `encode` wrote; a model is decoded when it is asked for.

    Args:
        document: The document. Nothing of it is checked: others are for `decode`.
    """
    names = Names(document)
    head = msgspec.json.decode(names.head, type=_File)
    return Catalog(head.date, head.sources, _Written(names))


def decode(document: bytes) -> Catalog:
    """The catalog in a document from anywhere, all of it checked.

    Raises:
        msgspec.DecodeError: It is not a catalog, or a name in it does not stand for one model.
    """
    file = msgspec.json.decode(document, type=_File)
    models = [facts for facts in file.models.values() if isinstance(facts, ModelFacts)]
    names = _names(models)
    if file.models != names or len(names) != sum(1 + len(facts.aliases) for facts in models):
        raise msgspec.ValidationError("not every name in it stands for one model")
    return Catalog(file.date, file.sources, models)


def encode(catalog: Catalog) -> bytes:
    """The document of a catalog: JSON, one name a line, always the same for the same facts."""
    encoder = msgspec.json.Encoder(order="deterministic")

    def lines(entries: Mapping[str, Any]) -> bytes:
        return b",\n".join(b"%b:%b" % (*map(encoder.encode, entry),) for entry in entries.items())

    day, sources = encoder.encode(catalog.date), lines(catalog.sources)
    models = lines(_names(catalog.models))
    return b'{"date":%b,\n"sources":{\n%b\n},\n%b%b%b' % (day, sources, BEGINS, models, ENDS)


def _names(models: Iterable[ModelFacts]) -> dict[str, ModelFacts | str]:
    """What each name stands for: facts, or the name of a model."""
    names: dict[str, ModelFacts | str] = {}
    for facts in models:
        names[str(facts)] = facts
        names.update((f"{facts.provider}:{alias}", facts.name) for alias in facts.aliases)
    return names
