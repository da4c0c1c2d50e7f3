"""A loopback server that speaks the four vendors' wire formats, and misbehaves when told to."""

from __future__ import annotations

import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Behaviour = Literal["answers", "429", "500", "529", "cut"]

# Which vendor a path belongs to; each lives under a folder of its own.
VENDORS = ("openai", "anthropic", "google", "ollama")


class DemoServer:
    """Four pretended vendors on one port of this machine.

    A vendor behaves as it was last told to, once; after that it answers.
    """

    def __init__(self) -> None:
        self._plans: dict[str, deque[tuple[Behaviour, str]]] = defaultdict(deque)
        plans = self._plans

        class Handler(_Handler):
            def plan(self, vendor: str) -> tuple[Behaviour, str]:
                return plans[vendor].popleft() if plans[vendor] else ("answers", "Hello!")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def plan(self, vendor: str, behaviour: Behaviour, text: str = "") -> None:
        """What this vendor does with its next request."""
        self._plans[vendor].append((behaviour, text))

    def environ(self) -> dict[str, str]:
        """The variables with which llmring finds the server."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return {
            "OPENAI_BASE_URL": f"{url}/openai/v1",
            "ANTHROPIC_BASE_URL": f"{url}/anthropic",
            "GOOGLE_GEMINI_BASE_URL": f"{url}/google",
            "OLLAMA_BASE_URL": f"{url}/ollama",
            "OPENAI_API_KEY": "demo",
            "ANTHROPIC_API_KEY": "demo",
            "GOOGLE_API_KEY": "demo",
        }

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def plan(self, vendor: str) -> tuple[Behaviour, str]:
        raise NotImplementedError

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        vendor = self.path.split("/")[1]
        behaviour, text = self.plan(vendor)
        if behaviour in ("429", "500", "529"):
            self._refuse(vendor, int(behaviour), text)
        elif body.get("stream") or ":stream" in self.path:
            self._stream(vendor, text, cut=behaviour == "cut")
        else:
            self._send(json.dumps(_whole(vendor, text)), 200)

    def _refuse(self, vendor: str, status: int, message: str) -> None:
        error: Any = {"message": message, "type": "error", "code": status}
        self._send(json.dumps({"error": message if vendor == "ollama" else error}), status)

    def _send(self, body: str, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body.encode())))
        if status == 429:
            self.send_header("retry-after", "2")
        self.end_headers()
        self.wfile.write(body.encode())

    def _stream(self, vendor: str, text: str, *, cut: bool) -> None:
        lines = vendor == "ollama"
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson" if lines else "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in _events(vendor, text):
            data = json.dumps(event)
            named = f"event: {event['type']}\n" if vendor == "anthropic" else ""
            self._chunk(f"{data}\n" if lines else f"{named}data: {data}\n\n")
            if cut:
                # Gone after the first event, which says nothing yet: a connection lost.
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
        self._chunk("")

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """The demonstration tells what happens; the server is silent."""


def _whole(vendor: str, text: str) -> dict[str, Any]:
    tokens = len(text.split())
    match vendor:
        case "openai":
            message = {"role": "assistant", "content": text}
            return {
                "id": "demo",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {
                    "prompt_tokens": 12,
                    "completion_tokens": tokens,
                    "total_tokens": 12 + tokens,
                },
            }
        case "anthropic":
            return {
                "id": "demo",
                "type": "message",
                "role": "assistant",
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 12, "output_tokens": tokens},
            }
        case "google":
            content = {"role": "model", "parts": [{"text": text}]}
            return {
                "candidates": [{"content": content, "finishReason": "STOP"}],
                "usageMetadata": {
                    "promptTokenCount": 12,
                    "candidatesTokenCount": tokens,
                    "totalTokenCount": 12 + tokens,
                },
            }
        case _:
            return {
                "model": "demo",
                "created_at": "2026-01-01T00:00:00Z",
                "message": {"role": "assistant", "content": text},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": 12,
                "eval_count": tokens,
            }


def _events(vendor: str, text: str) -> Iterator[dict[str, Any]]:
    words = [f"{word} " for word in text.split()]
    whole = _whole(vendor, text)
    match vendor:
        case "openai":
            yield {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
            for word in words:
                yield {"choices": [{"index": 0, "delta": {"content": word}}]}
            yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            yield {"choices": [], "usage": whole["usage"]}
        case "anthropic":
            start = {**whole, "content": [], "stop_reason": None}
            yield {"type": "message_start", "message": start}
            block = {"type": "text", "text": ""}
            yield {"type": "content_block_start", "index": 0, "content_block": block}
            for word in words:
                delta = {"type": "text_delta", "text": word}
                yield {"type": "content_block_delta", "index": 0, "delta": delta}
            yield {"type": "content_block_stop", "index": 0}
            stop = {"stop_reason": "end_turn"}
            yield {"type": "message_delta", "delta": stop, "usage": whole["usage"]}
            yield {"type": "message_stop"}
        case "google":
            for word in words:
                yield {"candidates": [{"content": {"role": "model", "parts": [{"text": word}]}}]}
            yield {
                "candidates": [{"content": {"parts": []}, "finishReason": "STOP"}],
                "usageMetadata": whole["usageMetadata"],
            }
        case _:
            yield {**whole, "message": {"role": "assistant", "content": ""}, "done": False}
            for word in words:
                yield {**whole, "message": {"role": "assistant", "content": word}, "done": False}
            yield {**whole, "message": {"role": "assistant", "content": ""}}
