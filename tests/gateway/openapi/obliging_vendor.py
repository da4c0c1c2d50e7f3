"""A vendor on loopback that answers chats, streams and embeddings, or refuses them."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import answers

_MOST_DIMENSIONS = 1000


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, kind = 200, "application/json"
        if asked.get("dimensions", 1) > _MOST_DIMENSIONS or _has_schema(asked):
            status, body = 400, b'{"error": {"message": "too much to ask for"}}'
        elif self.path.endswith("/embeddings"):
            given = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
            body = _vectors(len(given), asked.get("dimensions", 1))
        elif asked.get("stream"):
            body, kind = b"".join(_steps(answers.openai_stream("Hello"))), "text/event-stream"
        else:
            body = b"".join(_steps(answers.openai("Hello")))
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Write nothing, as the base class would write a line for each request."""


def _has_schema(asked: dict[str, Any]) -> bool:
    form = asked.get("response_format") or {}
    return "json_schema" in form or form.get("type") == "json_object"


def _steps(answer: Any) -> list[bytes]:
    return [step for step in answer.steps if isinstance(step, bytes)]


def _vectors(count: int, dimensions: int) -> bytes:
    vector = [0.5] * dimensions
    data = [{"object": "embedding", "index": at, "embedding": vector} for at in range(count)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return json.dumps({"object": "list", "data": data, "model": "m", "usage": usage}).encode()


class ObligingVendor:
    """The vendor, while the context is open.

    Attributes:
        url: Its base URL.
    """

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Exchange)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
