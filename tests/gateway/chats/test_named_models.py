"""Further models that a request names."""

import json
from typing import Any

import pytest

from llmring.chat.parsed_request import ParsedRequest
from llmring.gateway.chats.named_models import check_named_models
from llmring.gateway.refusals import ForbiddenError
from llmring.gateway.wires import CHAT, MESSAGES, RESPONSES, Wire

BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"input": "Hi"},
    "messages": {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
}


def parsed(wire: Wire, **fields: Any) -> ParsedRequest:
    body = json.dumps({"model": "fast", **BODIES[wire.name], **fields}).encode()
    return wire.dialect.request_decoding()(body, {}).parsed(wire.dialect.name)


@pytest.mark.parametrize("wire", [CHAT, RESPONSES, MESSAGES], ids=lambda wire: wire.name)
@pytest.mark.parametrize(
    "fields",
    [
        {"models": ["dear/model"]},
        {"fallbacks": [{"model": "dear"}]},
        {"providerOptions": {"gateway": {"models": ["dear/model"]}}},
    ],
)
def test_g162_a_client_that_may_call_no_model_directly_names_no_further_ones(
    wire: Wire, fields: dict[str, Any]
) -> None:
    with pytest.raises(ForbiddenError):
        check_named_models(parsed(wire, **fields), direct=False)
    check_named_models(parsed(wire, **fields), direct=True)


@pytest.mark.parametrize("fields", [{}, {"models": []}, {"providerOptions": {"gateway": {}}}])
def test_other_fields_are_no_models(fields: dict[str, Any]) -> None:
    check_named_models(parsed(CHAT, **fields), direct=False)
