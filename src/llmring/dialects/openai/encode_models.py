"""The list of models as OpenAI's server answers it, and one model of it.

https://developers.openai.com/api/reference/resources/models/methods/list
https://developers.openai.com/api/reference/resources/models/methods/retrieve

OpenAI reports no name to show and no limits; these go into the fields that compatible servers have.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmring.dialects.dialect import ListedModel
from llmring.dialects.reply_encoding import Json

OWNER = "llmring"


def encode_models(models: Sequence[ListedModel], owner: str = OWNER) -> bytes:
    """Encode the list of models.

    Args:
        models: The models.
        owner: The organization that the list names as their owner.
    """
    return msgspec.json.encode({"object": "list", "data": [_model(each, owner) for each in models]})


def encode_model(model: ListedModel, owner: str = OWNER) -> bytes:
    """Encode one model.

    Args:
        model: The model.
        owner: The organization to name as its owner.
    """
    return msgspec.json.encode(_model(model, owner))


def _model(model: ListedModel, owner: str) -> Json:
    # https://openrouter.ai/docs/api-reference/list-available-models
    known = {
        "display_name": model.name,
        "context_length": model.context_window,
        "max_completion_tokens": model.max_output,
    }
    return {
        "id": model.id,
        "object": "model",
        "created": model.created or 0,
        "owned_by": owner,
        **{name: value for name, value in known.items() if value is not None},
    }
