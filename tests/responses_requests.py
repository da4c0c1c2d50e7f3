"""Requests in the format of Responses, read and sent again."""

import json
from typing import Any

import msgspec

from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_responses.decode_request import decode_request
from llmring.dialects.openai_responses.dialect import DIALECT
from llmring.dialects.request_decoding import ClientRequest


def read(body: dict[str, Any]) -> ClientRequest:
    return decode_request(json.dumps(body).encode(), {})


def sent_again(client: ClientRequest) -> dict[str, Any]:
    """The body that is sent to a server of the same API."""
    request = parse_request(client.request)
    request = msgspec.structs.replace(
        request, extra_params=dict(client.own), one_call=client.one_call
    )
    return DIALECT.encode(
        request, client.model, stream=client.stream, quirks=Quirks(any_schema=True)
    ).payload


def plain(client: ClientRequest) -> dict[str, Any]:
    """The request without differences of form that have no meaning.

    A text is the same as a list with this text, and instructions are a message.
    """
    parsed = parse_request(client.request)
    fields = {name: getattr(parsed, name) for name in ParsedRequest.__struct_fields__}
    del fields["given"]
    fields["turns"] = [
        (turn.role, list(turn.parts), list(turn.calls), turn.tool_call_id) for turn in parsed.turns
    ]
    return {
        **fields,
        "model": client.model,
        "stream": client.stream,
        "own": client.own,
        "one_call": client.one_call,
        # Instructions move the paths.
        "required": len(client.required_own),
        "conversation": client.conversation,
    }
