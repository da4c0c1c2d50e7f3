"""The keys of a lockfile, and what each may hold."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct


class Shape(Struct, frozen=True):
    """What a key may hold.

    Attributes:
        types: The types that tomllib gives for it.
        noun: What that is called.
        example: How it is written.
    """

    types: tuple[type, ...]
    noun: str
    example: str


_ANYTHING = Shape((object,), "anything", "")
_TABLE = Shape((dict,), "a table", "{ }")
_TIME = Shape((str, date), "a time", "2026-01-31T12:00:00Z")


def _text(example: str) -> Shape:
    return Shape((str,), "a text", f'"{example}"')


# Read by the router; their shapes are checked where they are used.
_POLICY = dict.fromkeys(
    (
        "daily_budget",
        "faults",
        "hedge_after",
        "max_concurrency",
        "max_cost_per_request",
        "max_price_ratio",
        "min_context",
        "mode",
        "needs",
        "on_stream_failure",
        "policy",
        "retries",
        "rpm",
        "stall_timeout",
        "strategy",
        "timeout",
        "tpm",
        "weights",
    ),
    _ANYTHING,
)

FILE: Mapping[str, Shape] = {
    "version": _text("1.0"),
    "default_profile": _text("default"),
    "profiles": _TABLE,
    "extends": _TABLE,
    "providers": _TABLE,
    "registry": _TABLE,
    "metadata": _TABLE,
    "created_at": _TIME,
    "updated_at": _TIME,
}

EXTENDS: Mapping[str, Shape] = {
    "packages": Shape((list,), "a list of package names", '["mylibrary"]'),
}

PROFILE: Mapping[str, Shape] = {
    "name": _text("dev"),
    "extends": _text("default"),
    "bindings": Shape((list,), "a list of tables", "[[profiles.default.bindings]]"),
    "registry_versions": _TABLE,
    "metadata": _TABLE,
    **_POLICY,
}

BINDING: Mapping[str, Shape] = {
    "alias": _text("fast"),
    "models": Shape((list, str), "a list of models", '["openai:gpt-4o-mini"]'),
    "constraints": _TABLE,
    "metadata": _TABLE,
    **_POLICY,
}
