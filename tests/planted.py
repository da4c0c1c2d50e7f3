"""Keys that are planted everywhere a program keeps them, and a search for them in all outputs."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from llmring import LLMRingError
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback, Request, as_stream
from traces import Seen

# Values of different shapes around the part that tells one planted key from all others.
SHAPES: Mapping[str, Callable[[str], str]] = {
    "of no known shape": lambda mark: f"q7Zt.{mark}.W9x4",
    "as of a vendor": lambda mark: "sk" + f"-ant-{mark}-0123456789",
    "in base64": lambda mark: base64.b64encode(f"{mark}~{mark[:5]}?>".encode()).decode(),
    "with escapes": lambda mark: f"a\"b\\c/d&e<f>'g%2Fh+{mark}",
    "with spaces": lambda mark: f"correct horse {mark} battery",
    "of eight letters": lambda mark: mark,
    "around a vendor's": lambda mark: f"team.{mark}:" + "sk" + "-or-0123456789abcdef0",
}


@dataclass(frozen=True)
class Planted:
    """The secrets of one provider, each with a mark of its own.

    Attributes:
        provider: The provider.
        shape: The shape of the values, of `SHAPES`.
        source: The place of address and further secrets: "environment" or "lockfile".
    """

    provider: str
    shape: str
    source: str

    def mark(self, place: str) -> str:
        """Return the part of a secret that no other secret has."""
        told_apart = f"{self.provider} {self.shape} {self.source} {place}"
        return hashlib.sha256(told_apart.encode()).hexdigest()[: self._length]

    @property
    def _length(self) -> int:
        return 8 if self.shape == "of eight letters" else 16

    def value(self, place: str) -> str:
        """Return the secret of a place: "key", "password", "header" or "query"."""
        # A lockfile with a key of a vendor's shape is refused.
        refused = "vendor" in self.shape and place in ("header", "query")
        return SHAPES["of no known shape" if refused else self.shape](self.mark(place))

    @property
    def places(self) -> tuple[str, ...]:
        """The places of this provider's secrets."""
        if self.source == "lockfile":
            return ("key", "header", "query")
        return ("key", "password") if PROVIDERS[self.provider].key_env else ("password",)

    @property
    def sent(self) -> tuple[str, ...]:
        """The secrets that requests carry, as they carry them."""
        login = f"me:{self.value('password')}".encode()
        logins = [base64.b64encode(login).decode()] if "password" in self.places else []
        return (*map(self.value, self.places), *logins)

    @property
    def traces(self) -> Iterator[str]:
        """The texts that give a secret away, in any spelling."""
        for value in self.sent:
            yield value
            yield base64.b64encode(value.encode()).decode()
        for place in self.places:
            # Escapes and cuts leave the mark, or the beginning of it, as it is.
            mark = self.mark(place)
            yield base64.b64encode(mark.encode()).decode()[:12] if "64" in self.shape else mark[:12]

    @property
    def variables(self) -> dict[str, str]:
        """The variable with the key, if the provider has one."""
        if self.source == "lockfile":
            return {self._own_variable: self.value("key")}
        return dict.fromkeys(PROVIDERS[self.provider].key_env[:1], self.value("key"))

    def environ(self, url: str) -> dict[str, str]:
        """Return the variables for a server at this address."""
        if self.source == "lockfile":
            return self.variables
        login = f"//me:{quote(self.value('password'), safe='')}@"
        address = PROVIDERS[self.provider].base_url_env[0]
        return {**self.variables, address: url.replace("//", login)}

    def table(self, url: str) -> str:
        """Return the provider's table in a lockfile; empty if all is in the environment."""
        if self.source == "environment":
            return ""
        lines = [
            f"[providers.{self.provider}]",
            f'base_url = "{url}"',
            f'api_key_env = "{self._own_variable}"',
            f"headers = {{ x-team-token = {json.dumps(self.value('header'))} }}",
            f"query = {{ key = {json.dumps(self.value('query'))} }}",
        ]
        return "\n".join(lines) + "\n"

    @property
    def _own_variable(self) -> str:
        return f"PLANTED_{self.provider.upper()}"


