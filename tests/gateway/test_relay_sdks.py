"""Official SDKs read a relayed stream that another model takes over as one well-formed answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import ollama
import openai
import pytest
from google import genai
from google.genai import types

import answers
from llmring.chat.events import ReasoningDelta, TextDelta
from loopback import Loopback, Pause, Reset, Step, as_stream
from served_gateway import ServedGateway
from vendors import APIS, FALLBACK, Pair, ended

SHOWN = "Once upon a midnight and on it goes"
HI: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def broken(pair: Pair, name: str, *before: ReasoningDelta) -> Loopback:
    """Start a model whose answer breaks off inside a text, and one that goes on."""
    api = APIS[name]
    words = [TextDelta(word) for word in ("Once ", "upon ", "a ", "midnight ", "dreary")]
    whole = api.answer(*before, *words, *ended("stop"), stream=True)
    steps = [each for each in whole.steps if isinstance(each, bytes)]
    last = next(at for at, step in enumerate(steps) if b"midnight " in step)
    begun: list[Step] = [*steps[: last + 1], steps[last + 1][:9], Pause(0.05), Reset()]
    pair.lock(api.model, FALLBACK.model, lockfile=api.lockfile)
    pair.start(FALLBACK, answers.openai_stream("and on ", "it goes"))
    return pair.start(api, as_stream(*begun, content_type=api.encoding.stream_type))


def url(gateway: ServedGateway, path: str = "") -> str:
    return f"http://127.0.0.1:{gateway.port}{path}"


def test_g078_openai_s_sdk_reads_one_chat(pair: Pair) -> None:
    broken(pair, "openai_chat")
    with (
        ServedGateway() as gateway,
        openai.OpenAI(base_url=url(gateway, "/v1"), api_key="none", max_retries=0) as client,
        client.chat.completions.stream(model="t", messages=HI) as stream,
    ):
        answer = stream.get_final_completion()

    assert answer.id == "id-1"
    assert answer.choices[0].message.content == SHOWN
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("before", [[], [ReasoningDelta("Hm", id="rs_own")]], ids=["text", "both"])
def test_g078_openai_s_sdk_reads_one_response(pair: Pair, before: list[ReasoningDelta]) -> None:
    broken(pair, "openai_responses", *before)
    with (
        ServedGateway() as gateway,
        openai.OpenAI(base_url=url(gateway, "/v1"), api_key="none", max_retries=0) as client,
        client.responses.stream(model="t", input="Hi") as stream,
    ):
        events = list(stream)
        answer = stream.get_final_response()

    assert answer.output_text == SHOWN
    assert answer.status == "completed"
    numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    "before", [[], [ReasoningDelta("Hm"), ReasoningDelta(signature="s")]], ids=["text", "both"]
)
def test_g078_anthropic_s_sdk_reads_one_message(pair: Pair, before: list[ReasoningDelta]) -> None:
    broken(pair, "anthropic", *before)
    with (
        ServedGateway() as gateway,
        anthropic.Anthropic(base_url=url(gateway), api_key="none", max_retries=0) as client,
        client.messages.stream(model="t", max_tokens=2000, messages=HI) as stream,
    ):
        answer = stream.get_final_message()

    assert answer.id == "id-1"
    assert [block.type for block in answer.content] == [*(["thinking"] if before else []), "text"]
    assert [block.text for block in answer.content if block.type == "text"] == [SHOWN]
    assert answer.stop_reason == "end_turn"


def test_g078_google_s_sdk_reads_one_answer(pair: Pair) -> None:
    broken(pair, "gemini")
    with ServedGateway() as gateway:
        client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=url(gateway)))
        chunks = list(client.models.generate_content_stream(model="t", contents="Hi"))
        client.close()

    assert "".join(chunk.text or "" for chunk in chunks) == SHOWN
    last = chunks[-1].candidates
    assert last is not None
    assert last[0].finish_reason is types.FinishReason.STOP
    assert {chunk.response_id for chunk in chunks} == {"id-1"}


def test_g078_ollama_s_sdk_reads_one_answer(pair: Pair) -> None:
    broken(pair, "ollama")
    with ServedGateway() as gateway:
        client = ollama.Client(host=url(gateway))
        chunks = list(client.chat(model="t", messages=HI, stream=True))
        client._client.close()

    assert "".join(chunk.message.content or "" for chunk in chunks) == SHOWN
    assert [chunk.done for chunk in chunks].count(True) == 1
    assert chunks[-1].done_reason == "stop"
