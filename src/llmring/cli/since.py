"""Times as people write them: 7d, 12h, 2026-11-01."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

from llmring.client.settings import read_clock

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
