"""Anthropic's list of models.

https://platform.claude.com/docs/en/api/models/list
"""

from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from llmring.dialects.dialect import ListedModel, Listing, Outgoing
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead

_PER_PAGE = 1000


class _AnthropicModel(Struct):
    id: str
    display_name: str | None = None
    created_at: datetime | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None


class _AnthropicModelList(Struct):
    data: list[_AnthropicModel]
    has_more: bool = False
    last_id: str | None = None


def encode(mark: str | None) -> Outgoing:
    """Build the request for a page of models; `mark` is the last model of the previous page."""
    after = "" if mark is None else f"&after_id={quote(mark, safe='')}"
    return Outgoing(f"/v1/models?limit={_PER_PAGE}{after}", method="GET")


def decode(head: HttpHead, body: bytes) -> tuple[list[ListedModel], str | None]:
    """Decode a page of models and the mark of the next page.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    reply = read_as(_AnthropicModelList, head, body)
    models = [_listed(model) for model in reply.data]
    return models, reply.last_id if reply.has_more else None


def _listed(model: _AnthropicModel) -> ListedModel:
    # The API reports an unknown date as 1970-01-01.
    created = int(model.created_at.timestamp()) if model.created_at else 0
    return ListedModel(
        id=model.id,
        name=model.display_name,
        created=created or None,
        context_window=model.max_input_tokens or None,
        max_output=model.max_tokens or None,
    )


LISTING = Listing(encode=encode, decode=decode)