def echoes(planted: Planted) -> dict[str, Answer]:
    """Return answers in which a server sends back all that it was sent."""
    shown = " ".join(planted.sent)
    error = {"message": f"bad key {shown}", "code": shown, "type": shown, "status": shown}
    whole = {**error, "error": error, "request_id": shown, "detail": shown, "title": shown}
    page = f"<html>{shown}</html>".encode()
    in_headers = dict.fromkeys(
        ("x-request-id", "request-id", "content-type", "retry-after", "location"), shown
    )
    return {
        "an error": _json(whole, 401),
        "an error of the request": _json(whole, 400),
        "an error with keys in its code only": _json({"error": {"code": shown}}, 500),
        "an error whose message is a list": _json(
            {"detail": [{"msg": shown, "loc": [shown]}]}, 422
        ),
        "an error that spells slashes in another way": Answer(
            [json.dumps(whole).replace("/", "\\/").encode()], 500
        ),
        "an error's page": Answer([page], 502),
        "an error's page in which the excerpt ends within": Answer([b"x" * 480 + page], 502),
        "an address in an error": Answer([quote(shown, safe="").encode()], 503),
        "headers": Answer([b"{}"], 500, in_headers),
        "headers of an answer that can't be read": Answer([page], 200, in_headers),
        "a rate limit": _json(whole, 429, {"retry-after": shown}),
        "a page instead of an answer": Answer([page]),
        "an error instead of an answer": _json(whole),
        "an answer of another form": _json({"choices": shown, "content": shown, "id": [shown]}),
        "a redirect": Answer([], 302, {"location": f"http://127.0.0.1:9/?key={quote(shown)}"}),
        "no HTTP": Answer([f"{shown}\r\n\r\n".encode()], framing="raw"),
        "an error in a stream": as_stream(_event({**whole, "type": "error"})),
        "an event that can't be read": as_stream(f"data: {shown}\n\n".encode()),
        "an error event": as_stream(b"event: error\ndata: " + json.dumps(whole).encode() + b"\n\n"),
    }


def _json(value: Any, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    named = {"content-type": "application/json", **headers}
    return Answer([json.dumps(value).encode()], status, named)


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


class Mirror(Loopback):
    """A server that rejects each request with an error that quotes all of its head."""

    def _answer(self, request: Request) -> Answer:
        login = request.headers.get("authorization", "").removeprefix("Basic ")
        shown = f"{request.path} {list(request.headers.values())} {_decoded(login)}"
        return _json({"error": {"message": shown, "code": shown}}, 401, {"x-request-id": shown})


def _decoded(login: str) -> str:
    try:
        return base64.b64decode(login, validate=True).decode()
    except ValueError:
        return ""


class Outputs:
    """All that a program has put out, under the names of the places."""

    def __init__(self) -> None:
        self._found: dict[str, bytes] = {}

    def add(self, place: str, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        self._found[place] = self._found.get(place, b"") + b"\n" + data

    def add_error(self, place: str, error: BaseException) -> None:
        """Add an error, all that it refers to, and its forms as data."""
        self.add(f"{place}: traceback", "".join(traceback.format_exception(error)))
        for one in _family(error):
            shown = [str(one), repr(one), repr(one.args), repr(vars(one))]
            self.add(f"{place}: {type(one).__name__}", "\n".join(shown))
            if isinstance(one, LLMRingError):
                self.add(f"{place}: JSON", json.dumps(one.to_dict()))
                self.add(f"{place}: pickle", pickle.dumps(one))
        for attempt in getattr(error, "attempts", ()):
            self.add(f"{place}: attempts", f"{attempt!r} {attempt.to_json()}")

    def add_files(self, place: str, folder: Path) -> None:
        """Add the names and bytes of all files below a folder, lockfiles aside."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".lock":
                self.add(f"{place}: {path.name}", path.name)
                self.add(f"{place}: {path.name}", path.read_bytes())

    def add_process(
        self, seen: Seen, log: pytest.LogCaptureFixture, printed: pytest.CaptureFixture[str]
    ) -> None:
        """Add the spans, the log with all that its records hold, and the printed text."""
        spans = seen.exporter.get_finished_spans()
        self.add("spans", "".join(span.to_json() for span in spans))
        self.add("metrics", str(seen.reader.get_metrics_data()))
        self.add("the log", log.text + repr([vars(record) for record in log.records]))
        self.add("standard output", "".join(printed.readouterr()))

    def leaks(self, *secrets: Planted) -> list[str]:
        """Return each place that holds a secret, with what it holds."""
        found = []
        for each in secrets:
            for trace in dict.fromkeys(each.traces):
                for place, data in self._found.items():
                    at = data.find(trace.encode())
                    if at >= 0:
                        context = data[max(0, at - 60) : at + len(trace) + 20]
                        found.append(f"{each.provider}, {each.shape}, in {place}: {context!r}")
        return found[:20]

    def holds(self, text: str) -> list[str]:
        """Return the places that hold a text."""
        return [place for place, data in self._found.items() if text.encode() in data]

    @property
    def places(self) -> set[str]:
        return set(self._found)


def _family(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, and every other error that it refers to."""
    if error is None:
        return
    yield error
    yield from _family(error.__cause__)
    yield from _family(error.__context__)
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _family(member)
