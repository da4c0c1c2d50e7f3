"""Servers at a Unix socket, as Ollama and llama.cpp may be."""

import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ProviderConnectionError

if sys.platform == "win32":
    pytest.skip("Windows has no Unix sockets in Python", allow_module_level=True)

[BODY] = answers.openai("Hi from a socket").steps


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(BODY, bytes)
        self.send_response(200)
        self.send_header("content-length", str(len(BODY)))
        self.send_header("x-seen", f"{self.headers['host']} {self.path}")
        self.end_headers()
        self.wfile.write(BODY)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    where = tmp_path / "LLM.sock"
    with socketserver.ThreadingUnixStreamServer(str(where), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield where
        server.shutdown()


def ring_at(path: Path) -> LLMRing:
    url = f"http+unix://{quote(str(path), safe='')}/v1"
    return LLMRing(environ={"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k", "LLMRING_RETRIES": "0"})


def test_a_server_at_a_unix_socket_is_called(way: Way, path: Path) -> None:
    assert way.chat(ring_at(path), "openai:gpt-4o-mini", "Hi").content == "Hi from a socket"


def test_a_socket_that_is_missing_is_named_by_its_path(way: Way, tmp_path: Path) -> None:
    absent = tmp_path / "Absent.sock"

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(ring_at(absent), "openai:gpt-4o-mini", "Hi")

    assert caught.value.message == f"can't connect to {absent}: No such file or directory"
