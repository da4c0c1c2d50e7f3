"""The message of a call that no model answered: a line for each model, then what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from llmring.chat.response import Attempt
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRequestError,
    ProviderTimeoutError,
)
from llmring.redaction import one_line

# A longer text does not fit a screen; `attempts` has it whole. A provider's text may have any
# length, but a reason of llmring's own ends with what to do.
MOST_OF_A_PROVIDER = 160
MOST_OF_A_REASON = 400
_MOST_LINES = 12

# A lack of one of these is not the lack of a capability, by which models can be listed.
_LENGTHS = frozenset({"context", "max_tokens", "min_context"})

_Row = tuple[str, ...]


def failure_report(alias: str, attempts: Sequence[Attempt], retry_after: float | None) -> str:
    """Return the message: one line for each model and reason, then one with the fix.

    A failure of the only model takes a single line in all.

    Args:
        alias: The alias.
        attempts: The outcome of each model; none is "ok".
        retry_after: Seconds after which the first model may answer, if known.
    """
    all_skipped = all(attempt.outcome == "skipped" for attempt in attempts)
    lacks = _lacks(attempts) if all_skipped else []
    rows = lacks or _reasons(attempts)
    fix = next_step(alias, attempts, retry_after)
    if all_skipped:
        head = f"no model of alias {alias!r} can be used:"
    else:
        head = f"all models of alias {alias!r} failed:"
    if len(rows) == 1:
        model, *cells = rows[0]
        if len({each.model for each in attempts}) == 1:
            what = "can't be used" if all_skipped else cells[0]
            head = f"the only model of alias {alias!r} {what}:"
        line = f"{head} {model}: {', '.join(filter(None, cells[not lacks :]))}"
        return line if fix in line else f"{line}; {fix}"
    lines = _aligned(rows)
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES - 1 :] = [f"and {len(lines) - _MOST_LINES + 1} more"]
    return "\n".join([head, *(f"  {line}" for line in lines), f"fix: {fix}"])


def _reasons(attempts: Sequence[Attempt]) -> list[_Row]:
    """Return models, outcome and reason; equal attempts, and models with the same, in one row."""
    counts = Counter((each.model, each.outcome, _reason(each)) for each in attempts)
    models: dict[tuple[str, str, int], list[str]] = {}
    for (model, outcome, reason), times in counts.items():
        models.setdefault((outcome, reason, times), []).append(model)
    return [
        (_joined(names), f"{outcome} {times} times" if times > 1 else outcome, reason)
        for (outcome, reason, times), names in models.items()
    ]


_MOST_NAMES = 3


def _joined(models: Iterable[str]) -> str:
    names = list(models)
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _reason(attempt: Attempt) -> str:
    quotes = attempt.error is not None and attempt.error.provider_message is not None
    most = MOST_OF_A_PROVIDER if quotes else MOST_OF_A_REASON
    text = " ".join(one_line(attempt.reason or "").split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _lacks(attempts: Sequence[Attempt]) -> list[_Row]:
    """Return each model and what it lacks, in a column for each lack; nothing if none does."""
    lacking = [_lacking(attempt.error) for attempt in attempts]
    columns = list(dict.fromkeys(column for each in lacking for column in each))
    if not columns:
        return []
    rows = []
    for attempt, lacks in zip(attempts, lacking, strict=True):
        cells = [lacks.get(column, "") for column in columns]
        rows.append((attempt.model, *cells, "" if lacks else _reason(attempt)))
    return rows


def _aligned(rows: Sequence[_Row]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _lacking(error: ProviderError | None) -> Mapping[str, str]:
    return error.lacking if isinstance(error, ProviderRequestError) else {}


def next_step(alias: str, attempts: Sequence[Attempt], retry_after: float | None) -> str:
    """Return the most useful thing to do about a call that no model answered.

    Args:
        alias: The alias.
        attempts: The outcome of each model.
        retry_after: Seconds after which the first model may answer, if known.
    """
    errors = [attempt.error for attempt in attempts if attempt.error is not None]
    if retry_after is not None:
        return f"retry after {max(1, round(retry_after))} s"
    for error in errors:
        if error.fix is not None:
            return f"{error.fix}, or one of the other keys" if _several_keys(errors) else error.fix
    for error in errors:
        if isinstance(error, ProviderAuthenticationError):
            return f"check the key and the account of {error.provider or 'the provider'}"
    capabilities = dict.fromkeys(name for each in errors for name in _lacking(each))
    wanted = [name for name in capabilities if name not in _LENGTHS]
    if wanted:
        return f"bind a model that has it: llmring list --supports {','.join(wanted)}"
    bind = f"bind another model: llmring bind {alias} PROVIDER:MODEL"
    for kind, fix in _BY_CLASS.items():
        if any(isinstance(error, kind) for error in errors):
            return fix.format(bind=bind)
    return f"retry later, or {bind}"


def _several_keys(errors: Sequence[ProviderError]) -> bool:
    """Return True if any of several keys would help, as every model lacks another one."""
    fixes = {each.fix for each in errors if isinstance(each, ProviderAuthenticationError)}
    return len(fixes) > 1 and all(
        isinstance(each, ProviderAuthenticationError) and each.fix is not None for each in errors
    )


# Checked in this order.
_BY_CLASS: Mapping[type[ProviderError], str] = {
    ContextLengthError: "shorten the messages, or {bind}",
    ProviderModelNotFoundError: "{bind}",
    ContentPolicyError: "change the request, or {bind}",
    ProviderRequestError: "change the request, or {bind}",
    ProviderTimeoutError: "allow more time, or {bind}",
    ProviderConnectionError: "check the network and the address, or {bind}",
}
