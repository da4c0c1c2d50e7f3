"""The pins of a lockfile: what is relied on of each model, and digests that tell of any change.

A digest is the SHA-256 of what is said, not of how it is written: comments, order and layout of
the file have no part in it, nor has the day of the pins.
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
from llmring.lockfile.problem import Fault, KeyPath, Severity
from llmring.lockfile.shape import OWN_KEY

# The keys of a pin that say what is relied on, in the order in which they are written.
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
    """What a model was when it was pinned.

    Attributes:
        ref: The reference that bindings name.
        model: The name of the model in the catalog.
        snapshot: The dated model behind a name that moves, where it is known.
        context_window: Tokens that prompt and answer may have together.
        max_output: Tokens that the answer may have.
        capabilities: What it takes and does, in the order of the alphabet.
        prices: USD per million tokens, by the keys of `prices` in a lockfile; exact.
        retires: The day from which its provider no longer serves it.
        written: The digest that the lockfile has for it; None for a pin that is not in one yet.
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
        """What it says of the model, without what it leaves open."""
        facts = {key: getattr(self, key) for key in FACTS}
        return {key: value for key, value in facts.items() if value not in (None, ())}

    @property
    def digest(self) -> str:
        """The digest of these facts, whatever the lockfile has for one."""
        return _digest({"ref": str(self.ref), **self.facts})


def pins_of(lockfile: Lockfile) -> dict[ModelRef, Pin]:
    """The pins of a lockfile, by what they are of, in its order."""
    found = {}
    for text, table in lockfile.registry.get("pins", {}).items():
        ref = ModelRef.parse(text)
        found[ref] = _pin(ref, table)
    return found


def digest_of(lockfile: Lockfile, pins: Mapping[ModelRef, Pin]) -> str:
    """The digest of a lockfile's bindings and of these pins.

    The bindings are those that calls go by, inherited ones included: by profile and alias, the
    models in their order.
    """
    bindings = {
        name: {alias: [str(ref) for ref in each.models] for alias, each in profile.bindings.items()}
        for name, profile in lockfile.profiles.items()
        if profile.bindings
    }
    return _digest(
        {"bindings": bindings, "pins": {str(ref): pin.facts for ref, pin in pins.items()}}
    )


def is_pinned(lockfile: Lockfile) -> bool:
    """Whether a lockfile has been pinned, be it long ago."""
    return bool(lockfile.registry.get("digest") or lockfile.registry.get("pins"))


def mismatch(lockfile: Lockfile) -> Fault | None:
    """What the digests of a lockfile are at odds with; None where all agree."""
    written = lockfile.registry.get("digest")
    if not is_pinned(lockfile):
        return _fault(("registry",), "it is not pinned", "hint")
    pins = pins_of(lockfile)
    for text in lockfile.registry.get("pins", {}):
        pin = pins[ModelRef.parse(text)]
        if pin.written != pin.digest:
            what = "has no digest" if pin.written is None else "has been changed since it was made"
            return _fault(("registry", "pins", text), f"the pin of {pin.ref} {what}", "error")
    if written is None:
        return _fault(("registry",), "its pins have no digest", "error")
    if written != digest_of(lockfile, pins):
        day = lockfile.registry.get("pinned")
        when = f"of {day}" if day else "of its last pin"
        message = f"the bindings or the pins are not those {when}"
        return _fault(("registry", "digest"), message, "warning")
    return None


def _fault(path: KeyPath, message: str, severity: Severity) -> Fault:
    return Fault(path=path, message=message, mend="llmring lock pin", severity=severity)


def _pin(ref: ModelRef, table: Mapping[str, Any]) -> Pin:
    known = {key: table[key] for key in FACTS if key in table}
    if "capabilities" in known:
        known["capabilities"] = tuple(sorted(set(known["capabilities"])))
    if "prices" in known:
        known["prices"] = _exact(known["prices"])
    return Pin(ref=ref, written=table.get("digest"), **{"model": ref.model, **known})


def _exact(prices: Mapping[str, Any]) -> dict[str, Any]:
    """Prices with their numbers as they are written."""
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
    """A decimal number without exponent and without zeros that say nothing."""
    whole, dot, decimals = f"{amount:f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}{dot}{decimals}" if decimals else whole


def _digest(facts: object) -> str:
    """The digest of a value: of its JSON with sorted keys, without spaces, amounts as texts."""
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
