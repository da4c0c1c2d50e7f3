"""First aliases of a new lockfile: models for the keys that are set, and local ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmring.local import llama
from llmring.lockfile.edit.starter import Suggestion
from llmring.registry.cache import newest
from llmring.registry.suggest import suggestions

if TYPE_CHECKING:
    from llmring.config.settings import Settings


def keys_set(settings: Settings) -> list[str]:
    """Return the providers whose keys are set."""
    return [name for name, endpoint in settings.endpoints.items() if endpoint.key_in_use]


def first_aliases(settings: Settings) -> list[Suggestion]:
    """Return the aliases of a new lockfile.

    If a local model and its runtime are installed, it gets the alias `local`. No other alias falls
    back to it, because its answers can't replace theirs.
    """
    chosen = suggestions(newest(settings.cache_dir), keys_set(settings), settings.clock.today())
    here = llama.models(settings.local_model, settings.cache_dir)
    if here and llama.is_installed():
        comment = "a model on this machine, for trying things out: no key, no network, no cost"
        chosen.append(Suggestion("local", (f"local:{here[0].name}",), comment))
    return chosen
