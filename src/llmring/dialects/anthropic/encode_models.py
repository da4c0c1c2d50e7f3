"""The list of models and the count of tokens, as Anthropic's server answers them.

https://platform.claude.com/docs/en/api/models/list
https://platform.claude.com/docs/en/api/models/retrieve
https://platform.claude.com/docs/en/api/messages/count_tokens

Limits that are not known are null; a date that is not known is 1970-01-01.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from llmring.dialects.dialect import ListedModel
from llmring.dialects.request_decoding import RequestFormatError

USUAL_LIMIT = 20
MOST = 1000


def encode_models(models: Sequence[ListedModel], query: Mapping[str, str]) -> bytes:
    """Encode the page of models that a query asks for.

    Args:
        models: All models that the client may use, in the order of the list.
        query: The parameters of the address: `limit`, and `after_id` or `before_id`.

    Raises:
        RequestFormatError: A parameter is not possible, or names a model that the list lacks.
    """
    limit = _limit(query.get("limit"))
    after, before = query.get("after_id") or None, query.get("before_id") or None
    if after is not None and before is not None:
        raise RequestFormatError("give `after_id` or `before_id`, not both", "before_id")
    if before is not None:
        rest = models[: _place(models, before, "before_id")]
        page = rest[-limit:]
    else:
        first = 0 if after is None else _place(models, after, "after_id") + 1
        rest = models[first:]
        page = rest[:limit]
    body = {
        "data": [_model(model) for model in page],
        "has_more": len(rest) > len(page),
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }
    return msgspec.json.encode(body)


def encode_model(model: ListedModel) -> bytes:
    """Encode one model."""
    return msgspec.json.encode(_model(model))


def encode_count(tokens: int) -> bytes:
    """Encode the number of tokens of a request."""
    return msgspec.json.encode({"input_tokens": tokens})


def _limit(given: str | None) -> int:
    if given is None:
        return USUAL_LIMIT
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MOST:
        raise RequestFormatError(f"limit: Input should be an integer from 1 to {MOST}", "limit")
    return int(given)


def _place(models: Sequence[ListedModel], id_: str, field: str) -> int:
    for place, model in enumerate(models):
        if model.id == id_:
            return place
    raise RequestFormatError(f"{field}: unknown model {id_!r:.100}", field)


def _model(model: ListedModel) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name or model.id,
        "created_at": _date(model.created or 0),
        "lifecycle": "active",
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output,
        "capabilities": None,
    }


def _date(seconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        # Some servers report other units.
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat().replace("+00:00", "Z")
