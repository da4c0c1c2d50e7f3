"""The vendors' own clients read our lists of models and vectors, and their requests are read."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from llmring.chat.events import Finished, TextDelta, Usage
from llmring.chat.parts import ImagePart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import Tool
from llmring.dialects.dialect import ListedModel
from llmring.dialects.ollama import decode_embeddings as ollama_decode_embeddings
from llmring.dialects.ollama import encode_embeddings as ollama_encode_embeddings
from llmring.dialects.ollama import encode_models as ollama_models
from llmring.dialects.ollama.decode_request import decode as decode_ollama
from llmring.dialects.ollama.encode_reply import PROMPT_ENCODING
from llmring.dialects.openai import decode_embeddings as openai_decode_embeddings
from llmring.dialects.openai import encode_embeddings as openai_encode_embeddings
from llmring.dialects.openai import encode_models as openai_models
from llmring.dialects.openai_chat.decode_request import decode as decode_chat
from llmring.dialects.reply_encoding import Envelope

httpx = pytest.importorskip("httpx")
ollama = pytest.importorskip("ollama")
openai = pytest.importorskip("openai")

FAST = ListedModel(id="fast", name="Fast", created=1_700_000_000, context_window=1000)
SLOW = ListedModel(id="slow")
VECTORS = [[0.5, -2.5], [0.25, 3.0]]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()


def exchanged(library: str, call: Callable[[Any], object], body: bytes) -> tuple[Any, bytes]:
    """Return what a client makes of a reply, and the body of its request."""
    sent: list[bytes] = []

    def answer(request: Any) -> Any:
        sent.append(request.content)
        return httpx.Response(200, content=body, headers={"content-type": "application/json"})

    transport = httpx.MockTransport(answer)
    if library == "ollama":
        client = ollama.Client(transport=transport)
    else:
        client = openai.OpenAI(
            api_key="a-key-that-opens-nothing", http_client=httpx.Client(transport=transport)
        )
    result = call(client)
    return result, sent[0]


def test_openai_s_client_reads_the_list_and_one_model() -> None:
    body = openai_models.encode_models([FAST, SLOW])
    found, _ = exchanged("openai", lambda client: list(client.models.list()), body)
    one, _ = exchanged(
        "openai", lambda client: client.models.retrieve("fast"), openai_models.encode_model(FAST)
    )

    assert [(each.id, each.object, each.owned_by) for each in found] == [
        ("fast", "model", "llmring"),
        ("slow", "model", "llmring"),
    ]
    assert (one.id, one.created) == ("fast", 1_700_000_000)
    type(one).model_validate_json(openai_models.encode_model(FAST), strict=True)


@pytest.mark.parametrize("form", [None, "float", "base64"])
def test_openai_s_client_reads_the_vectors_in_the_form_that_it_asks_for(form: str | None) -> None:
    asked = {} if form is None else {"encoding_format": form}
    # Without a form, the client asks for base64 and decodes it.
    body = openai_encode_embeddings.encode_embeddings(
        VECTORS, "small", Usage(prompt_tokens=7), in_base64=form != "float"
    )
    reply, sent = exchanged(
        "openai",
        lambda client: client.embeddings.create(model="small", input=["Hi", "you"], **asked),
        body,
    )
    request = openai_decode_embeddings.decode(sent, {})

    assert (request.model, request.texts) == ("small", ["Hi", "you"])
    assert request.base64 is (form != "float")
    assert (reply.model, reply.usage.prompt_tokens) == ("small", 7)
    if form != "base64":
        assert [each.embedding for each in reply.data] == VECTORS


def test_ollama_s_client_reads_the_lists() -> None:
    tags, _ = exchanged(
        "ollama", lambda client: client.list(), ollama_models.encode_tags([FAST, SLOW])
    )
    running, _ = exchanged(
        "ollama", lambda client: client.ps(), ollama_models.encode_running([FAST], 60)
    )

    assert [each.model for each in tags.models] == ["fast:latest", "slow:latest"]
    assert [each.modified_at.timestamp() for each in tags.models] == [1_700_000_000, 0]
    [loaded] = running.models
    assert (loaded.name, loaded.context_length) == ("fast:latest", 1000)
    assert loaded.expires_at.timestamp() == 60


def test_ollama_s_client_reads_one_model() -> None:
    body = ollama_models.encode_show(FAST, ["completion", "tools"])
    shown, sent = exchanged("ollama", lambda client: client.show("fast"), body)

    assert sent == b'{"model":"fast"}'
    assert shown.capabilities == ["completion", "tools"]
    assert shown.modelinfo["llmring.context_length"] == 1000


def test_ollama_s_client_reads_the_vectors() -> None:
    body = ollama_encode_embeddings.encode_embeddings(VECTORS, "small", Usage(prompt_tokens=7))
    reply, sent = exchanged("ollama", lambda client: client.embed("small", ["Hi", "you"]), body)

    assert ollama_decode_embeddings.decode(sent, {}).texts == ["Hi", "you"]
    assert [list(each) for each in reply.embeddings] == VECTORS
    assert reply.prompt_eval_count == 7


# --- Chats ---


def look(a: int) -> str:
    """Look.

    Args:
        a: The place.
    """
    return str(a)


def test_a_chat_of_ollama_s_client_is_read() -> None:
    history: list[dict[str, Any]] = [
        {"role": "user", "content": "Look", "images": [PNG]},
        {
            "role": "assistant",
            "tool_calls": [{"function": {"name": "look", "arguments": {"a": 1}}}],
        },
        {"role": "tool", "content": "x", "tool_name": "look"},
    ]
    options = {"temperature": 0, "num_ctx": 4096}
    _, sent = exchanged(
        "ollama",
        lambda client: client.chat("fast", history, tools=[look], options=options),
        b'{"model": "fast", "done": true, "message": {"role": "assistant", "content": "Hi"}}',
    )
    request = decode_ollama(sent, {})

    [tool] = request.request.toolset()
    assert isinstance(tool, Tool)
    assert (tool.name, tool.description) == ("look", "Look.")
    assert tool.parameters["properties"]["a"]["type"] == "integer"
    call = {"id": "", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    assert request.request.messages == [
        Message("user", [ImagePart(data=PNG, media_type="image/png"), TextPart("Look")]),
        Message("assistant", None, tool_calls=[call]),
        Message("tool", "x", name="look"),
    ]
    assert (request.stream, request.own) == (False, {"options": {"num_ctx": 4096}})


def test_a_prompt_of_ollama_s_client_is_read_and_answered() -> None:
    reply, sent = exchanged(
        "ollama",
        lambda client: client.generate("fast", "Hello", system="Be kind.", images=[PNG]),
        PROMPT_ENCODING.whole([TextDelta("Hi"), Finished("stop", "")], Envelope(model="m")),
    )
    request = decode_ollama(sent, {})

    assert request.request.messages == [
        Message("system", "Be kind."),
        Message("user", [ImagePart(data=PNG, media_type="image/png"), TextPart("Hello")]),
    ]
    assert (request.stream, request.own, request.required_own) == (False, {}, ())
    assert (reply.model, reply.response, reply.done_reason) == ("m", "Hi", "stop")


def test_a_chat_of_openai_s_client_is_read() -> None:
    schema = {"type": "object", "properties": {}}
    function = {"name": "look", "strict": True, "parameters": schema}
    _, sent = exchanged(
        "openai",
        lambda client: client.chat.completions.create(
            model="fast",
            messages=[
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": [{"type": "text", "text": "Look"}]},
            ],
            tools=[{"type": "function", "function": function}],
            tool_choice="required",
            max_completion_tokens=10,
            service_tier="flex",
        ),
        b'{"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []}',
    )
    request = decode_chat(sent, {})

    assert request.request.messages == [Message("system", "Be kind."), Message("user", "Look")]
    assert request.request.tools == [Tool("look", None, schema, strict=True)]
    assert (request.request.tool_choice, request.request.max_tokens) == ("required", 10)
    assert (request.own, request.required_own) == ({"service_tier": "flex"}, ("service_tier",))
