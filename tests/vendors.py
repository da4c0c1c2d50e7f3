"""A server for each API that answers with given events, and a fallback of another provider."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import answers
from conftest import Way
from llmring import LLMResponse, LLMRing, StreamChunk
from llmring.chat.events import Event, Finished, Started, Usage, UsageReport
from llmring.dialects.anthropic.encode_reply import ENCODING as ANTHROPIC
from llmring.dialects.gemini.encode_reply import ENCODING as GEMINI
from llmring.dialects.ollama.encode_reply import ENCODING as OLLAMA
from llmring.dialects.openai_chat.encode_reply import ENCODING as CHAT
from llmring.dialects.openai_responses.encode_reply import ENCODING as RESPONSES
from llmring.dialects.reply_encoding import Envelope, ReplyEncoding
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]


class Api(Struct, frozen=True):
    """An API, and the provider that has it in these tests."""

    encoding: ReplyEncoding
    provider: str
    url: str
    path: str
    key: str
    lockfile: str = ""

    @property
    def model(self) -> str:
        return f"{self.provider}:any"

    def answer(self, *events: Event, stream: bool) -> Answer:
        """Return the answer of these events, as the API's own servers send it."""
        whole = [Started("any", "id-1"), *events]
        if not stream:
            body = self.encoding.whole(whole, Envelope())
            return Answer([body], 200, {"content-type": "application/json"})
        pieces = self.encoding.stream(whole, Envelope())
        return as_stream(*pieces, content_type=self.encoding.stream_type)


APIS = {
    "anthropic": Api(ANTHROPIC, "anthropic", "ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
    "gemini": Api(GEMINI, "google", "GOOGLE_GEMINI_BASE_URL", "", "GEMINI_API_KEY"),
    "ollama": Api(OLLAMA, "ollama", "OLLAMA_BASE_URL", "", "OLLAMA_API_KEY"),
    "openai_chat": Api(CHAT, "deepseek", "DEEPSEEK_BASE_URL", "/v1", "DEEPSEEK_API_KEY"),
    "openai_responses": Api(
        RESPONSES,
        "openai",
        "OPENAI_BASE_URL",
        "/v1",
        "OPENAI_API_KEY",
        '[providers.openai]\napi = "responses"\n',
    ),
}
FALLBACK = Api(CHAT, "groq", "GROQ_BASE_URL", "/v1", "GROQ_API_KEY")
USED = UsageReport(Usage(prompt_tokens=10, completion_tokens=2))

each_api = pytest.mark.parametrize("name", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def ended(reason: str, native: str = "") -> Sequence[Event]:
    return [USED, Finished(reason, native)]


class Pair:
    """The alias `t`: a model of the API under test, then models of other providers."""

    def __init__(self, serve: Serve, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._serve = serve
        self._path = path
        self._monkeypatch = monkeypatch

    def start(self, api: Api, *answers_: Answer) -> Loopback:
        server = self._serve(*answers_)
        self._monkeypatch.setenv(api.url, server.url + api.path)
        self._monkeypatch.setenv(api.key, "sk-0123456789abcdef")
        return server

    def lock(self, *models: str, lockfile: str = "", policy: str = "") -> None:
        listed = ", ".join(f'"{model}"' for model in models)
        self._path.write_text(
            f'{lockfile}[[profiles.default.bindings]]\nalias = "t"\nmodels = [{listed}]\n{policy}\n'
        )
        self._monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(self._path))

    def first(
        self, name: str, *events: Event, stream: bool, policy: str = ""
    ) -> tuple[Loopback, Loopback]:
        """Start a model that answers with these events, and a fallback that answers well."""
        api = APIS[name]
        self.lock(api.model, FALLBACK.model, lockfile=api.lockfile, policy=policy)
        good = answers.openai_stream("from", " groq") if stream else answers.openai("from groq")
        return self.start(api, api.answer(*events, stream=stream)), self.start(FALLBACK, good)


def asked(
    way: Way, stream: bool, model: str = "t", **fields: Any
) -> tuple[str, LLMResponse | StreamChunk]:
    """Ask, and return the text that a reader ends up with, and the answer or its last chunk."""
    if not stream:
        answer = way.chat(LLMRing(), model, "Hello", **fields)
        return answer.content, answer
    chunks = way.stream(LLMRing(), model, "Hello", **fields)
    text = ""
    for chunk in chunks:
        text = chunk.delta if chunk.restart else text + chunk.delta
    return text, chunks[-1]


def outcomes(answer: LLMResponse | StreamChunk) -> list[tuple[str, str]]:
    return [(each.model.partition(":")[0], each.outcome) for each in answer.attempts]
