"""llmring lock pin: what is relied on of each model, written into the lockfile."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from typing import Any

from msgspec import Struct, field

from llmring.cli.lockfile import add_file_option, shown, users_lockfile
from llmring.cli.output import note, say, say_json
from llmring.client.settings import known_here, read_clock, read_settings
from llmring.exceptions import LLMRingError
from llmring.lockfile import file, pin_edit, resolve
from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.lockfile.pins import Pin, pins_of
from llmring.registry.pinned import facts_of, models_of, pin_of
from llmring.registry.price import price_tag

EXAMPLES = """examples:
  llmring lock pin
  llmring lock pin --profile prod    # renews the pins of these models only
  llmring lock pin --remove

Writes what is known today of each model that a profile names: its context,
prices and powers, the day it retires, the dated model behind a name that
moves; and a digest of the bindings and of all that. llmring lock check tells
what has changed since; with LLMRING_FROZEN=1 nothing else may be called."""

_SEEN = timedelta(days=30)


class _Outcome(Struct):
    """What a pin has come to, for the person who asked for it."""

    pins: dict[ModelRef, Pin] = field(default_factory=dict)
    before: dict[ModelRef, Pin] = field(default_factory=dict)
    unknown: list[ModelRef] = field(default_factory=list)
    digest: str | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_file_option(parser)
    parser.add_argument(
        "--profile", metavar="NAME", help="renew the pins of this profile's models only"
    )
    parser.add_argument("--remove", action="store_true", help="take all pins out of the file")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Pin, and print what is pinned."""
    path = users_lockfile(args.file).path
    outcome = _Outcome()

    def change(text: str) -> str:
        lockfile = parse(text, path)
        outcome.before = pins_of(lockfile)
        if args.remove:
            return pin_edit.unpinned(text)
        day = read_clock().today()
        outcome.pins, outcome.unknown = _pins(lockfile, args.profile, day)
        after = pin_edit.pinned(text, outcome.pins, day)
        outcome.digest = parse(after, path).registry["digest"]
        return after

    changed = file.update(path, change)
    if args.json:
        say_json({"file": str(path), "changed": changed, **_plain(outcome)})
    else:
        for pin in outcome.pins.values():
            say(_line(pin, outcome.before.get(pin.ref)))
    for ref in outcome.unknown:
        note(f"not pinned: {ref}, which no catalog knows; [registry.models] can say what it is")
    count = len(outcome.before if args.remove else outcome.pins)
    models = f"{count} model{'s' if count != 1 else ''}"
    done = "nothing has changed" if not changed else "unpinned" if args.remove else "pinned"
    note(f"{shown(path)}: {models}, {done}")
    return 0


def _pins(
    lockfile: Lockfile, profile: str | None, day: date
) -> tuple[dict[ModelRef, Pin], list[ModelRef]]:
    """The pins of all models that are bound, and the models that nothing is known of."""
    if profile is not None:
        resolve.bindings(lockfile, profile)  # refuses one that is not there
    renewed = {*models_of(lockfile, [profile] if profile else lockfile.profiles)}
    known, before, served = known_here(lockfile), pins_of(lockfile), _served()
    pins, unknown = {}, []
    for ref in models_of(lockfile, lockfile.profiles):
        facts = known.facts(ref)
        if facts is not None and ref in renewed:
            pins[ref] = pin_of(ref, facts, day, served.get(str(ref)))
        elif ref in before:
            pins[ref] = before[ref]
        elif facts is None:
            unknown.append(ref)
    return pins, unknown


def _served() -> dict[str, str]:
    """The names that providers last gave for their models, as far as the ledger has them."""
    place = read_settings().ledger
    if place is None:
        return {}
    from llmring.ledger.reading import entries

    found = {}
    try:
        for entry in entries(place, since=read_clock().now() - _SEEN):
            if entry.model and entry.served_model and entry.outcome == "ok":
                found[entry.model] = entry.served_model
    except LLMRingError as error:
        note(f"which models were served of late is not known: {error}")
    return found


def _line(pin: Pin, before: Pin | None) -> str:
    """A pin in one line, with what makes it another than before."""
    prices = facts_of(pin).prices
    told = [
        f"{pin.context_window:,} tokens" if pin.context_window else "context unknown",
        price_tag(prices) if prices else "price unknown",
    ]
    if pin.retires:
        told.append(f"retires {pin.retires}")
    moved = f" → {pin.snapshot}" if pin.snapshot else ""
    mark = "new" if before is None else "renewed" if before.digest != pin.digest else "as it was"
    return f"{pin.ref}{moved}: {', '.join(told)} ({mark})"


def _plain(outcome: _Outcome) -> dict[str, Any]:
    return {
        "digest": outcome.digest,
        "pins": {
            str(ref): {**pin.facts, "digest": pin.digest} for ref, pin in outcome.pins.items()
        },
        "unknown": [str(ref) for ref in outcome.unknown],
        "removed": [str(ref) for ref in outcome.before if ref not in outcome.pins],
    }
