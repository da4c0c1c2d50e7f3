"""The ledger that commands read."""

from __future__ import annotations

from pathlib import Path

from llmring.exceptions import ConfigurationError


def ledger_place() -> Path | str:
    """Where the ledger is.

    Raises:
        ConfigurationError: There is none.
    """
    from llmring.client.settings import read_settings

    place = read_settings().ledger
    if place is None:
        raise ConfigurationError(
            "no ledger is kept: LLMRING_LEDGER turns it off, or there is no home folder; unset "
            "it, or set LLMRING_LEDGER_URL"
        )
    return place
