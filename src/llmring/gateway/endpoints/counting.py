"""The counts of a request's tokens, by the provider that would serve it or else estimated."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import OwnFields, parse_request
from llmring.dialects.anthropic.decode_request import decode_count
from llmring.dialects.anthropic.encode_models import encode_count as messages_count
from llmring.dialects.gemini.decode_request import decode_counting
from llmring.dialects.gemini.encode_models import encode_count as gemini_count
from llmring.dialects.openai_responses.count_tokens import encode_count as responses_count
from llmring.dialects.openai_responses.decode_request import decode_request as decode_responses
from llmring.dialects.request_decoding import DecodeRequest
from llmring.gateway.answer_headers import header_text, name_headers
from llmring.gateway.chats.named_servers import check_named_servers
from llmring.gateway.endpoints.models import JSON_HEADERS
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.naming import called, client_wishes
from llmring.gateway.refusals import NotSupportedError
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import Wire

# A client waits for the count before it sends the request; an estimate in time is of more use.
SECONDS = 15.0


class _CountForm(Struct, frozen=True):
    """The form of an API's requests for a count, and of its answers."""

    decode: DecodeRequest
    encode: Callable[[int], bytes]


_FORMS = {
    "messages": _CountForm(decode_count, messages_count),
    "gemini": _CountForm(decode_counting, gemini_count),
    "responses": _CountForm(decode_responses, responses_count),
}


async def answer_count(
    gateway: Gateway, wire: Wire, request: GatewayRequest, *, model: str | None = None
) -> GatewayAnswer:
    """Answer with the input tokens of a request; `x-llmring-count` is "exact" or "estimate".

    Limits of the lockfile do not count these calls, so they never wait for chats.

    Args:
        gateway: The gateway.
        wire: The API of the client.
        request: The request.
        model: The model's name, where the API has it in the path.

    Raises:
        NotSupportedError: The API has no such endpoint.
        RequestFormatError: The body, or a header, is not what the API accepts.
        RefusedCallError: As for `called`.
    """
    form = _FORMS.get(wire.name)
    if form is None:
        raise NotSupportedError(f"the API {wire.name} has no endpoint that counts tokens")
    client = form.decode(request.body, request.headers)
    name = called(gateway, wire, request, client.model if model is None else model)
    seconds = client_wishes(request.headers).seconds_within(SECONDS)
    own = OwnFields(dialect=wire.dialect.name, fields=client.own, required=client.required_own)
    question = msgspec.structs.replace(
        parse_request(client.request), model=name.name, timeout=seconds, own=own
    )
    check_named_servers(question, gateway.table.allow)
    count = await gateway.ring.count_parsed(question, name.profile)
    headers = {
        "x-llmring-count": "exact" if count.exact else "estimate",
        "x-llmring-model": header_text(count.model),
        **name_headers(name.alias, name.profile),
    }
    return GatewayAnswer(headers={**JSON_HEADERS, **headers}, body=form.encode(count.tokens))
