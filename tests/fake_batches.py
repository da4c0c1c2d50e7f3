"""Vendors' batch APIs on loopback, as strict as the vendors; states follow a turned clock."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any, Self

from llmring.chat.events import Event, Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.openai_chat.encode_reply import ENCODING as CHAT
from llmring.dialects.reply_encoding import Envelope, ReplyEncoding
from loopback import Answer, Close, Loopback, Request, as_json

if TYPE_CHECKING:
    from batch_jobs import TurnedClock

KEY = "sk-fake-0123456789abcdef"
HOUR = 3600.0
DAY = 24 * HOUR

# What a request of a batch ends in: its status and reply, or the reason why it has none.
End = tuple[int, bytes] | str
Reply = Callable[[str, dict[str, Any]], End]


def whole(encoding: ReplyEncoding, text: str, tokens: tuple[int, int] = (100, 10)) -> bytes:
    """Return an answer in the format of an API."""
    usage = Usage(prompt_tokens=tokens[0], completion_tokens=tokens[1])
    events: list[Event] = [
        Started("served-model", "id-1"),
        TextDelta(text),
        UsageReport(usage),
        Finished("stop", ""),
    ]
    # On one line, as results are.
    return json.dumps(json.loads(encoding.whole(events, Envelope()))).encode()


@dataclass
class FakeFile:
    id: str
    name: str
    data: bytes
    purpose: str = ""


@dataclass
class FakeBatch:
    id: str
    created: float
    takes: float
    requests: dict[str, dict[str, Any]]
    tag: str | None = None
    file: str | None = None
    model: str = ""
    endpoint: str = ""
    fault: tuple[str, str, int | None] | None = None
    cancelled: float | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)


class FakeBatches(Loopback):
    """A vendor with a batch API.

    Attributes:
        clock: The clock that moves its states.
        takes: Seconds that a batch takes.
        queue: The most requests at work; batches beyond that fail.
        reply: Makes the reply to a request.
        lose: Paths whose next answers are lost after the vendor has acted on the request.
        refuse: Statuses of the next answers, before the vendor does anything.
        done: Where a batch that has expired or was cancelled had got to, as a share.
    """

    provider = ""
    base = ""
    encoding: ReplyEncoding = CHAT

    def __init__(self, clock: "TurnedClock") -> None:
        self.clock = clock
        self.takes = 3 * HOUR
        self.queue = 1_000_000
        self.reply: Reply = lambda id_, _body: (200, whole(self.encoding, f"answer to {id_}"))
        self.lose: list[str] = []
        self.refuse: list[int] = []
        self.done = 0.5
        self.files: dict[str, FakeFile] = {}
        self.batches: dict[str, FakeBatch] = {}
        self.deleted: list[str] = []
        self.asked: list[str] = []
        self._lock = threading.Lock()
        self._count = 0
        super().__init__(Answer())

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            if self.refuse:
                return self.error(self.refuse.pop(0), "not now")
            self.asked.append(f"{request.method} {request.path.partition('?')[0]}")
            if not self.is_allowed(request):
                return self.error(401, "wrong key")
            answer = self.answer(request)
            path = request.path.partition("?")[0]
            lost = next((each for each in self.lose if path.endswith(each)), None)
            if lost is not None and request.method == "POST":
                self.lose.remove(lost)
                return Answer([Close()])
            return answer

    def __enter__(self) -> Self:
        return self

    def new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count:04d}"

    def is_allowed(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {KEY}"

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def error(self, status: int, message: str, code: str | None = None) -> Answer:
        return as_json({"error": {"message": message, "type": "error", "code": code}}, status)

    def at_work(self) -> int:
        return sum(
            len(batch.requests)
            for batch in self.batches.values()
            if batch.fault is None and self.phase(batch) == "open"
        )

    def phase(self, batch: FakeBatch) -> str:
        """Return "failed", "open", "done", "expired", "cancelling" or "cancelled"."""
        age = self.clock.time - batch.created
        if batch.fault is not None:
            return "failed" if age >= 60 else "open"
        if batch.cancelled is not None:
            return "cancelled" if self.clock.time >= batch.cancelled + 300 else "cancelling"
        if age >= min(batch.takes, DAY):
            return "done" if batch.takes <= DAY else "expired"
        return "open"

    def settle(self, batch: FakeBatch) -> None:
        """Answer the requests of a batch that has ended."""
        if batch.ends:
            return
        phase = self.phase(batch)
        part = len(batch.requests) if phase == "done" else int(len(batch.requests) * self.done)
        for number, (id_, body) in enumerate(batch.requests.items()):
            batch.ends[id_] = self.reply(id_, body) if number < part else phase

    def reversed_ends(self, batch: FakeBatch) -> list[tuple[str, End]]:
        return list(reversed(batch.ends.items()))

    @property
    def requests_sent(self) -> int:
        """The requests of all batches that were charged for."""
        return sum(len(batch.requests) for batch in self.batches.values() if batch.fault is None)


def time_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def form_of(request: Request) -> tuple[dict[str, str], str, bytes]:
    """Return the fields of a multipart form, and the name and the content of its file."""
    kind = request.headers["content-type"]
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    fields: dict[str, str] = {}
    name, data = "", b""
    parts = message.get_payload()
    assert isinstance(parts, list)
    for part in parts:
        assert isinstance(part, Message)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename() is not None:
            name, data = str(part.get_filename()), content
        else:
            fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
    return fields, name, data
