"""The API by which a model is asked, chosen for each request."""

import base64
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing, Message, ProviderError
from llmring.chat.events import Event, Finished, Started, TextDelta
from llmring.chat.parts import ReasoningPart, TextPart
from llmring.dialects.openai_responses.encode_reply import ENCODING
from llmring.dialects.reply_encoding import Envelope
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]
Ask = Callable[..., str]

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
EVENTS: list[Event] = [Started("m", "r"), TextDelta("Hi"), Finished("stop", "completed")]
ENVELOPE = Envelope(created=1_700_000_000)
JSON = {"content-type": "application/json"}
WHOLE = Answer([ENCODING.whole(EVENTS, ENVELOPE)], 200, JSON)
STREAM = as_stream(*ENCODING.stream(EVENTS, ENVELOPE))


def document(media_type: str, **source: str) -> list[dict[str, Any]]:
    source = source or {"data": base64.b64encode(b"words").decode()}
    kind = "url" if "url" in source else "base64"
    part = {"type": "document", "source": {"type": kind, "media_type": media_type, **source}}
    return [{"role": "user", "content": [{"type": "text", "text": "Read"}, part]}]


@pytest.fixture
def ask(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask a model of OpenAI; return the path of the request that was sent."""

    def start(model: str, messages: Any = "Hi", more: str = "", **options: Any) -> str:
        provider = model.partition(":")[0]
        server = serve(WHOLE, WHOLE)
        monkeypatch.setenv(f"{provider.upper()}_BASE_URL", f"{server.url}/v1")
        [key, *_] = PROVIDERS[provider].key_env if provider in PROVIDERS else ["MINE_API_KEY"]
        monkeypatch.setenv(key, "sk-0123456789abcdef")
        path = tmp_path / "llmring.lock"
        binding = f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["{model}"]\n'
        path.write_text(binding + more.format(url=server.url))
        # What came back is of no interest here.
        with LLMRing(path) as ring, contextlib.suppress(ProviderError):
            ring.chat("fast", messages, **options).result()
        return server.requests[0].path

    return start


NEWER = (
    "gpt-5.4",
    "gpt-5.4-mini",
    "gpt-5.4-2026-03-05",
    "gpt-5.5",
    "gpt-5.6",
    "gpt-5.6-luna",
    "gpt-6",
    "gpt-6-sol",
    "gpt-6.1-terra",
    "gpt-7-of-no-catalog",
)


@pytest.mark.parametrize("options", [{}, {"reasoning_effort": "low"}, {"reasoning_tokens": 5000}])
@pytest.mark.parametrize("model", [f"openai:{name}" for name in NEWER] + ["azure:gpt-5.5"])
def test_newer_models_are_asked_by_the_responses_api_if_there_are_tools(
    ask: Ask, model: str, options: dict[str, Any]
) -> None:
    assert ask(model, tools=[TOOL], **options) == RESPONSES


@pytest.mark.parametrize("model", NEWER)
def test_without_tools_they_are_asked_by_chat_completions(ask: Ask, model: str) -> None:
    assert ask(f"openai:{model}", reasoning_effort="low") == CHAT


def test_with_reasoning_off_chat_completions_takes_tools(ask: Ask) -> None:
    assert ask("openai:gpt-5.6-terra", tools=[TOOL], reasoning_effort="none") == CHAT
    # A model that can't turn it off reasons on.
    assert ask("openai:gpt-6-astra", tools=[TOOL], reasoning_effort="none") == RESPONSES


@pytest.mark.parametrize("model", ["openai:gpt-4.1", "openai:gpt-5.1", "groq:gpt-6-sol"])
def test_other_models_and_servers_take_tools_by_chat_completions(ask: Ask, model: str) -> None:
    assert ask(model, tools=[TOOL]) == CHAT


@pytest.mark.parametrize(
    "options",
    [
        {"stop": ["END"]},
        {"extra_params": {"logit_bias": {"1": 5}}},
        {"extra_params": {"n": 1}},
    ],
)
def test_what_only_chat_completions_can_express_stays_there(
    ask: Ask, options: dict[str, Any]
) -> None:
    assert ask("openai:gpt-6-sol", tools=[TOOL], **options) == CHAT


def test_one_api_for_all_requests_can_be_set(ask: Ask) -> None:
    chat = '[providers.openai]\napi = "chat"\n'

    assert ask("openai:gpt-6-sol", more=chat, tools=[TOOL]) == CHAT


def test_a_server_of_one_s_own_is_asked_by_chat_completions(ask: Ask) -> None:
    for name in ("mine", "openai"):
        own = f'[providers.{name}]\nkind = "openai"\nbase_url = "{{url}}/v1"\n'
        assert ask(f"{name}:gpt-6-sol", more=own, tools=[TOOL]) == CHAT


@pytest.mark.parametrize(
    ("messages", "path"),
    [
        (document("application/pdf"), CHAT),
        (document("text/plain"), CHAT),
        (document("application/pdf", url="https://example.com/a.pdf"), RESPONSES),
        (document("application/msword"), RESPONSES),
    ],
)
def test_files_that_chat_completions_does_not_take_go_to_the_responses_api(
    ask: Ask, messages: list[dict[str, Any]], path: str
) -> None:
    assert ask("openai:gpt-4.1", messages) == path


def test_a_file_on_disk_decides_too(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "letter.docx"
    path.write_bytes(b"PK\x03\x04\x14\x00\x00\x00\x08\x00")

    assert ask("openai:gpt-4.1", files=[str(path)]) == RESPONSES


def test_the_answer_is_read_with_the_api_that_was_asked(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(WHOLE, STREAM, answers.openai("by chat"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    model = "openai:gpt-6-sol"

    whole = way.chat(LLMRing(), model, "Hi", tools=[TOOL])
    chunks = way.stream(LLMRing(), model, "Hi", tools=[TOOL])
    plain = way.chat(LLMRing(), model, "Hi")

    assert (whole.content, plain.content) == ("Hi", "by chat")
    assert "".join(chunk.delta for chunk in chunks) == "Hi"
    assert [each.path for each in server.requests] == [RESPONSES, RESPONSES, CHAT]


def test_a_conversation_that_the_responses_api_began_stays_there(ask: Ask) -> None:
    thought = ReasoningPart("", "signed", "rs_1", "openai_responses")
    messages = [
        Message("user", "Hi"),
        Message("assistant", [thought, TextPart("Hello")]),
        Message("user", "And?"),
    ]

    assert ask("openai:gpt-6-sol", messages) == RESPONSES
    assert ask("openai:gpt-4.1", messages) == CHAT


def test_explaining_a_call_names_the_api(
    monkeypatch: pytest.MonkeyPatch, lockfile: Callable[..., Path]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    path = lockfile(fast=["openai:gpt-6-sol", "openai:gpt-4.1"])

    with LLMRing(path) as ring:
        with_tools = ring.explain("fast", tools=[TOOL])
        without = ring.explain("fast")

    assert [step.api for step in with_tools.tried] == ["openai_responses", "openai_chat"]
    assert [step.api for step in without.tried] == ["openai_chat", "openai_chat"]
    assert "asked by its API openai_responses" in with_tools.tried[0].remarks
