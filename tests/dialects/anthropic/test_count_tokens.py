"""Anthropic's endpoint that counts tokens."""

import pytest

from llmring import LLMRequest, ProviderResponseError
from llmring.chat.parsed_request import parse_request
from llmring.dialects.anthropic.count_tokens import decode
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Outgoing, Quirks
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def sent(request: LLMRequest) -> Outgoing:
    assert DIALECT.counting is not None
    return DIALECT.counting.encode(parse_request(request), "m", Quirks())


def test_only_fields_that_have_tokens_are_sent() -> None:
    request = LLMRequest(
        messages="Hi", temperature=0.5, max_tokens=9, tools=[{"name": "f", "input_schema": {}}]
    )
    counted = sent(request)
    whole = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).payload

    assert counted.path == "/v1/messages/count_tokens"
    assert counted.payload.keys() < whole.keys()
    assert {"model", "tools"} <= counted.payload.keys()
    assert {"temperature", "max_tokens", "max_output_tokens"}.isdisjoint(counted.payload)
    assert all(whole[name] == value for name, value in counted.payload.items())


def test_the_number_of_tokens_is_read() -> None:
    assert decode(HEAD, b'{"input_tokens": 17}') == 17


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input_tokens": "17"}'])
def test_another_reply_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, body)
