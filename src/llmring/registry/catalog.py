"""The catalog: facts of models, looked up by any name that a vendor uses for a model."""

import datetime as dt
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.plain_data import PlainData
from llmring.registry.name_index import BEGINS, ENDS, NameIndex

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

# The suffixes that vendors use for a snapshot or build of a model: gpt-4o-2024-08-06,
# claude-opus-4-20250514, claude-opus-4@20250514, gemini-2.0-flash-001, gemini-1.5-pro-latest,
# llama3.1:8b-instruct-q4_K_M.
_PINNED = (
    r"(?:-latest|:latest|@latest|@default|[-@]20\d{6}|-20\d\d-\d\d-\d\d|-00\d"
    r"|(?:-instruct|-it|-text)?-(?:q\d\w*|fp16|bf16))$"
)


class Rates(PlainData, Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Prices in USD per million tokens.

    None means that the vendor has no separate price: such tokens cost as other input or output.

    Attributes:
        input: The rate of the prompt.
        output: The rate of the answer, reasoning included.
        cached_input: The rate of prompt tokens read from a cache.
        cache_write: The rate of prompt tokens written to a cache, for the vendor's shortest
            lifetime.
        cache_write_1h: The rate of prompt tokens written to a cache for an hour; None for that
            of `cache_write`.
        input_audio: The rate of audio in the prompt.
        cached_audio: The rate of audio read from a cache; None for that of `cached_input`.
        output_audio: The rate of audio in the answer.
        image: USD for each generated image; not per million.
    """

    __module__ = "llmring"

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
    """The rates of a model; some vendors charge more for long prompts."""

    long_context: LongContext | None = None

    def rates(self, prompt_tokens: int) -> Rates:
        """Return the rates for a whole request with a prompt of this many tokens."""
        long = self.long_context
        return long if long is not None and prompt_tokens > long.above else self


class PriceChange(Struct, frozen=True):
    """Announced prices and the day on which they take effect."""

    starts: dt.date
    prices: Prices


class TokenRange(Struct, frozen=True):
    """The smallest and the largest number of tokens that can be asked for."""

    least: int
    most: int

    def nearest(self, tokens: int) -> int:
        """Return the number within the range that is nearest to this one."""
        return min(max(tokens, self.least), self.most)


class CatalogSource(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source of figures.

    Attributes:
        url: The page or the package.
        date: The date of the figures: the source's own, or else the day on which it was read.
        version: The package's version.
        note: A remark on the figures for readers.
    """

    url: str
    date: dt.date
    version: str | None = None
    note: str | None = None


class Origins(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sources of each figure of a model, as keys of `Catalog.sources`."""

    context_window: tuple[str, ...] = ()
    max_input: tuple[str, ...] = ()
    max_output: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()
    retires: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    successor: tuple[str, ...] = ()


class ModelFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The known facts of a model.

    Attributes:
        provider: The provider's name, as in a model reference.
        name: The model's name at the provider.
        aliases: Other names of the model: dated snapshots, moving names such as "-latest".
        context_window: The largest prompt and answer together in tokens, as stated by the vendor.
        max_input: The largest prompt in tokens, if less than the context window.
        max_output: The largest answer in tokens, reasoning included.
        capabilities: Accepted inputs and parameters ("vision", "documents", "audio", "tools",
            "json_schema"; "temperature": sampling parameters; "caching": prompts cached by the
            provider; "reasoning_budget": a token budget for reasoning; "prefill": the beginning
            of the answer), and "reasoning".
        efforts: The accepted reasoning efforts, lowest first; empty for none.
        budget: The token budgets for reasoning that the model accepts, if known; 0, which turns
            reasoning off, is always accepted as well, unless `refuses` has "no_reasoning".
        refuses: Requests that fail: a forced tool call ("forced_tools"), disabled reasoning
            ("no_reasoning").
        system_turns: Whether the model takes system messages after a user's message, at a provider
            that does not take them there from every model.
        prices: The rates; None if unknown.
        announced: Price changes to come, earliest first.
        released: The day on which the model was released.
        deprecated: The day on which the provider deprecated the model, if it has.
        retires: The day from which the provider no longer serves the model, if announced; in the
            past for a retired model.
        api: The provider's API that serves the model, if not the default one.
        tools_api: The provider's API that serves the model when it reasons and may call tools, if
            that is another; "chat" for the default one.
        kind: The purpose of the model: chat or embeddings.
        family: The line of models that the model belongs to, whose newest replaces the others:
            "gpt-mini", "claude-sonnet".
        successor: The name of the model that the provider recommends instead.
        origins: The sources of these figures.
    """

    provider: str
    name: str
    aliases: tuple[str, ...] = ()
    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    efforts: tuple[str, ...] = ()
    budget: TokenRange | None = None
    refuses: frozenset[Refusal] = frozenset()
    system_turns: bool = False
    prices: Prices | None = None
    announced: tuple[PriceChange, ...] = ()
    released: dt.date | None = None
    deprecated: dt.date | None = None
    retires: dt.date | None = None
    api: str | None = None
    tools_api: str | None = None
    kind: Kind = "chat"
    family: str | None = None
    successor: str | None = None
    origins: Origins = Origins()

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    def lacks(self, capability: str) -> bool:
        """Check if the model is known not to have a capability."""
        is_known = self.capabilities or self.origins.capabilities
        return bool(is_known) and capability not in self.capabilities

    def prices_on(self, day: dt.date | None) -> Prices | None:
        """Return the prices on a day, or with None those on the catalog's date."""
        prices = self.prices
        for change in self.announced:
            if day is not None and change.starts <= day:
                prices = change.prices
        return prices


class Catalog:
    """The known models, found by any of their names.

    Args:
        date: The day on which the catalog was built.
        sources: The sources of its figures, by the names used in `Origins`.
        models: All models.

    Attributes:
        date: The day on which the catalog was built.
        sources: The sources of its figures, by the names used in `Origins`.
    """

    __slots__ = ("_find", "_models", "_rows", "date", "sources")

    def __init__(
        self, date: dt.date, sources: Mapping[str, CatalogSource], models: Iterable[ModelFacts]
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
        """Find a model by its name, an alias, or the name of a snapshot.

        Args:
            provider: The provider's name.
            model: The model's name, with or without the "models/" of Google's lists. Case is
                ignored unless another model matches exactly.

        Returns:
            The model's facts, or None if the catalog does not have the model.
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
    """Models that are decoded already."""

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
    """Models in a document, each decoded on first use."""

    def __init__(self, names: NameIndex) -> None:
        self._names = names
        self._decoded: dict[int, ModelFacts] = {}

    def named(self, provider: str, name: str) -> ModelFacts | None:
        found = self._names.find(provider, name)
        return None if found is None else self._facts(*found)

    def __iter__(self) -> Iterator[ModelFacts]:
        return itertools.starmap(self._facts, self._names.facts())

    def _facts(self, at: int, encoded: bytes) -> ModelFacts:
        known = self._decoded.get(at)
        return known or self._decoded.setdefault(at, _FACTS.decode(encoded))


class _CatalogFile(Struct, frozen=True):
    date: dt.date
    sources: dict[str, CatalogSource]
    models: dict[str, ModelFacts | str]


_FACTS = msgspec.json.Decoder(ModelFacts)


def unpinned(name: str) -> str:
    """Strip the suffix of a snapshot or build from a model's name."""
    return re.sub(_PINNED, "", name, flags=re.IGNORECASE)


def opened(document: bytes) -> Catalog:
    """Open a document that `encode` wrote; each model is decoded on first use.

    Args:
        document: The document. It is not checked; use `decode` for documents from elsewhere.
    """
    names = NameIndex(document)
    head = msgspec.json.decode(names.head, type=_CatalogFile)
    return Catalog(head.date, head.sources, _Written(names))


def decode(document: bytes) -> Catalog:
    """Decode and check the whole catalog in a document.

    Raises:
        msgspec.DecodeError: The document is not a catalog, or a name in it is ambiguous.
    """
    file = msgspec.json.decode(document, type=_CatalogFile)
    models = [facts for facts in file.models.values() if isinstance(facts, ModelFacts)]
    names = _names(models)
    if file.models != names or len(names) != sum(1 + len(facts.aliases) for facts in models):
        raise msgspec.ValidationError("not every name in it means exactly one model")
    return Catalog(file.date, file.sources, models)


def encode(catalog: Catalog) -> bytes:
    """Encode a catalog as JSON, one name per line; equal catalogs give equal documents."""
    encoder = msgspec.json.Encoder(order="deterministic")

    def lines(entries: Mapping[str, Any]) -> bytes:
        return b",\n".join(b"%b:%b" % (*map(encoder.encode, entry),) for entry in entries.items())

    day, sources = encoder.encode(catalog.date), lines(catalog.sources)
    models = lines(_names(catalog.models))
    return b'{"date":%b,\n"sources":{\n%b\n},\n%b%b%b' % (day, sources, BEGINS, models, ENDS)


def _names(models: Iterable[ModelFacts]) -> dict[str, ModelFacts | str]:
    """Map each name to the facts of its model, or each alias to the model's name."""
    names: dict[str, ModelFacts | str] = {}
    for facts in models:
        names[str(facts)] = facts
        names.update((f"{facts.provider}:{alias}", facts.name) for alias in facts.aliases)
    return names
