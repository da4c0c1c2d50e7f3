"""A loopback server that speaks the four vendors' wire formats, and fails on demand.

Requests to `/<vendor>/...` are answered as that vendor would answer them.
"""

import json
import socket
import socketserver
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Literal, Self

from llmring.chat.events import Event
from llmring.chat.made_up_reply import made_up_reply
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding
from llmring.replay.scripted_replies import encoding
from llmring.wire import HttpHead

Behaviour = Literal["answers", "429", "500", "529", "cut", "breaks"]

PROMPT_TOKENS = 12
# Seconds that a vendor with too many requests asks to wait.
RETRY_AFTER = 2.0

# Where a reply ends that has no end: after its first event, or before its usage and finish reason.
_ENDS: Mapping[Behaviour, int] = {"cut": 1, "breaks": -2}

_OK = HttpHead(200, {"content-type": "application/json"})


class DemoServer:
    """Four pretended vendors on one port of this machine.

    A vendor behaves as planned for one request each; without a plan it answers.

    Attributes:
        url: Where it listens.
    """

    def __init__(self) -> None:
        self._plans: _Plans = defaultdict(deque)
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self._plans))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def plan(self, vendor: str, behaviour: Behaviour, text: str) -> None:
        """Plan how this vendor treats a request to come, and the text of its answer or error.

        "cut" ends the connection before the first word of a stream, and "breaks" after the text.
        """
        self._plans[vendor].append((behaviour, text))

    def environ(self) -> dict[str, str]:
        """Return the environment variables with which llmring finds the server."""
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
        """Ignore a client that hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, plans: _Plans, *connection: Any) -> None:
        self._plans = plans
        super().__init__(*connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/files"):
            self._send(_OK, b'{"id": "file-demo", "file": {"uri": "files/demo"}}')
            return
        request = json.loads(body)
        name = self.path.split("/")[1]
        vendor, plans = encoding(VENDORS[name]), self._plans[name]
        behaviour, text = plans.popleft() if plans else ("answers", "Hello!")
        reply = made_up_reply(text, model="demo", id="demo", prompt_tokens=PROMPT_TOKENS)
        if behaviour.isdigit():
            status = int(behaviour)
            wait = RETRY_AFTER if status == 429 else None
            self._send(*vendor.error(ErrorAnswer(status=status, message=text, retry_after=wait)))
        elif request.get("stream") or ":stream" in self.path:
            self._stream(vendor, reply, end=_ENDS.get(behaviour))
        else:
            self._send(_OK, vendor.whole(reply, Envelope()))

    def do_DELETE(self) -> None:
        self._send(_OK, b'{"deleted": true}')

    def _send(self, head: HttpHead, body: bytes) -> None:
        self.send_response(head.status)
        for name, value in head.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, vendor: ReplyEncoding, reply: list[Event], *, end: int | None) -> None:
        """Send a reply as a stream; with an end, only the events before it."""
        self.send_response(200)
        self.send_header("content-type", vendor.stream_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        encoder = vendor.encoder(Envelope())
        begun = (data for event in reply[:end] for data in encoder.encode(event))
        for data in vendor.stream(reply, Envelope()) if end is None else begun:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        if end is not None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Log nothing: the demonstration prints what happens."""


# The dialect of each vendor.
VENDORS: Mapping[str, str] = {
    "openai": "openai_chat",
    "anthropic": "anthropic",
    "google": "gemini",
    "ollama": "ollama",
}
