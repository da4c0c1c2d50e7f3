"""Replies that come by a vendor's batch."""

import pytest

from fake_batches import whole
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.client.operations.batch_replies import batch_reply
from llmring.dialects.openai_chat.encode_reply import ENCODING as CHAT
from llmring.exceptions import ProviderRateLimitError, ProviderResponseError, SchemaValidationError
from llmring.wire import HttpHead
from priced import target

HEAD = HttpHead(200, {"content-type": "application/json"})
ASKED = parse_request(LLMRequest("a", [Message("user", "?")]))


def test_a_reply_is_read_as_that_of_a_call() -> None:
    response = batch_reply(ASKED, target("m"), HEAD, whole(CHAT, "hello"))

    assert (response.content, response.finish_reason, response.cost) == ("hello", "stop", None)


def test_a_reply_with_an_error_status_is_its_error() -> None:
    with pytest.raises(ProviderRateLimitError):
        batch_reply(ASKED, target("m"), HttpHead(429, {}), b'{"error":{"message":"slow"}}')


def test_an_empty_answer_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="empty"):
        batch_reply(ASKED, target("m"), HEAD, whole(CHAT, ""))


def test_an_answer_is_checked_against_its_form_and_not_repaired() -> None:
    request = LLMRequest("a", [Message("user", "?")], response_format={"type": "json_object"})

    with pytest.raises(SchemaValidationError, match="not repaired"):
        batch_reply(parse_request(request), target("m"), HEAD, whole(CHAT, "no JSON"))
