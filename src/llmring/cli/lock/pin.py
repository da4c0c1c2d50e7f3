"""llmring lock pin: record the known facts of each model in the lockfile."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from llmring.cli.lockfile_options import add_file_option, users_lockfile
from llmring.cli.output import print_json, print_note, print_out
from llmring.config.settings import effective_facts_here, read_clock, read_settings
from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.lockfile import file, resolve, signature
from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.lockfile.edit import pins as pin_edit
from llmring.lockfile.file import shown
from llmring.lockfile.pins import Pin, pins_of
from llmring.registry.pin_facts import facts_of, models_of, pin_of
from llmring.registry.price import price_tag

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

EXAMPLES = """examples:
  llmring lock pin
  llmring lock pin --profile prod    # renew only the pins of its models
  llmring lock pin --sign release.pem
  llmring lock pin --remove

Writes today's facts about each bound model: context, prices, capabilities,
retirement date, and the dated model behind a moving name; plus a digest of
the bindings and these facts. llmring lock check reports later changes. With
LLMRING_FROZEN=1, calls fail unless models match their pins.

--sign also signs them, with a private key for Ed25519 in PEM, such as one of
openssl genpkey -algorithm ed25519 -out release.pem. With the public key in
LLMRING_PUBLIC_KEY, or as public_key of [tool.llmring] in pyproject.toml next
to the lockfile, frozen calls fail unless the signature fits."""

_SEEN = timedelta(days=30)


class _PinResult(Struct):
    """The result of pinning, for the report."""

    pins: dict[ModelRef, Pin] = field(default_factory=dict)
    before: dict[ModelRef, Pin] = field(default_factory=dict)
    unknown: list[ModelRef] = field(default_factory=list)
    digest: str | None = None
    signature: str | None = None
    public_key: str | None = None
    was_signed: bool = False


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_file_option(parser)
    parser.add_argument(
        "--profile", metavar="NAME", help="renew only the pins of this profile's models"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--sign", metavar="KEYFILE", help="sign the pins, bindings and providers with this key"
    )
    what.add_argument("--remove", action="store_true", help="remove all pins from the file")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Write the pins and print them."""
    path = users_lockfile(args.file).path
    outcome = _PinResult()
    key = None if args.sign is None else _private_key(args.sign)

    def change(text: str) -> str:
        lockfile = parse(text, path)
        outcome.before = pins_of(lockfile)
        if args.remove:
            return pin_edit.unpinned(text)
        day = read_clock().today()
        outcome.pins, outcome.unknown = _pins(lockfile, args.profile, day)
        after = pin_edit.pinned(text, outcome.pins, day)
        pinned = parse(after, path)
        outcome.digest = pinned.registry["digest"]
        if key is not None:
            outcome.signature = signature.sign(pinned, key)
            outcome.public_key = signature.public_key(key)
            return pin_edit.signed(after, outcome.signature)
        if outcome.digest == lockfile.registry.get("digest"):
            return after
        outcome.was_signed = "signature" in lockfile.registry
        return pin_edit.signed(after, None)

    changed = file.update(path, change)
    if args.json:
        print_json({"file": str(path), "changed": changed, **_to_json(outcome)})
    else:
        for pin in outcome.pins.values():
            print_out(_line(pin, outcome.before.get(pin.ref)))
    for ref in outcome.unknown:
        print_note(f"not pinned: {ref} is not in the catalog; describe it under [registry.models]")
    if outcome.public_key is not None:
        print_note(f"signed; the public key is {outcome.public_key}")
    if outcome.was_signed:
        print_note(f"the signature was removed, as the digest has changed; {signature.FIX}")
    count = len(outcome.before if args.remove else outcome.pins)
    models = f"{count} model{'s' if count != 1 else ''}"
    done = "nothing has changed" if not changed else "unpinned" if args.remove else "pinned"
    print_note(f"{shown(path)}: {models}, {done}")
    return 0


def _private_key(name: str) -> Ed25519PrivateKey:
    try:
        pem = Path(name).expanduser().read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{name} can't be read: {error.strerror}; {signature.how_to_make(name)}"
        ) from None
    return signature.private_key(pem, name)


def _pins(
    lockfile: Lockfile, profile: str | None, day: date
) -> tuple[dict[ModelRef, Pin], list[ModelRef]]:
    """Return the pins of all bound models, and the models that are unknown."""
    if profile is not None:
        resolve.bindings(lockfile, profile)  # raises if it does not exist
    renewed = {*models_of(lockfile, [profile] if profile else lockfile.profiles)}
    known, before, served = effective_facts_here(lockfile), pins_of(lockfile), _served()
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
    """Read from the ledger the model names that providers last reported."""
    place = read_settings().ledger
    if place is None:
        return {}
    from llmring.ledger.reader import entries

    found = {}
    try:
        for entry in entries(place, since=read_clock().now() - _SEEN):
            if entry.model and entry.served_model and entry.outcome == "ok":
                found[entry.model] = entry.served_model
    except LLMRingError as error:
        print_note(f"the ledger can't be read, so recently served models are unknown: {error}")
    return found


def _line(pin: Pin, before: Pin | None) -> str:
    """Describe a pin on one line, marked as new, renewed or unchanged."""
    prices = facts_of(pin).prices
    facts = [
        f"{pin.context_window:,} tokens" if pin.context_window else "context unknown",
        price_tag(prices) if prices else "price unknown",
    ]
    if pin.retires:
        facts.append(f"retires {pin.retires}")
    moved = f" → {pin.snapshot}" if pin.snapshot else ""
    mark = "new" if before is None else "renewed" if before.digest != pin.digest else "unchanged"
    return f"{pin.ref}{moved}: {', '.join(facts)} ({mark})"


def _to_json(outcome: _PinResult) -> dict[str, Any]:
    return {
        "digest": outcome.digest,
        "signature": outcome.signature,
        "public_key": outcome.public_key,
        "pins": {
            str(ref): {**pin.facts, "digest": pin.digest} for ref, pin in outcome.pins.items()
        },
        "unknown": [str(ref) for ref in outcome.unknown],
        "removed": [str(ref) for ref in outcome.before if ref not in outcome.pins],
    }
