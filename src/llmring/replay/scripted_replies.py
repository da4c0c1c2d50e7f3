"""Answers that a test scripts for all models, and the requests that they answered."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import Event
from llmring.chat.made_up_reply import made_up_reply
from llmring.dialects.anthropic import dialect as anthropic
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini import dialect as gemini
from llmring.dialects.ollama import dialect as ollama
from llmring.dialects.openai_chat import dialect as openai_chat
from llmring.dialects.openai_responses import dialect as openai_responses
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding
from llmring.exceptions import ConfigurationError
from llmring.plain_data import PlainData
from llmring.routing.fault_script import matches
from llmring.transport.script import Chunk, Script
from llmring.transport.scripted import ScriptedExchange, open_script
from llmring.wire import HttpHead, HttpRequest


class _Api(Struct, frozen=True):
    """A dialect, and the ends of the paths of its chats."""

    dialect: Dialect
    paths: tuple[str, ...]


_APIS: Mapping[str, _Api] = {
    api.dialect.name: api
    for api in (
        _Api(anthropic.DIALECT, ("/messages",)),
        _Api(gemini.DIALECT, (":generateContent", ":streamGenerateContent")),
        _Api(ollama.DIALECT, ("/api/chat",)),
        _Api(openai_chat.DIALECT, ("/chat/completions",)),
        _Api(openai_responses.DIALECT, ("/responses",)),
    )
}


def encoding(dialect: str) -> ReplyEncoding:
    """Return the encoder of a dialect's replies, by the dialect's name."""
    return _APIS[dialect].dialect.reply_encoding()


def answer(dialect: str, request: HttpRequest, events: Sequence[Event]) -> Script | None:
    """Build the answer to a chat request, whole or streamed as it asks; None for other requests.

    Args:
        dialect: The name of the dialect.
        request: The request.
        events: The events of the reply.
    """
    path = request.url.partition("?")[0]
    if not path.endswith(_APIS[dialect].paths):
        return None
    encoder = encoding(dialect)
    if ":stream" in path or _wants_stream(request.body):
        head = HttpHead(200, {"content-type": encoder.stream_type})
        return Script(head, tuple(map(Chunk, encoder.stream(events, Envelope()))))
    head = HttpHead(200, {"content-type": "application/json"})
    return Script(head, (Chunk(encoder.whole(events, Envelope())),))


def refusal(
    dialect: str,
    status: int,
    message: str | None = None,
    code: str | None = None,
    retry_after: float | None = None,
) -> Script:
    """Build an error answer.

    Args:
        dialect: The name of the dialect.
        status: The HTTP status.
        message: The message; None for a default that names the status.
        code: The code; None for the usual code of the status.
        retry_after: Seconds that the client should wait.
    """
    head, body = encoding(dialect).error(
        ErrorAnswer(
            status=status,
            message=message or f"status {status} (a scripted fault)",
            code=code,
            retry_after=retry_after,
        )
    )
    return Script(head, (Chunk(body),))


class _StreamFlag(Struct):
    stream: bool = False


def _wants_stream(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_StreamFlag).stream
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


class SentRequest(PlainData, Struct, frozen=True):
    """A request that was sent to a model.

    Attributes:
        model: The model's reference.
        body: The JSON body that its API received.
    """

    __module__ = "llmring.testing"

    model: str
    body: Any


class _ScriptedReply(Struct):
    model: str
    text: str
    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    left: int | None


class Replies:
    """Scripted answers, given in the order in which they were added.

    Attributes:
        sent: Every request, in order.
    """

    __module__ = "llmring.testing"

    def __init__(self) -> None:
        self.sent: list[SentRequest] = []
        self._replies: list[_ScriptedReply] = []
        self._calls = 0
        self._lock = threading.Lock()

    def add(
        self,
        reply: str | Mapping[str, Any] | Sequence[Any] = "",
        *,
        model: str = "*",
        tool_calls: Sequence[tuple[str, Mapping[str, Any]]] = (),
        times: int | None = 1,
    ) -> None:
        """Add an answer.

        Args:
            reply: A text, or data to answer as JSON. Without text and tool calls, the model fails
                as a real one would, unless the call has `allow_empty=True`.
            model: Reference of the models that give it; "*" matches any characters.
            tool_calls: Tool calls in the answer, each a name and its arguments.
            times: How often it is given; None for no limit.
        """
        text = reply if isinstance(reply, str) else msgspec.json.encode(reply).decode()
        self._replies.append(_ScriptedReply(model, text, tuple(tool_calls), times))

    async def open(self, model: str, dialect: str, request: HttpRequest) -> ScriptedExchange:
        """Return the next answer to this model's requests.

        Args:
            model: The model's reference.
            dialect: The name of its dialect.
            request: The request.

        Raises:
            ConfigurationError: No answer is left for it, or the request is not a chat.
        """
        with self._lock:
            self.sent.append(SentRequest(model, _read(request.body)))
            reply = self._due(model)
            if reply is None:
                raise ConfigurationError(
                    f"no scripted answer is left for {model} (request {len(self.sent)} of the "
                    'test); add one: llmring_replies.add("...")'
                )
            events = self._events(reply, model, request)
        script = answer(dialect, request, events)
        if script is None:
            raise ConfigurationError(
                f"this request to {model} is not a chat, and scripted answers answer only "
                "chats; replay a recording of it with llmring_recordings"
            )
        return await open_script(script)

    def _due(self, model: str) -> _ScriptedReply | None:
        for reply in self._replies:
            if reply.left != 0 and matches(reply.model, model):
                reply.left = None if reply.left is None else reply.left - 1
                return reply
        return None

    def _events(self, reply: _ScriptedReply, model: str, request: HttpRequest) -> list[Event]:
        calls = []
        for name, arguments in reply.calls:
            self._calls += 1
            calls.append((f"call_{self._calls}", name, arguments))
        return made_up_reply(
            reply.text,
            calls,
            model=model.partition(":")[2],
            id="scripted",
            prompt_tokens=len(request.body.split()),
        )


def _read(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
