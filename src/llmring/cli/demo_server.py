"""A loopback server that speaks the four vendors' wire formats, and misbehaves when told to.

Requests to `/<vendor>/...` are answered as that vendor would answer them.
"""

import json
import socket
import socketserver
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

Behaviour = Literal["answers", "429", "500", "529", "cut"]

Json = dict[str, Any]

PROMPT_TOKENS = 12


class DemoServer:
    """Four pretended vendors on one port of this machine.

    A vendor behaves as it was last told to, once; after that it answers.

    Attributes:
        url: Where it listens.
    """

    def __init__(self) -> None:
        self._plans: _Plans = defaultdict(deque)
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self._plans))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def plan(self, vendor: str, behaviour: Behaviour, text: str) -> None:
        """What this vendor does with its next request, and the text that it says.

        "cut" ends the connection after the first event of a stream.
        """
        self._plans[vendor].append((behaviour, text))

    def environ(self) -> dict[str, str]:
        """The variables with which llmring finds the server."""
        return {
            "OPENAI_BASE_URL": f"{self.url}/openai/v1",
            "ANTHROPIC_BASE_URL": f"{self.url}/anthropic",
            "GOOGLE_GEMINI_BASE_URL": f"{self.url}/google",
            "OLLAMA_BASE_URL": f"{self.url}/ollama",
            "OPENAI_API_KEY": "demo",
            "ANTHROPIC_API_KEY": "demo",
            "GOOGLE_API_KEY": "demo",
        }

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


_Plans = defaultdict[str, deque[tuple[Behaviour, str]]]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, plans: _Plans, *connection: Any) -> None:
        self._plans = plans
        super().__init__(*connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/files"):
            self._send(200, {"id": "file-demo", "file": {"uri": "files/demo"}})
            return
        request = json.loads(body)
        name = self.path.split("/")[1]
        vendor, plans = VENDORS[name], self._plans[name]
        behaviour, text = plans.popleft() if plans else ("answers", "Hello!")
        if behaviour.isdigit():
            self._send(int(behaviour), vendor.refusal(int(behaviour), text))
        elif request.get("stream") or ":stream" in self.path:
            self._stream(vendor, text, cut=behaviour == "cut")
        else:
            self._send(200, vendor.answer(text))

    def do_DELETE(self) -> None:
        self._send(200, {"deleted": True})

    def _send(self, status: int, answer: Json) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if status == 429:
            self.send_header("retry-after", "2")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, vendor: "Vendor", text: str, *, cut: bool) -> None:
        self.send_response(200)
        self.send_header("content-type", vendor.stream_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in vendor.events(text):
            data = event.encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            if cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """The demonstration tells what happens; the server is silent."""


# How each vendor writes an answer, the same answer in events, and a refusal; no more of it than
# a client reads.


def _openai_answer(text: str) -> Json:
    message = {"role": "assistant", "content": text}
    return {
        "id": "demo",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": _tokens(text)},
    }


def _openai_events(text: str) -> Iterator[str]:
    for delta in ({"role": "assistant", "content": ""}, *({"content": w} for w in _words(text))):
        yield _sse({"choices": [{"index": 0, "delta": delta}]})
    yield _sse({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield _sse({"choices": [], "usage": _openai_answer(text)["usage"]})
    yield "data: [DONE]\n\n"


def _openai_refusal(status: int, text: str) -> Json:
    return {"error": {"message": text, "type": _KINDS[status], "code": None}}


def _anthropic_answer(text: str) -> Json:
    return {
        "id": "demo",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": _tokens(text)},
    }


def _anthropic_events(text: str) -> Iterator[str]:
    answer = _anthropic_answer(text)
    yield _named({"type": "message_start", "message": {**answer, "content": []}})
    block = {"type": "text", "text": ""}
    yield _named({"type": "content_block_start", "index": 0, "content_block": block})
    for word in _words(text):
        delta = {"type": "text_delta", "text": word}
        yield _named({"type": "content_block_delta", "index": 0, "delta": delta})
    yield _named({"type": "content_block_stop", "index": 0})
    end = {"stop_reason": "end_turn"}
    yield _named({"type": "message_delta", "delta": end, "usage": answer["usage"]})
    yield _named({"type": "message_stop"})


def _anthropic_refusal(status: int, text: str) -> Json:
    return {"type": "error", "error": {"type": _KINDS[status], "message": text}}


def _google_answer(text: str) -> Json:
    content = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": PROMPT_TOKENS, "candidatesTokenCount": _tokens(text)}
    return {
        "candidates": [{"content": content, "finishReason": "STOP"}],
        "usageMetadata": {**usage, "totalTokenCount": sum(usage.values())},
    }


def _google_events(text: str) -> Iterator[str]:
    for word in _words(text):
        yield _sse({"candidates": [{"content": {"role": "model", "parts": [{"text": word}]}}]})
    end = {"content": {"role": "model", "parts": []}, "finishReason": "STOP"}
    yield _sse({"candidates": [end], "usageMetadata": _google_answer(text)["usageMetadata"]})


def _google_refusal(status: int, text: str) -> Json:
    return {"error": {"code": status, "message": text, "status": _KINDS[status].upper()}}


def _ollama_answer(text: str) -> Json:
    return {
        "model": "demo",
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": PROMPT_TOKENS,
        "eval_count": _tokens(text),
    }


def _ollama_events(text: str) -> Iterator[str]:
    for word in ("", *_words(text)):
        message = {"role": "assistant", "content": word}
        yield _line({"model": "demo", "message": message, "done": False})
    yield _line({**_ollama_answer(text), "message": {"role": "assistant", "content": ""}})


def _ollama_refusal(status: int, text: str) -> Json:
    del status
    return {"error": text}


_KINDS = {429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}


def _tokens(text: str) -> int:
    return len(text.split())


def _words(text: str) -> list[str]:
    """The text's words, each but the first with the blank before it."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def _line(event: Json) -> str:
    return f"{json.dumps(event)}\n"


def _sse(event: Json) -> str:
    return f"data: {json.dumps(event)}\n\n"


def _named(event: Json) -> str:
    return f"event: {event['type']}\n{_sse(event)}"


class Vendor(NamedTuple):
    """How a vendor writes: an answer, the same in events, and a refusal of a status."""

    answer: Callable[[str], Json]
    events: Callable[[str], Iterator[str]]
    refusal: Callable[[int, str], Json]
    stream_type: str = "text/event-stream"


VENDORS: Mapping[str, Vendor] = {
    "openai": Vendor(_openai_answer, _openai_events, _openai_refusal),
    "anthropic": Vendor(_anthropic_answer, _anthropic_events, _anthropic_refusal),
    "google": Vendor(_google_answer, _google_events, _google_refusal),
    "ollama": Vendor(
        _ollama_answer, _ollama_events, _ollama_refusal, stream_type="application/x-ndjson"
    ),
}
