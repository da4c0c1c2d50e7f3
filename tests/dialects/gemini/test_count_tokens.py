"""Google's endpoint that counts tokens."""

import pytest

from llmring import LLMRequest, Message, ProviderResponseError
from llmring.chat.parsed_request import parse_request
from llmring.dialects.dialect import Quirks
from llmring.dialects.gemini.count_tokens import decode
from llmring.dialects.gemini.dialect import DIALECT
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


@pytest.mark.parametrize(("model", "name"), [("m", "models/m"), ("tunedModels/m",) * 2])
def test_the_whole_request_is_counted_and_repeats_its_model(model: str, name: str) -> None:
    assert DIALECT.counting is not None
    request = parse_request(
        LLMRequest(messages=[Message("system", "Be brief"), Message("user", "Hi")])
    )
    sent = DIALECT.counting.encode(request, model, Quirks())
    whole = DIALECT.encode(request, model, stream=False, quirks=Quirks()).payload

    assert sent.path == f"/v1beta/{name}:countTokens"
    assert sent.payload == {"generateContentRequest": {"model": name, **whole}}


def test_the_number_of_tokens_is_read() -> None:
    assert decode(HEAD, b'{"totalTokens": 17, "cachedContentTokenCount": 3}') == 17


@pytest.mark.parametrize("body", [b"", b"{}", b'{"total_tokens": 17}'])
def test_another_reply_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, body)
