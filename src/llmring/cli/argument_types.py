"""Token counts as people write them: 200k, 1.5M, 1_000."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

from llmring.config.settings import read_clock
from llmring.ledger.project import age_of
from llmring.lockfile.schema import keys

_AMOUNT = re.compile(r"([0-9]+(?:_[0-9]+)*)(\.[0-9]+)?([kmg]?)", re.IGNORECASE)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_MOST = 10**15


def tokens(text: str) -> int:
    """Parse a number of tokens.

    Accepts digits, optionally grouped with `_`, optional decimals, and an optional suffix k, M or
    G (thousand, million, billion) in either case.

    Raises:
        argparse.ArgumentTypeError: The text has another form, is not a whole number of tokens, or
            exceeds 10^15.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or len(text) > 32:
        raise argparse.ArgumentTypeError(
            f"{text[:32]!r} is not a number of tokens; write 200k, 1.5M or 1_000"
        )
    decimals = (found[2] or ".")[1:]
    amount = int(found[1].replace("_", "") + decimals) * _FACTORS[found[3].lower()]
    scale: int = 10 ** len(decimals)
    if amount % scale:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of tokens")
    if amount > _MOST * scale:
        raise argparse.ArgumentTypeError(f"{text!r} is more than 10^15 tokens")
    return amount // scale


HELP = (
    "include only calls since TIME: an age like 7d, 12h, 30m or 2w, or a date or time in UTC "
    "like 2026-11-01 or 2026-11-01T08:00"
)

_AGO = re.compile(r"([0-9]{1,6})([mhdw])", re.IGNORECASE)
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def since(text: str, now: datetime | None = None) -> datetime:
    """Parse a time, and return it in UTC.

    Accepts an age (a number with m, h, d or w), a date (its first moment), or a date and time.
    Without a time zone, UTC is assumed.

    Args:
        text: The text to parse.
        now: The time that an age counts from (default: the present).

    Raises:
        argparse.ArgumentTypeError: The text has another form, or the time is before the year 1.
    """
    text = text.strip()
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return (now or read_clock().now()) - int(ago[1]) * _UNITS[ago[2].lower()]
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text[:32]!r} is not a time; write 7d, 12h, or 2026-11-01"
        ) from None


def age(text: str) -> timedelta:
    """Parse an age in hours, days or weeks: 36h, 90d, 12w.

    Raises:
        argparse.ArgumentTypeError: The text has another form.
    """
    if re.fullmatch(keys.AGE, text.strip()) is None:
        raise argparse.ArgumentTypeError(f"{text[:32]!r} is not an age; write 90d, 12w or 36h")
    return age_of(text.strip())
