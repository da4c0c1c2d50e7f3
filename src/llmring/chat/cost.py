"""The cost of a call: a number in USD, and its parts."""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any, Self, TypeVar

from msgspec import Struct
from msgspec.structs import astuple, force_setattr

from llmring.plain_data import EncodedFields, PlainData, struct_repr

T = TypeVar("T", bound=type)

# An application may have set the thread's decimal context to few digits; costs stay exact.
EXACT = Context(prec=60)

_NOTHING = Decimal(0)


class CostParts(PlainData, Struct, frozen=True, omit_defaults=True):
    """The parts of a cost, in USD.

    Attributes:
        input: USD for prompt tokens that were not cached, audio included.
        cached_input: USD for prompt tokens read from a cache.
        cache_write: USD for prompt tokens written to a cache, for any lifetime.
        output: USD for the answer, reasoning and audio included.
        reported: USD that the provider reported as a whole, without parts.
    """

    __module__ = "llmring"

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal
    reported: Decimal = _NOTHING

    def __repr__(self) -> str:
        return struct_repr(self)


class Cost(PlainData, Decimal):
    """The cost of a call in USD, a number with its parts.

    Attributes:
        input: USD for prompt tokens that were not cached, audio included.
        cached_input: USD for prompt tokens read from a cache.
        cache_write: USD for prompt tokens written to a cache, for any lifetime.
        output: USD for the answer, reasoning and audio included.
        reported: USD that the provider reported as a whole, without parts; 0 if the cost was worked
            out from tokens.
    """

    __module__ = "llmring"
    __slots__ = ("cache_write", "cached_input", "input", "output", "reported")
    __dataclass_fields__ = EncodedFields()

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal
    reported: Decimal

    def __new__(
        cls,
        fresh: Decimal,
        cached_input: Decimal,
        cache_write: Decimal,
        output: Decimal,
        reported: Decimal = _NOTHING,
    ) -> Self:
        """Add the parts, in USD; `fresh` is the cost of prompt tokens that were not cached."""
        self = super().__new__(cls, _sum((fresh, cached_input, cache_write, output, reported)))
        self.input = fresh
        self.cached_input = cached_input
        self.cache_write = cache_write
        self.output = output
        self.reported = reported
        return self

    def __str__(self) -> str:
        return f"{self.total:f}"

    def __repr__(self) -> str:
        return f"Decimal('{self.total:f}')"

    def __format__(self, specification: str, /) -> str:  # type: ignore[override]
        return format(self.total, specification or "f")

    def __reduce__(self) -> tuple[Any, ...]:
        return Cost, (self.input, self.cached_input, self.cache_write, self.output, self.reported)

    @property
    def total(self) -> Decimal:
        """The number without the parts."""
        return Decimal(self)

    @property
    def parts(self) -> CostParts:
        """The parts without the number."""
        return CostParts(
            self.input, self.cached_input, self.cache_write, self.output, self.reported
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the total and the parts, each a text so that no digit is lost."""
        return {name: str(getattr(self, name)) for name in self._encoded_fields()}

    def _inside(self) -> str:
        return str(self.total)

    def _encoded_fields(self) -> Iterable[str]:
        parts = ("total", "input", "cached_input", "cache_write", "output")
        return (*parts, "reported") if self.reported else parts


def _sum(parts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for part in parts:
        if part:
            total = EXACT.add(total, part)
    return total


def with_cost(kind: T) -> T:
    """Let a struct's `cost` and `cost_parts` read as one `Cost`.

    Kept apart they are what msgspec can write: it takes no subclass of Decimal.
    """
    amount, parts = vars(kind)["cost"], vars(kind)["cost_parts"]

    def read(self: Any) -> Decimal | None:
        total: Decimal | None = amount.__get__(self)
        if total is None or (found := parts.__get__(self)) is None:
            return total
        return _joined(total, found)

    def write(self: Any, cost: Decimal | None) -> None:
        if type(cost) is Cost:
            parts.__set__(self, cost.parts)
            amount.__set__(self, Decimal(cost))
        else:
            parts.__set__(self, None)
            amount.__set__(self, cost)

    kind.cost = property(read, write)  # type: ignore[attr-defined]
    kind.__repr__ = struct_repr  # type: ignore[assignment, method-assign]
    kind._amount = amount  # type: ignore[attr-defined] # noqa: SLF001 -- the field itself
    return kind


def amount_of(answer: Any) -> Decimal | None:
    """Return the cost of what `with_cost` was applied to, without its parts."""
    amount: Decimal | None = type(answer)._amount.__get__(answer)  # noqa: SLF001 -- set above
    return amount


def _joined(total: Decimal, parts: CostParts) -> Cost:
    """Return the cost with this sum, which is that of the parts."""
    cost: Cost = Decimal.__new__(Cost, total)
    cost.input = parts.input
    cost.cached_input = parts.cached_input
    cost.cache_write = parts.cache_write
    cost.output = parts.output
    cost.reported = parts.reported
    return cost


def part_cost(value: Any) -> None:
    """Take apart a `Cost` that a struct was made with."""
    amount, parts = value._amount, value.cost_parts  # noqa: SLF001 -- set by `with_cost`
    # A copy with another cost has the parts of the old one still.
    if type(amount) is Cost or (parts is not None and _sum(astuple(parts)) != amount):
        force_setattr(value, "cost", amount)
