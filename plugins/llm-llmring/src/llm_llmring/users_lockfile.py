"""The lockfile and the keys that llm's models use."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import llm

from llmring import LLMRing
from llmring.cli.trust_check import require_consent
from llmring.providers.table import PROVIDERS

NAME = "llmring.lock"

# The names of stored keys that differ from those of providers, as llm's plugins use them.
_OTHER_NAMES = {"gemini": "google"}


def open_ring() -> LLMRing:
    """Return a ring with the lockfile that the user means, and with the keys that llm stores.

    It is the one that LLMRING_LOCKFILE_PATH names, `./llmring.lock`, the one in llm's own folder
    (next to `keys.json`), or the one that comes with llmring.

    Raises:
        LLMRingError: The lockfile can't be read, or a variable can't be used.
    """
    return LLMRing(_users_own(), environ={**os.environ, **_stored_keys()})


def require_trust(ring: LLMRing) -> None:
    """Check that the user agrees to where a lockfile that was found here sends keys.

    llm runs in any folder, as llmring's own commands do, and asks in the same way.

    Args:
        ring: The ring with the lockfile.

    Raises:
        ConfigurationError: The user has not agreed.
    """
    if ring.lockfile_source == "folder":
        require_consent(argparse.Namespace(file=None, trust=False))


def _users_own() -> Path | None:
    """Return the lockfile in llm's folder, unless another one is named or here."""
    if os.environ.get("LLMRING_LOCKFILE_PATH") or os.path.lexists(NAME):
        return None
    own = Path(llm.user_dir()) / NAME
    return own if own.exists() else None


def _stored_keys() -> dict[str, str]:
    """Return the keys of `llm keys set` as variables, for providers whose variables are not set."""
    found = {}
    for name, key in llm.load_keys().items():
        provider = PROVIDERS.get(_OTHER_NAMES.get(name, name))
        variables = provider.key_env if provider else ()
        if variables and not any(map(os.environ.get, variables)):
            found[variables[0]] = str(key)
    return found
