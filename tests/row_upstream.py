"""A model's server that decides by the prompt, and counts the requests for each."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rings import TODAY

Decide = Callable[[str, int], tuple[int, str]]
KEY = "sk-first-0123456789abcdef"


def say_hi(prompt: str, _: int) -> tuple[int, str]:
    return 200, f"Hi {prompt}"


class RowUpstream:
    """A server on loopback that speaks Chat Completions.

    Its answer is that of `decide`, given the prompt and how often it was asked: a status, and the
    text of the answer or of the error.
    """

    def __init__(self, decide: Decide = say_hi, seconds: float = 0.0) -> None:
        self.decide = decide
        self.seconds = seconds
        self.asked: Counter[str] = Counter()
        self.bodies: list[Any] = []
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, answer = upstream.answer(body)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 300

            def handle_error(self, *_: Any) -> None:
                pass  # a client that has hung up

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "OPENAI_BASE_URL": self.url,
            "OPENAI_API_KEY": KEY,
            "LLMRING_TODAY": TODAY,
        }

    def answer(self, body: Any) -> tuple[int, bytes]:
        prompt = body["messages"][-1]["content"]
        with self._lock:
            self.asked[prompt] += 1
            count = self.asked[prompt]
            self.bodies.append(body)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.seconds:
                time.sleep(self.seconds)
            status, text = self.decide(prompt, count)
        finally:
            with self._lock:
                self.in_flight -= 1
        if status != 200:
            return status, json.dumps({"error": {"message": text, "type": "x"}}).encode()
        return status, json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": "gpt-4o-mini",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": text},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
            }
        ).encode()

    def received(self, count: int, seconds: float = 20) -> bool:
        until = time.monotonic() + seconds
        while len(self.bodies) < count and time.monotonic() < until:
            time.sleep(0.005)
        return len(self.bodies) >= count

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
