"""The list of models of OpenAI and compatible servers.

https://developers.openai.com/api/reference/resources/models/methods/list
"""

import msgspec
from msgspec import Struct

from llmring.dialects.dialect import ListedModel, Listing, Outgoing
from llmring.dialects.error_response import unreadable
from llmring.wire import HttpHead


class _OpenAIModel(Struct):
    id: str
    created: int | float | None = None
    name: str | None = None
    display_name: str | None = None
    # OpenAI reports no limits; others do, each in a field of its own: OpenRouter and Together,
    # Groq, vLLM, Mistral and LM Studio.
    context_length: int | None = None
    context_window: int | None = None
    max_model_len: int | None = None
    max_context_length: int | None = None
    max_completion_tokens: int | None = None


class _OpenAIModelList(Struct):
    data: list[_OpenAIModel]


def encode(mark: str | None) -> Outgoing:  # noqa: ARG001 -- there is only one page
    """Build the request for the models."""
    return Outgoing("/models", method="GET")


def decode(head: HttpHead, body: bytes) -> tuple[list[ListedModel], str | None]:
    """Decode the models, which are all on one page.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    try:
        # Together sends the list without an object around it.
        reply = msgspec.json.decode(body, type=_OpenAIModelList | list[_OpenAIModel])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fault = unreadable(head, body, str(error))
    else:
        models = reply if isinstance(reply, list) else reply.data
        return [_listed(model) for model in models], None
    raise fault


def _listed(model: _OpenAIModel) -> ListedModel:
    return ListedModel(
        id=model.id,
        name=model.display_name or model.name,
        created=int(model.created) if model.created else None,
        context_window=(
            model.context_length
            or model.context_window
            or model.max_model_len
            or model.max_context_length
        ),
        max_output=model.max_completion_tokens,
    )


LISTING = Listing(encode=encode, decode=decode)
