"""The options with which keys and teams get their settings, and the store that keeps them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, get_args

from llmring.access.access_records import Api, Role, ShownHeaders, account_of, shown
from llmring.cli.argument_types import age
from llmring.cli.output import print_out
from llmring.config.settings import read_clock, read_settings
from llmring.exceptions import ConfigurationError

if TYPE_CHECKING:
    from llmring.access.access_records import AccessKey, AccessTeam
    from llmring.access.key_store import KeyStore

NONE = "none"
"""The value of an option that takes a setting away."""

_ALIASES_HELP = "aliases that it may call, with commas; * for any characters (default: all)"


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the options that keys and teams have."""
    parser.add_argument("--owner", type=_text, metavar="TEXT", help="who answers for it")
    for name, about in (
        ("--rpm", "requests to providers in any minute"),
        ("--tpm", "tokens in any minute"),
        ("--max-concurrency", "calls in progress"),
    ):
        parser.add_argument(name, type=_whole, metavar="N", help=about)
    for period in ("daily", "weekly", "monthly", "total"):
        parser.add_argument(
            f"--{period}-budget", type=_usd, metavar="USD", help=f"{period} budget, by UTC"
        )


def add_key_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that only keys have."""
    parser.add_argument("--team", type=_text, metavar="NAME", help="its team")
    parser.add_argument(
        "--profile", type=_text, metavar="NAME", help="the profile of its calls; * for any"
    )
    parser.add_argument("--aliases", type=_items, metavar="NAMES", help=_ALIASES_HELP)
    parser.add_argument(
        "--direct",
        action=argparse.BooleanOptionalAction,
        help="let it call models by provider:model",
    )
    parser.add_argument(
        "--wires", type=_apis, metavar="APIS", help=f"any of {', '.join(get_args(Api))}"
    )
    parser.add_argument(
        "--nets", type=_items, metavar="NETS", help="addresses and networks, with commas"
    )
    parser.add_argument("--tags", type=_items, metavar="TAGS", help="tags in the ledger")
    parser.add_argument(
        "--max-cost-per-request", type=_usd, metavar="USD", help="most that one call may cost"
    )
    parser.add_argument(
        "--expires", type=_moment, metavar="TIME", help="its end: an age like 90d, or 2027-01-31"
    )
    parser.add_argument("--role", choices=get_args(Role), help="admin: it may manage keys")
    parser.add_argument(
        "--headers", choices=get_args(ShownHeaders), help="min: no headers about the call"
    )


def given_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return the settings among the options that were given; None for one taken away."""
    left_out = {"name", "json", "grace"}
    return {
        name: None if value == NONE else value
        for name, value in vars(args).items()
        if value is not None and name not in left_out
    }


@contextmanager
def opened_store() -> Iterator[KeyStore]:
    """Open the store of keys.

    Raises:
        ConfigurationError: It has no place.
    """
    from llmring.access.open_key_store import key_store_at

    place = read_settings().gateway_db
    if place is None:
        raise ConfigurationError(
            "keys have no place without a home folder; set HOME or LLMRING_GATEWAY_DB"
        )
    store = key_store_at(place)
    try:
        yield store
    finally:
        store.close()


def now() -> datetime:
    """Return the time by which keys begin and end."""
    return read_clock().now()


def spent_by(record: AccessKey | AccessTeam) -> dict[str, Decimal]:
    """Return the USD that a key or a team has spent of each of its budgets, by the period.

    Raises:
        ConfigurationError: The counts can't be read.
    """
    account = account_of(record)
    if account is None or not account.budgets:
        return {}
    from llmring.bridge import portal
    from llmring.limits.backends import leases_for
    from llmring.limits.counts import label_of, usd_of

    leases, day = leases_for(read_settings()), read_clock().today()

    async def spent() -> dict[str, Decimal]:
        amounts = {
            each.period: await leases.spent(account.key, label_of(each.period, day))
            for each in account.budgets
        }
        return {period: usd_of(amount).normalize() for period, amount in amounts.items()}

    return portal.run(spent())


def print_settings(record: AccessKey | AccessTeam, spent: Mapping[str, Decimal]) -> None:
    """Print the settings of a key or a team, one per line.

    Args:
        record: The key or the team.
        spent: What it has spent of its budgets; see `spent_by`.
    """
    settings = shown(record)
    named = {name: settings.pop(name) for name in ("id", "name") if name in settings} | settings
    found = {name.replace("_", " "): readable(value) for name, value in named.items()}
    found |= {f"spent, {period}": f"${usd:f}" for period, usd in spent.items()}
    width = max(map(len, found))
    for name, text in found.items():
        print_out(f"{name:{width}}  {text}")


def readable(value: object) -> str:
    """Return a setting as people read it."""
    match value:
        case tuple():
            return ", ".join(map(str, value))
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case Decimal():
            return f"${value:f}"
        case True:
            return "yes"
    return str(value)


def limits_in(settings: Mapping[str, Any]) -> str:
    """Return the limits among settings, in one line."""
    names = {
        "rpm": "{} rpm",
        "tpm": "{} tpm",
        "max_concurrency": "{} at once",
        "daily_budget": "${:f} a day",
        "weekly_budget": "${:f} a week",
        "monthly_budget": "${:f} a month",
        "total_budget": "${:f} in all",
    }
    return ", ".join(
        form.format(settings[name]) for name, form in names.items() if name in settings
    )


def _text(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("is empty, or has characters that can't be shown")
    return text.strip()


def _items(text: str) -> tuple[str, ...] | str:
    if text == NONE:
        return text
    found = tuple(each.strip() for each in text.split(",") if each.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"is empty; give names with commas, or {NONE}")
    return found


def _apis(text: str) -> tuple[str, ...] | str:
    found = _items(text)
    if found != NONE:
        for each in found:
            if each not in get_args(Api):
                raise argparse.ArgumentTypeError(
                    f"{each[:32]!r} is not an API; use any of {', '.join(get_args(Api))}"
                )
    return found


def _whole(text: str) -> int | str:
    if text == NONE:
        return text
    if not (text.isascii() and text.isdecimal() and int(text[:13]) > 0 and len(text) <= 12):
        raise argparse.ArgumentTypeError(f"{text[:32]!r} is not a whole number from 1, or {NONE}")
    return int(text)


def _usd(text: str) -> Decimal | str:
    if text == NONE:
        return text
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and 0 < amount < 10**12):
        raise argparse.ArgumentTypeError(
            f"{text[:32]!r} is not an amount of USD above 0, or {NONE}"
        )
    return amount


def _moment(text: str) -> datetime | str:
    if text == NONE:
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now() + age(text)
        except OverflowError:
            raise argparse.ArgumentTypeError(f"{text!r} is too far away") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
