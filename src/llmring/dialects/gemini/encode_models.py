"""The list of models as Google's Gemini API answers it, and the count of a request's tokens.

https://ai.google.dev/api/models#method:-models.list
https://ai.google.dev/api/models#method:-models.get
https://ai.google.dev/api/tokens#method:-models.counttokens
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from llmring.dialects.dialect import ListedModel
from llmring.dialects.request_decoding import RequestFormatError

# "If unspecified, at most 50 models will be returned per page", and never more than 1000.
_PER_PAGE = 50
_MOST_PER_PAGE = 1000

_ANSWERS = ("generateContent", "countTokens")
_EMBEDS = ("embedContent", "batchEmbedContents")


def encode_models(
    models: Sequence[ListedModel],
    *,
    embedding: Collection[str] = (),
    page_size: int | None = None,
    page_token: str | None = None,
) -> bytes:
    """Encode a page of models.

    Args:
        models: All models, in their order.
        embedding: The IDs of those that make embeddings.
        page_size: The most models on the page, as the client asks for it.
        page_token: The token of an earlier page, of which this is the next.

    Raises:
        RequestFormatError: No page has this token, or the size is negative.
    """
    if page_size is not None and page_size < 0:
        raise RequestFormatError("pageSize must not be negative", "pageSize")
    first = 0
    if page_token:
        # The first model of the page, so that a list which grows skips and repeats none.
        ids = [model.id for model in models]
        if page_token not in ids:
            raise RequestFormatError("pageToken is not that of a page", "pageToken")
        first = ids.index(page_token)
    end = first + min(page_size or _PER_PAGE, _MOST_PER_PAGE)
    page: dict[str, Any] = {
        "models": [_model(each, each.id in embedding) for each in models[first:end]]
    }
    if end < len(models):
        page["nextPageToken"] = models[end].id
    return msgspec.json.encode(page)


def encode_model(model: ListedModel, *, embeds: bool = False) -> bytes:
    """Encode one model.

    Args:
        model: The model.
        embeds: True if it makes embeddings, not answers.
    """
    return msgspec.json.encode(_model(model, embeds))


def encode_count(tokens: int, cached: int = 0) -> bytes:
    """Encode the count of a request's tokens.

    Args:
        tokens: All of them.
        cached: Those in content that is stored.
    """
    further = {"cachedContentTokenCount": cached} if cached else {}
    return msgspec.json.encode({"totalTokens": tokens, **further})


def _model(model: ListedModel, embeds: bool) -> dict[str, Any]:
    fields = {
        "name": f"models/{model.id}",
        "baseModelId": model.id,
        "version": "001",
        "displayName": model.name or model.id,
        "inputTokenLimit": model.context_window,
        "outputTokenLimit": model.max_output,
        "supportedGenerationMethods": _EMBEDS if embeds else _ANSWERS,
    }
    return {name: value for name, value in fields.items() if value is not None}
