"""A vendor that lets a program read a file, and answers with the word that is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from msgspec import structs

from llmring.chat.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from llmring.dialects.request_decoding import ClientRequest
from llmring.gateway.wires import WIRES, Wire
from loopback import Answer, Loopback, Request, as_json
from real_clients.program import Program, ReadCall
from vendors import Api, ended

WORD = re.compile(r"pelican-\d{6}")
TITLE = "A note"
# It has no letter in which the alphabets of base64 differ.
SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSBtb2RlbA=="

_COUNTS = ("count_tokens", "countTokens", "input_tokens")


def wire_of(api: Api) -> Wire:
    """Return the API as clients of the gateway call it."""
    return next(each for each in WIRES if each.dialect.reply_encoding() is api.encoding)


def decoded(wire: Wire, body: bytes, headers: dict[str, str]) -> ClientRequest:
    """Read a request in the format of an API."""
    decode = wire.dialect.request_decoding
    return decode()(body, headers)


def is_main(program: Program, asked: ClientRequest) -> bool:
    """Return True for the question itself; programs also ask for titles, without tools."""
    return program.read is None or bool(asked.request.toolset())


class ScriptedVendor(Loopback):
    """A server of an API.

    Args:
        api: The API.
        program: The program that calls it through a gateway.
        note: The file to read.
        always: The answer to each question; without it, the file is read.
        first: A call that comes before the file is read.
        thinks: True if it reasons before it reads the file, and signs that.

    Attributes:
        returned: True if the signature has come back.
    """

    def __init__(
        self,
        api: Api,
        program: Program,
        note: Path,
        always: Answer | None = None,
        *,
        first: ReadCall | None = None,
        thinks: bool = False,
    ) -> None:
        super().__init__()
        self.api = api
        self._program = program
        self._note = note
        self._always = always
        self._first = first
        self._thinks = thinks
        self.returned = False
        self._wire = wire_of(api)

    def _answer(self, request: Request) -> Answer:
        if request.path.partition("?")[0].endswith(_COUNTS):
            return as_json({"input_tokens": 12, "totalTokens": 12, "object": "count"})
        asked = decoded(self._wire, request.body, request.headers)
        stream = asked.stream or ":stream" in request.path
        if not is_main(self._program, asked):
            structured = json.dumps({"title": TITLE})
            text = structured if asked.request.response_format else TITLE
            return self.api.answer(TextDelta(text), *ended("stop"), stream=stream)
        if self._always is not None:
            return self._always
        self.returned |= SIGNATURE.encode() in request.body
        found = self._found(asked)
        if found is not None:
            words = [TextDelta("The word is "), TextDelta(found), TextDelta(".")]
            return self.api.answer(*words, *ended("stop"), stream=stream)
        if self._program.read is None:
            return self.api.answer(TextDelta("The file is missing."), *ended("stop"), stream=stream)
        results = sum(turn.role == "tool" for turn in asked.request.turns())
        call = self._program.read(self._note)
        if self._first is not None and not results:
            call = self._first
        # Claude Code drops a call whose ID it has seen before.
        id_ = f"call_{results + 1}"
        event = ToolCallDelta(0, id_, call.name, json.dumps(call.arguments))
        begun = [*self._thoughts(), TextDelta("I read it.")]
        if self._thinks and self.api.provider == "google":
            event = structs.replace(event, signature=SIGNATURE)
        return self.api.answer(*begun, event, *ended("tool_calls"), stream=stream)

    def _thoughts(self) -> list[Event]:
        if not self._thinks:
            return []
        # Google signs the call.
        signature = None if self.api.provider == "google" else SIGNATURE
        return [ReasoningDelta("I have to read it.", signature, id="rs_1")]

    def _found(self, asked: ClientRequest) -> str | None:
        """Return the word of the file, from the result of the tool or from the question."""
        for turn in asked.request.turns():
            if self._program.read is None or turn.role == "tool":
                match = WORD.search(turn.text or "")
                if match is not None:
                    return match[0]
        return None
