"""Pins of a lockfile: the facts of each model when it was pinned, and digests that detect changes.

A digest is the SHA-256 of values, not of text: comments, order and layout of the file do not
affect it, nor does the date of the pins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.problem import Fault, Severity
from llmring.lockfile.schema.shapes import OWN_KEY
from llmring.lockfile.toml.layout import KeyPath

# The keys of a pin that are facts, in the order in which they are written.
FACTS = (
    "model",
    "snapshot",
    "context_window",
    "max_output",
    "capabilities",
    "prices",
    "retires",
)


class Pin(Struct, frozen=True, kw_only=True):
    """The facts of a model when it was pinned.

    Attributes:
        ref: The reference that bindings name.
        model: The name of the model in the catalog.
        snapshot: The dated model behind a name that moves, if known.
        context_window: The largest prompt and answer together, in tokens.
        max_output: The largest answer, in tokens.
        capabilities: The model's capabilities, sorted.
        prices: USD per million tokens, by the keys of `prices` in a lockfile; exact.
        retires: The day from which the provider no longer serves the model.
        written: The digest in the lockfile; None for a pin that is not in a lockfile yet.
    """

    ref: ModelRef
    model: str
    snapshot: str | None = None
    context_window: int | None = None
    max_output: int | None = None
    capabilities: tuple[str, ...] = ()
    prices: Mapping[str, Any] | None = None
    retires: date | None = None
    written: str | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the pin that have a value."""
        facts = {key: getattr(self, key) for key in FACTS}
        return {key: value for key, value in facts.items() if value not in (None, ())}

    @property
    def digest(self) -> str:
        """The digest computed from the facts, whatever the lockfile holds."""
        return hash_of({"ref": str(self.ref), **self.facts})


def pins_of(lockfile: Lockfile) -> dict[ModelRef, Pin]:
    """Return the pins of a lockfile by model, in the order of the file."""
    found = {}
    for text, table in lockfile.registry.get("pins", {}).items():
        ref = ModelRef.parse(text)
        found[ref] = _pin(ref, table)
    return found


def digest_of(lockfile: Lockfile, pins: Mapping[ModelRef, Pin]) -> str:
    """Compute the digest of a lockfile's bindings and of these pins.

    The bindings are the models of each alias in order, by profile, inherited ones included.
    """
    bindings = {
        name: {alias: [str(ref) for ref in each.models] for alias, each in profile.bindings.items()}
        for name, profile in lockfile.profiles.items()
        if profile.bindings
    }
    return hash_of(
        {"bindings": bindings, "pins": {str(ref): pin.facts for ref, pin in pins.items()}}
    )


def is_pinned(lockfile: Lockfile) -> bool:
    """Return True if a lockfile has pins or a digest, matching or not."""
    return bool(lockfile.registry.get("digest") or lockfile.registry.get("pins"))


def mismatch(lockfile: Lockfile) -> Fault | None:
    """Check the digests of a lockfile; None if it is pinned and all digests match."""
    written = lockfile.registry.get("digest")
    if not is_pinned(lockfile):
        return _fault(("registry",), "is not pinned", "hint")
    pins = pins_of(lockfile)
    for text in lockfile.registry.get("pins", {}):
        pin = pins[ModelRef.parse(text)]
        if pin.written != pin.digest:
            what = "has no digest" if pin.written is None else "was changed after it was made"
            return _fault(("registry", "pins", text), f"the pin of {pin.ref} {what}", "error")
    if written is None:
        return _fault(("registry",), "the pins have no digest", "error")
    if written != digest_of(lockfile, pins):
        day = lockfile.registry.get("pinned")
        when = f"of {day}" if day else "of its last pin"
        message = f"the bindings or the pins differ from those {when}"
        return _fault(("registry", "digest"), message, "warning")
    return None


def _fault(path: KeyPath, message: str, severity: Severity) -> Fault:
    return Fault(path=path, message=message, fix="llmring lock pin", severity=severity)


def _pin(ref: ModelRef, table: Mapping[str, Any]) -> Pin:
    known = {key: table[key] for key in FACTS if key in table}
    if "capabilities" in known:
        known["capabilities"] = tuple(sorted(set(known["capabilities"])))
    if "prices" in known:
        known["prices"] = _exact(known["prices"])
    return Pin(ref=ref, written=table.get("digest"), **{"model": ref.model, **known})


def _exact(prices: Mapping[str, Any]) -> dict[str, Any]:
    """Return prices with each amount as an exact decimal."""
    return {
        key: _exact(value)
        if isinstance(value, dict)
        else value
        if key == "above"
        else Decimal(str(value))
        for key, value in prices.items()
        if not key.startswith(OWN_KEY)
    }


def plain_amount(amount: Decimal) -> str:
    """Format a decimal number without exponent and trailing zeros."""
    whole, dot, decimals = f"{amount:f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}{dot}{decimals}" if decimals else whole


def hash_of(facts: object) -> str:
    """Return the hash of a value's JSON with sorted keys and no spaces; amounts are strings."""
    data = msgspec.json.encode(_texts(facts), order="sorted")
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _texts(value: Any) -> Any:
    match value:
        case Decimal():
            return plain_amount(value)
        case dict():
            return {key: _texts(inner) for key, inner in value.items()}
        case _:
            return value
