"""The waiting time that a provider asks for in the headers of its reply."""

from __future__ import annotations

import math
import re

from llmring.wire import HttpHead

_TOO_MANY = 429


def retry_after(head: HttpHead) -> float | None:
    """Return the seconds that the provider asks to wait, if it does.

    Taken from `retry-after-ms` or `retry-after`; for status 429 without either, from the reset
    time of the exhausted limit. Dates are compared with the reply's own `date`, so that no clock
    is needed.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    https://platform.claude.com/docs/en/api/rate-limits#response-headers
    """
    millis = _number(head.headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    value = head.headers.get("retry-after")
    if value is not None:
        seconds = _number(value)
        return _until(head, value) if seconds is None else seconds
    return _renewal(head) if head.status == _TOO_MANY else None


def _renewal(head: HttpHead) -> float | None:
    """Return the seconds until all exhausted limits are reset."""
    waits = []
    for name, left in head.headers.items():
        if "ratelimit" not in name or "remaining" not in name or left.strip() != "0":
            continue
        reset = head.headers.get(name.replace("remaining", "reset"))
        if reset is not None and (wait := _wait(head, reset)) is not None:
            waits.append(wait)
    return max(waits, default=None)


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _wait(head: HttpHead, value: str) -> float | None:
    """Parse "6m0s" and "120ms" (OpenAI, Groq) or a point in time (Anthropic) to seconds."""
    pieces = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", value)
    if pieces and "".join(map("".join, pieces)) == value.strip():
        return sum(float(number) * _UNITS[unit] for number, unit in pieces)
    return _until(head, value)


def _until(head: HttpHead, value: str) -> float | None:
    until, now = _moment(value), _moment(head.headers.get("date"))
    return max(0.0, until - now) if until is not None and now is not None else None


def _number(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"\s*\d+(\.\d*)?\s*", value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _moment(value: str | None) -> float | None:
    if value is None:
        return None
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        pass
    else:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    import email.utils  # takes 10 ms, and few calls need it

    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None
