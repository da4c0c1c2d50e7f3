"""The place of the ledger that commands read."""

from __future__ import annotations

from pathlib import Path

from llmring.exceptions import ConfigurationError


def ledger_place() -> Path | str:
    """Return the path or database URL of the ledger.

    Raises:
        ConfigurationError: The ledger is off.
    """
    from llmring.client.settings import read_settings

    place = read_settings().ledger
    if place is None:
        raise ConfigurationError(
            "the ledger is off: LLMRING_LEDGER disables it, or the home folder is missing; unset "
            "LLMRING_LEDGER, or set LLMRING_LEDGER_URL"
        )
    return place
