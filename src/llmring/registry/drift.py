"""Changes to a lockfile's models since they were bound and pinned.

Errors are problems that already make calls fail; warnings are problems to come, or differences
from the pins; hints are information. Without pins, differences are not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from llmring.chat.events import Usage
from llmring.lockfile.document import Binding, Lockfile, ModelRef
from llmring.lockfile.pins import Pin, is_pinned, mismatch, pins_of
from llmring.lockfile.problem import Fault, Severity, aliases_named
from llmring.lockfile.toml.layout import KeyPath
from llmring.registry.catalog import ModelFacts, Prices, Rates
from llmring.registry.effective_facts import EffectiveFacts
from llmring.registry.pin_facts import facts_of
from llmring.registry.price import Unpriced, dollars
from llmring.registry.successors import ReplacementRules, steps
from llmring.registry.usage_cost import usage_cost

NOTICE = timedelta(days=90)

_UPGRADE = "llmring lock upgrade"
_RATE_NAMES = {
    "cache_write_1h": "cache write for an hour",
    "image": "image (each)",
}


class DriftInputs(Struct, frozen=True, kw_only=True):
    """The facts that a lockfile is compared with.

    Attributes:
        known: The known facts of all models.
        day: The current date.
        usages: The usage of each call of the last 30 days, by model.
        keyless: Returns the missing key of a provider, as "what; fix"; None if no key is missing.
    """

    known: EffectiveFacts
    day: date
    usages: Mapping[ModelRef, Sequence[Usage | None]] = {}
    keyless: Callable[[str], str | None] = lambda _: None


def drift(lockfile: Lockfile, scene: DriftInputs) -> Iterator[Fault]:
    """Yield a fault for each change to a lockfile's models, each once.

    Args:
        lockfile: The lockfile.
        scene: The facts to compare it with.
    """
    yield from _of_digests(lockfile)
    pins = pins_of(lockfile)
    for path, ref in _references(lockfile):
        facts = scene.known.facts(ref)
        if facts is None:
            continue
        yield from _retirement(path, ref, facts, scene)
        yield from _newer(path, ref, facts, scene)
        if is_pinned(lockfile) and ref not in pins:
            yield _fault(path, "hint", f"{ref} is not pinned", "llmring lock pin")
    for ref, pin in pins.items():
        facts = scene.known.facts(ref)
        if facts is None:
            message = f"{ref} is pinned, but no longer in any catalog"
            yield _fault(_at(pin), "hint", message, "check with its provider")
        else:
            yield from _changes(pin, facts, scene)
    yield from _keys(lockfile, scene)
    yield from _single_vendors(lockfile)


def _of_digests(lockfile: Lockfile) -> Iterator[Fault]:
    fault = mismatch(lockfile)
    if fault is not None and any(profile.bindings for profile in lockfile.profiles.values()):
        fix = fault.fix if is_pinned(lockfile) else f"pin its models: {fault.fix}"
        yield replace(fault, fix=fix)


def _references(lockfile: Lockfile) -> Iterator[tuple[KeyPath, ModelRef]]:
    """Yield each model of a lockfile with its first key path."""
    seen = set()
    for profile in lockfile.profiles.values():
        for binding in profile.bindings.values():
            for index, ref in enumerate(binding.models):
                if ref not in seen:
                    seen.add(ref)
                    yield (*binding.at, "models", index), ref


def _retirement(
    path: KeyPath, ref: ModelRef, facts: ModelFacts, scene: DriftInputs
) -> Iterator[Fault]:
    if facts.retires is None:
        return
    left = (facts.retires - scene.day).days
    fix = f"{_UPGRADE}, or bind another model"
    if left <= 0:
        yield _fault(path, "error", f"{ref} was retired on {facts.retires}", fix)
    elif left <= NOTICE.days:
        when = f"{left} day{'s' if left > 1 else ''}, on {facts.retires}"
        yield _fault(path, "warning", f"{ref} will be retired in {when}", fix)


def _newer(path: KeyPath, ref: ModelRef, facts: ModelFacts, scene: DriftInputs) -> Iterator[Fault]:
    """Yield a hint if a newer model of the line exists, unless the model is retired."""
    if facts.retires is not None and facts.retires <= scene.day:
        return
    step = steps([ref], scene.known, ReplacementRules(scene.day))[0]
    if step.to is not None:
        message = f"{step.to} is newer than {ref}"
        yield _fault(path, "hint", message, f"compare the costs: llmring lock outdated; {_UPGRADE}")


def _changes(pin: Pin, facts: ModelFacts, scene: DriftInputs) -> Iterator[Fault]:
    """Yield a fault for each fact that differs from the pin."""
    yield from _price(pin, facts, scene)
    lost = sorted(set(pin.capabilities) - facts.capabilities)
    if lost:
        message = f"{pin.ref} no longer has {' and '.join(lost)}"
        yield _fault((*_at(pin), "capabilities"), "warning", message, _ACCEPT)
    sizes = (
        ("context_window", "context window", pin.context_window, facts.context_window),
        ("max_output", "longest answer", pin.max_output, facts.max_output),
    )
    for key, noun, before, now in sizes:
        if before is not None and now is not None and now < before:
            message = f"the {noun} of {pin.ref} has shrunk from {before:,} to {now:,} tokens"
            yield _fault((*_at(pin), key), "warning", message, _ACCEPT)


_ACCEPT = "bind another model, or accept the change: llmring lock pin"


def _price(pin: Pin, facts: ModelFacts, scene: DriftInputs) -> Iterator[Fault]:
    before = facts_of(pin).prices
    now = facts.prices_on(scene.day)
    if before is None or now is None:
        if before is not None:
            message = f"the price of {pin.ref} is no longer known"
            yield _fault((*_at(pin), "prices"), "hint", message, _ACCEPT)
        return
    changes = [*_differences(before, now)]
    if not changes:
        return
    dearer = any(change.dearer for change in changes)
    yield _fault(
        (*_at(pin), "prices"),
        "warning" if dearer else "hint",
        f"{pin.ref} costs {'more' if dearer else 'less'} than when it was pinned, in USD per "
        f"million tokens: {'; '.join(change.text for change in changes)}"
        f"{_last_month(pin, facts, scene)}",
        _ACCEPT if dearer else "llmring lock pin",
    )


class _PriceDifference(Struct, frozen=True):
    """A price change in words, and whether it is an increase."""

    text: str
    dearer: bool


def _differences(before: Prices, now: Prices) -> Iterator[_PriceDifference]:
    yield from _of_rates("", before, now)
    old, new = before.long_context, now.long_context
    long = new or old
    if long is not None:
        yield from _of_rates(f" above {long.above:,} tokens", old or before, new or now)
    if old is not None and new is not None and old.above != new.above:
        text = f"long context from {old.above:,} → {new.above:,} tokens"
        yield _PriceDifference(text, dearer=new.above < old.above)


def _of_rates(where: str, before: Rates, now: Rates) -> Iterator[_PriceDifference]:
    for key in Rates.__struct_fields__:
        old, new = getattr(before, key), getattr(now, key)
        if old == new:
            continue
        # Tokens without a rate of their own are charged as other input or output.
        base = "output" if key == "output_audio" else "input"
        paid = [getattr(before, base) if old is None else old]
        paid.append(getattr(now, base) if new is None else new)
        name = _RATE_NAMES.get(key, key.replace("_", " "))
        yield _PriceDifference(f"{name}{where} {_usd(old)} → {_usd(new)}", dearer=paid[1] > paid[0])


def _last_month(pin: Pin, facts: ModelFacts, scene: DriftInputs) -> str:
    """Describe the cost of the last 30 days' calls at the old and the new prices."""
    usages = scene.usages.get(pin.ref, ())
    old = usage_cost(usages, facts_of(pin), scene.day).cost
    new = usage_cost(usages, facts, scene.day).cost
    if isinstance(old, Unpriced) or isinstance(new, Unpriced):
        return ""
    calls = f"{len(usages):,} call{'s' if len(usages) > 1 else ''}"
    return f"; the last 30 days' {calls} would have cost {_cents(old)} then and {_cents(new)} now"


