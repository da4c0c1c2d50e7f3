"""The list of models on an Ollama server.

https://docs.ollama.com/api/tags
"""

from msgspec import Struct

from llmring.dialects.dialect import ListedModel, Listing, Outgoing
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead


class _OllamaModel(Struct):
    name: str = ""
    model: str = ""


class _OllamaModelList(Struct):
    models: list[_OllamaModel]


def encode(mark: str | None) -> Outgoing:  # noqa: ARG001 -- there is only one page
    """Build the request for the models."""
    return Outgoing("/api/tags", method="GET")


def decode(head: HttpHead, body: bytes) -> tuple[list[ListedModel], str | None]:
    """Decode the models, which are all on one page.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    reply = read_as(_OllamaModelList, head, body)
    return [ListedModel(id=model.model or model.name) for model in reply.models], None


LISTING = Listing(encode=encode, decode=decode)
