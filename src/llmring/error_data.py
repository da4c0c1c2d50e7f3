"""The plain data of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmring.plain_data import EncodedFields, PlainData, plain
from llmring.redaction import redact

# What happened, by the class that adds it.
_FACTS: Mapping[str, tuple[str, ...]] = {
    "LLMRingError": ("type", "message"),
    "SchemaValidationError": ("content", "problems"),
    "LockfileError": ("line", "column"),
    "LimitExceededError": ("retry_after",),
    "BudgetExceededError": ("limit", "spent", "estimate"),
    "MissingAliasesError": ("missing",),
    "ProviderError": (
        *("provider", "model", "status", "code", "request_id", "provider_message"),
        "retry_after",
    ),
    "ProviderTimeoutError": ("stalled_for",),
    "ProviderConnectionError": ("reached",),
    "ProviderRequestError": ("lacking",),
}

# What led to it. An attempt has its error without these, because the error has the attempts.
_CONTEXT: Mapping[str, tuple[str, ...]] = {
    "SchemaValidationError": ("response",),
    "LockfileError": ("path",),
    "TooManyTurnsError": ("messages",),
    "LimitExceededError": ("attempts", "messages"),
    "ProviderError": ("attempts", "messages"),
    "AllModelsFailedError": ("exceptions",),
}


class ErrorData(PlainData):
    """An error that turns into plain data."""

    __dataclass_fields__ = EncodedFields()

    @property
    def type(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the error as plain data, which `json.dumps` takes as it is."""
        return {**self._inside(), **_named(self, _collected(self, _CONTEXT))}

    def _inside(self) -> dict[str, Any]:
        return _named(self, self._encoded_fields())

    def _encoded_fields(self) -> tuple[str, ...]:
        return _collected(self, _FACTS)


def _named(error: ErrorData, names: Sequence[str]) -> dict[str, Any]:
    """Return these attributes of an error as plain data, keys masked in their texts."""
    found = {name: plain(getattr(error, name)) for name in names}
    return {
        name: redact(value) if isinstance(value, str) else value for name, value in found.items()
    }


def _collected(error: ErrorData, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return what the table has for the classes of an error, those of the bases first."""
    kinds = reversed(type(error).__mro__)
    names = [name for kind in kinds for name in table.get(kind.__name__, ())]
    return tuple(dict.fromkeys(names))
