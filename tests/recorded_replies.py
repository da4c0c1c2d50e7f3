"""Recorded replies of real vendors, which are next to the repository, to be served again."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from llmring import LLMResponse
from llmring.chat.reply import fold
from llmring.exceptions import ProviderError
from llmring.providers.dialects import DialectName, dialect_named
from llmring.wire import HttpHead
from loopback import Answer, as_stream
from vendors import APIS

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "recordings"
# Its files, by API.
FILES: Mapping[DialectName, str] = {
    "anthropic": "anthropic",
    "gemini": "google",
    "ollama": "ollama",
    "openai_chat": "openai_chat",
    "openai_responses": "openai_responses",
}
# All of them take minutes (`make recordings`); by default one of several is tried.
ALL = os.environ.get("RECORDINGS") == "all"

recorded = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs the recordings next to the repository"
)


class Recording(Struct, frozen=True):
    """A recorded reply.

    Attributes:
        id: Its name.
        api: The API.
        is_stream: True for a stream.
        body: The bytes.
    """

    id: str
    api: DialectName
    is_stream: bool
    body: bytes

    def answer(self) -> Answer:
        """Return the answer of a server that sends it."""
        if not self.is_stream:
            return Answer([self.body], 200, {"content-type": "application/json"})
        size = max(7, len(self.body) // 11)
        pieces = [self.body[at : at + size] for at in range(0, len(self.body), size)]
        return as_stream(*pieces, content_type=APIS[self.api].encoding.stream_type)

    def read(self) -> LLMResponse | None:
        """Return the library's own reading; None if it takes the reply for a failure."""
        dialect = dialect_named(self.api)
        kind = APIS[self.api].encoding.stream_type if self.is_stream else "application/json"
        head = HttpHead(200, {"content-type": kind})
        try:
            if not self.is_stream:
                return fold("x:y", dialect.decode(head, self.body), self.api)
            decoder = dialect.decoder(head)
            return fold("x:y", [*decoder.feed(self.body), *decoder.end()], self.api)
        except ProviderError:
            return None


def recordings(api: DialectName, *, is_stream: bool, one_of: int) -> Iterator[Recording]:
    """Yield whole replies or streams of an API.

    Args:
        api: The API.
        is_stream: True for streams.
        one_of: By default, one of so many is given.
    """
    kind = "stream" if is_stream else "chat"
    found = [each for each in _recordings(api) if each["kind"] == kind]
    for each in found if ALL else found[::one_of]:
        body = each["response"]["body"].encode()
        yield Recording(id=each["id"], api=api, is_stream=is_stream, body=body)


@functools.cache
def _recordings(api: DialectName) -> list[dict[str, Any]]:
    lines = (FOLDER / f"{FILES[api]}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    # An answer without text and calls is none to the gateway, which asks the next model.
    return [
        each
        for each in found
        if each["response"]["status"] == 200
        and any(each.get("expect", {}).get(name) for name in ("text", "tool_calls"))
    ]
