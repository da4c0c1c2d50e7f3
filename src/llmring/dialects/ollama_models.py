"""The list of models that an Ollama server has.

https://docs.ollama.com/api/tags
"""

from msgspec import Struct

from llmring.dialects.dialect import ListedModel, Listing, Outgoing, read_as
from llmring.wire import HttpHead


class _Model(Struct):
    name: str = ""
    model: str = ""


class _Reply(Struct):
    models: list[_Model]


def encode(mark: str | None) -> Outgoing:  # noqa: ARG001 -- all come on one page
    """The request for the models."""
    return Outgoing("/api/tags", method="GET")


def decode(head: HttpHead, body: bytes) -> tuple[list[ListedModel], str | None]:
    """The models; there is no further page.

    Raises:
        ProviderResponseError: The reply is something else.
    """
    reply = read_as(_Reply, head, body)
    return [ListedModel(id=model.model or model.name) for model in reply.models], None


LISTING = Listing(encode=encode, decode=decode)
