"""Moments as people write them: 7d, 12h, 2026-11-01."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

from llmring.client.settings import read_clock

HELP = "7d, 12h, 30m or 2w ago; or a date or time like 2026-11-01 or 2026-11-01T08:00, in UTC"

_AGO = re.compile(r"([0-9]{1,6})([mhdw])", re.IGNORECASE)
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def since(text: str, now: datetime | None = None) -> datetime:
    """The moment that a text means, in UTC.

    That is a number with one of m, h, d and w, so long ago; or a date, whose beginning is meant;
    or a date and a time. What names no time zone is in UTC, as days are.

    Args:
        text: What was written.
        now: The time that "ago" counts from; left out, the present.

    Raises:
        argparse.ArgumentTypeError: It is no such text, or before the year 1.
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
            f"{text[:32]!r} is no time; write 7d, 12h, or 2026-11-01"
        ) from None
