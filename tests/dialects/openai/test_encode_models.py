"""The list of models that a server with OpenAI's API answers."""

from __future__ import annotations

import msgspec

from llmring.dialects.dialect import ListedModel
from llmring.dialects.openai.encode_models import encode_model, encode_models
from llmring.dialects.openai.models import decode
from llmring.wire import HttpHead

WHOLE = ListedModel(id="fast", name="Fast", created=5, context_window=1000, max_output=100)
BARE = ListedModel(id="openai:gpt-4o")


def test_a_model_has_the_fields_of_the_api_and_of_compatible_servers() -> None:
    assert msgspec.json.decode(encode_model(WHOLE, "me")) == {
        "id": "fast",
        "object": "model",
        "created": 5,
        "owned_by": "me",
        "display_name": "Fast",
        "context_length": 1000,
        "max_completion_tokens": 100,
    }
    assert msgspec.json.decode(encode_model(BARE)) == {
        "id": "openai:gpt-4o",
        "object": "model",
        "created": 0,
        "owned_by": "llmring",
    }


def test_the_library_reads_the_list_as_it_was() -> None:
    assert decode(HttpHead(200, {}), encode_models([WHOLE, BARE])) == ([WHOLE, BARE], None)
    assert decode(HttpHead(200, {}), encode_models([])) == ([], None)
