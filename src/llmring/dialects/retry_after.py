"""The waiting time that a provider asks for in the headers of its reply."""

from __future__ import annotations

from llmring.dialects.rates.header_values import number_in, reset_in, until
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
    millis = number_in(head.headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    value = head.headers.get("retry-after")
    if value is not None:
        seconds = number_in(value)
        return until(head, value) if seconds is None else seconds
    return _renewal(head) if head.status == _TOO_MANY else None


def _renewal(head: HttpHead) -> float | None:
    """Return the seconds until all exhausted limits are reset."""
    waits = []
    for name, left in head.headers.items():
        if "ratelimit" not in name or "remaining" not in name or left.strip() != "0":
            continue
        reset = head.headers.get(name.replace("remaining", "reset"))
        if reset is not None and (wait := reset_in(head, reset)) is not None:
            waits.append(wait)
    return max(waits, default=None)
