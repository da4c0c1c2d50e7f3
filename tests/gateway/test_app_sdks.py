"""Official SDKs as clients of the HTTP server: whole streams, cut streams, refusals."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx
import ollama
import openai
import pytest

from llmring.gateway.http import GatewayAnswer
from served_gateway import ServedGateway

CHUNK = {
    "id": "c",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}],
}


def handler_of(*pieces: bytes, then: Exception | None = None, media_type: str) -> Any:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        if then is not None:
            raise then

    async def handler(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(headers={"content-type": media_type}, body=stream())

    return handler


def of_chat(count: int, then: Exception | None = None) -> Any:
    pieces = [b"data: " + json.dumps(CHUNK).encode() + b"\n\n"] * count
    end = [] if then else [b"data: [DONE]\n\n"]
    return handler_of(*pieces, *end, then=then, media_type="text/event-stream")


def openai_client(gateway: ServedGateway) -> openai.OpenAI:
    base = f"http://127.0.0.1:{gateway.port}/v1"
    return openai.OpenAI(base_url=base, api_key="none", max_retries=0)


def words(client: openai.OpenAI) -> list[str]:
    found: list[str] = []
    messages: Any = [{"role": "user", "content": "Hi"}]
    with client.chat.completions.create(model="fast", messages=messages, stream=True) as chunks:
        found += [chunk.choices[0].delta.content or "" for chunk in chunks]
    return found


def test_g087_openai_s_sdk_reads_a_stream_to_its_end() -> None:
    with (
        ServedGateway({"endpoints.chat:answer_chat": of_chat(200)}) as gateway,
        openai_client(gateway) as client,
    ):
        assert words(client) == ["word "] * 200
        assert words(client) == ["word "] * 200


def test_g083_openai_s_sdk_does_not_take_a_cut_stream_for_whole() -> None:
    with (
        ServedGateway({"endpoints.chat:answer_chat": of_chat(3, RuntimeError("cut"))}) as gateway,
        openai_client(gateway) as client,
        pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)),
    ):
        words(client)


def test_g083_ollama_s_sdk_does_not_take_a_cut_stream_for_whole() -> None:
    line = b'{"model":"m","message":{"role":"assistant","content":"word "},"done":false}\n'
    handler = handler_of(line, then=RuntimeError("cut"), media_type="application/x-ndjson")
    with ServedGateway({"endpoints.chat:answer_chat": handler}) as gateway:
        client = ollama.Client(host=f"http://127.0.0.1:{gateway.port}")
        with pytest.raises(httpx.RemoteProtocolError):
            list(
                client.chat(model="fast", messages=[{"role": "user", "content": "Hi"}], stream=True)
            )
        client._client.close()


def test_g103_anthropic_s_sdk_raises_its_own_class_for_what_the_server_refuses() -> None:
    from llmring.lockfile.gateway_table import GatewayTable

    with (
        ServedGateway(table=GatewayTable(body_limit=1000)) as gateway,
        anthropic.Anthropic(
            base_url=f"http://127.0.0.1:{gateway.port}", api_key="none", max_retries=0
        ) as client,
    ):
        with pytest.raises(anthropic.APIStatusError) as large:
            client.messages.create(
                model="fast",
                max_tokens=10,
                messages=[{"role": "user", "content": "x" * 100_000}],
            )
        with pytest.raises(anthropic.APIStatusError) as batch:
            client.messages.batches.list()

    assert large.value.status_code == 413
    assert large.value.request_id is not None
    assert batch.value.status_code == 501


def test_g018_openai_s_sdk_raises_its_own_class_for_files() -> None:
    with (
        ServedGateway() as gateway,
        openai_client(gateway) as client,
        pytest.raises(openai.APIStatusError, match="files") as refused,
    ):
        client.files.list()

    assert refused.value.status_code == 501
