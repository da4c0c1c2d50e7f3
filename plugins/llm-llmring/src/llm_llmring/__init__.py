"""The aliases of a llmring lockfile as models of llm (https://llm.datasette.io/)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import llm

from llm_llmring.alias_models import AliasModel, AsyncAliasModel
from llm_llmring.users_lockfile import open_ring
from llmring import LLMRingError

__version__ = "2.0.0"

PREFIX = "llmring/"

_log = logging.getLogger("llmring")


# Last, so that the names of all other models are known.
@llm.hookimpl(trylast=True)
def register_models(
    register: Callable[..., None], model_aliases: Sequence[llm.models.ModelWithAliases]
) -> None:
    """Register each alias of the lockfile as a model: "fast" as llmring/fast, and as fast.

    The short name is left out if another model has it. A lockfile that can't be read only logs a
    warning, since llm has other models.

    Args:
        register: Registers a model with its asynchronous twin and its other names.
        model_aliases: The models of other plugins.
    """
    try:
        ring = open_ring()
        aliases = [*ring.list_aliases()]
    except LLMRingError as error:
        _log.warning("llm-llmring has no models: %s", error)
        return
    taken = {name for each in model_aliases for name in _names(each)}
    for alias in aliases:
        model_id = f"{PREFIX}{alias}"
        register(
            AliasModel(model_id, alias, ring),
            AsyncAliasModel(model_id, alias, ring),
            aliases=() if alias in taken else (alias,),
        )


def _names(registered: llm.models.ModelWithAliases) -> list[str]:
    # A plugin may register only one of the two.
    models = filter(None, (registered.model, registered.async_model))
    return [*(each.model_id for each in models), *registered.aliases]
