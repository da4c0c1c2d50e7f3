"""Values of rate headers: numbers, durations and points in time; anything else is ignored.

Points in time are compared with the reply's own `date`, so that no clock is needed.
"""

from __future__ import annotations

import math
import re

from llmring.wire import HttpHead

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
# Compiled when they are first needed, as few calls do.
_PIECE = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(ms|d|h|m|s)"
_NUMBER = r"\s*[0-9]+(\.[0-9]*)?\s*"

# A larger number of seconds is a moment, counted from 1970; a still larger one has milliseconds.
_FIRST_MOMENT = 1e9
_FIRST_MOMENT_IN_MS = 1e12


def number_in(value: str | None) -> float | None:
    """Parse a plain number, which is not negative; None for anything else."""
    if value is None or not re.fullmatch(_NUMBER, value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def wait_in(head: HttpHead, value: str) -> float | None:
    """Parse "6m0s" and "120ms" (OpenAI, Groq) or a point in time (Anthropic) to seconds from now.

    Args:
        head: The head of the reply, with its `date`.
        value: The header's value.
    """
    pieces = re.findall(_PIECE, value)
    if pieces and "".join(map("".join, pieces)) == value.strip():
        return sum(float(number) * _UNITS[unit] for number, unit in pieces)
    return until(head, value)


def reset_in(head: HttpHead, value: str | None) -> float | None:
    """Parse the reset of a limit to seconds from now: as `wait_in`, or a number.

    A number is one of seconds (Cerebras, Together), or since 1970 (OpenRouter: milliseconds).
    """
    if value is None:
        return None
    number = number_in(value)
    if number is None:
        return wait_in(head, value)
    if number < _FIRST_MOMENT:
        return number
    now = _moment(head.headers.get("date"))
    moment = number / 1000 if number >= _FIRST_MOMENT_IN_MS else number
    return None if now is None else max(0.0, moment - now)


def until(head: HttpHead, value: str) -> float | None:
    """Return the seconds from the reply's `date` until a point in time; None if it is not one."""
    then, now = _moment(value), _moment(head.headers.get("date"))
    return max(0.0, then - now) if then is not None and now is not None else None


def _moment(value: str | None) -> float | None:
    if value is None:
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        pass
    else:
        return _seconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    import email.utils  # takes 10 ms, and few calls need it

    try:
        return _seconds(email.utils.parsedate_to_datetime(value))
    except (ValueError, IndexError):
        return None


def _seconds(moment: object) -> float | None:
    from datetime import datetime

    try:
        return moment.timestamp() if isinstance(moment, datetime) else None
    except (OverflowError, OSError, ValueError):
        return None
