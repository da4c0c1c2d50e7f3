"""The list of models of Google's Gemini API.

https://ai.google.dev/api/models#method:-models.list
"""

from urllib.parse import quote

from msgspec import Struct

from llmring.dialects.dialect import ListedModel, Listing, Outgoing
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead

_PER_PAGE = 1000


class _GeminiModel(Struct, rename="camel"):
    name: str
    display_name: str | None = None
    input_token_limit: int | None = None
    output_token_limit: int | None = None


class _GeminiModelList(Struct, rename="camel"):
    models: list[_GeminiModel] = []
    next_page_token: str | None = None


def encode(mark: str | None) -> Outgoing:
    """Build the request for a page of models."""
    token = "" if mark is None else f"&pageToken={quote(mark, safe='')}"
    return Outgoing(f"/v1beta/models?pageSize={_PER_PAGE}{token}", method="GET")


def decode(head: HttpHead, body: bytes) -> tuple[list[ListedModel], str | None]:
    """Decode a page of models and the mark of the next page.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    reply = read_as(_GeminiModelList, head, body)
    return [_listed(model) for model in reply.models], reply.next_page_token or None


def _listed(model: _GeminiModel) -> ListedModel:
    return ListedModel(
        id=model.name.removeprefix("models/"),
        name=model.display_name,
        context_window=model.input_token_limit,
        max_output=model.output_token_limit,
    )


LISTING = Listing(encode=encode, decode=decode)