def _keys(lockfile: Lockfile, scene: DriftInputs) -> Iterator[Fault]:
    """Yield a hint for each provider that a profile needs and whose key is not set."""
    for name, profile in lockfile.profiles.items():
        used = dict.fromkeys(
            ref.provider for binding in profile.bindings.values() for ref in binding.models
        )
        for provider in used:
            lack = scene.keyless(provider)
            if lack is not None:
                why, _, fix = lack.rpartition("; ")
                message = f"profile {name!r} binds {provider}, which can't be called here: {why}"
                yield _fault(("profiles", name), "hint", message, fix)


def _single_vendors(lockfile: Lockfile) -> Iterator[Fault]:
    """Yield one hint for each vendor that is the only one of some aliases, at the first of them."""
    found: dict[str, list[Binding]] = {}
    for profile in lockfile.profiles.values():
        for binding in profile.bindings.values():
            vendors = {ref.provider for ref in binding.models}
            if len(vendors) == 1 and binding.at[1:2] == (profile.name,):
                found.setdefault(vendors.pop(), []).append(binding)
    for vendor, bindings in found.items():
        which, is_one = aliases_named(binding.alias for binding in bindings)
        message = f"{which} depend{'s' if is_one else ''} on {vendor} alone"
        fix = "add a model of another vendor as a fallback"
        yield _fault((*bindings[0].at, "models"), "hint", message, fix)


def _at(pin: Pin) -> KeyPath:
    return ("registry", "pins", str(pin.ref))


def _usd(amount: Decimal | None) -> str:
    return "as any" if amount is None else dollars(amount)


def _cents(amount: Decimal) -> str:
    return dollars(amount.quantize(Decimal("0.01")) if amount >= 1 else Decimal(f"{amount:.2g}"))


def _fault(path: KeyPath, severity: Severity, message: str, fix: str) -> Fault:
    return Fault(path=path, severity=severity, message=message, fix=fix)
