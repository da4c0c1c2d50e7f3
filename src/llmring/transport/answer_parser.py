"""HTTP/1.1 answers: from bytes to status, headers and the pieces of the body; does no I/O.

llhttp reads the bytes. It is as lenient as in browsers where that is harmless: lines that end in a
bare LF, folded headers, spaces after the size of a chunk.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

from typing import Any

import httptools

# As in other clients; real heads have a few KiB.
MOST_HEAD_BYTES = 64 * 1024
_LARGE = f"its head is larger than {MOST_HEAD_BYTES // 1024} KiB"


class BadAnswerError(Exception):
    """The bytes are not an answer of HTTP."""


class AnswerParser:
    """The parser of one answer.

    Args:
        method: The method of the request; what answers HEAD or CONNECT ends with its head.

    Attributes:
        status: The status; 0 before the head has come.
        headers: The headers, by their names in lower case; of several with one name, their
            different values with commas between them.
        pieces: The pieces of the body that have come and were not taken.
        pending: The number of bytes that have come since the last `take`.
        complete: True once the whole answer has come.
        keeps_alive: True if another request may follow on the same connection.
        begun: True once any byte has come.
    """

    __slots__ = (
        "_has_body",
        "_head_bytes",
        "_is_named",
        "_method",
        "_parser",
        "begun",
        "complete",
        "headers",
        "keeps_alive",
        "on_body",
        "pending",
        "pieces",
        "status",
    )

    def __init__(self, method: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.pending = self._head_bytes = 0
        self.complete = self.keeps_alive = self.begun = False
        self._method = method
        self._has_body = method not in ("HEAD", "CONNECT")
        self._is_named = False
        # Made when the first byte comes: many calls wait for theirs.
        self._parser: Any = None

    def feed(self, data: bytes) -> None:
        """Read more bytes of the connection.

        Raises:
            BadAnswerError: They are not HTTP.
        """
        self.pending += len(data)
        if self._parser is None:
            if self.begun:
                self.keeps_alive = False
                return
            self._parser = self._new_parser()
        self.begun = True
        if not self._is_named:
            self._check_name(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.complete:
                raise BadAnswerError(str(error.__context__ or error)) from None
            # What follows the answer belongs to no request.
            self.keeps_alive = False
        if self.pieces and not self._has_body:
            self.pieces.clear()
            self.keeps_alive = False
        if self.complete:
            # It refers to this object, which would be left to the garbage collector.
            self._parser = None
        elif not self.status:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                raise BadAnswerError(_LARGE)

    def _new_parser(self) -> Any:
        # Called by the parser without a function of Python between them.
        self.on_body = self.pieces.append
        parser = httptools.HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def end(self) -> bool:
        """Return True if the end of the connection is the end of the answer.

        https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length
        """
        self.keeps_alive = False
        if self.status and not self.complete:
            headers = self.headers
            self.complete = not ("content-length" in headers or "transfer-encoding" in headers)
        return self.complete

    def take(self) -> bytes:
        """Return the bytes of the body that have come since the last time."""
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.pending = 0
        return data

    # What the parser calls; it names these methods.

    def on_message_begin(self) -> None:
        """Stop at bytes after the answer."""
        if self.complete:
            raise BadAnswerError("bytes follow the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or ignore it after the body."""
        if self.status:
            return
        # With the colon, the space and the line end.
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > MOST_HEAD_BYTES:
            raise BadAnswerError(_LARGE)
        if b"\0" in value:
            raise BadAnswerError("a header holds a null byte")
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers = self.headers
        if key not in headers:
            headers[key] = text
        elif headers[key] != text or key == "transfer-encoding":
            headers[key] = f"{headers[key]}, {text}"

    def on_headers_complete(self) -> None:
        """Take the status, unless another follows."""
        status: int = self._parser.get_status_code()
        if status < 200:
            if status in (0, 101):
                raise BadAnswerError(f"a status of {status:03}")
            self.headers.clear()
            return
        coding = self.headers.get("transfer-encoding")
        if coding is not None:
            if coding.strip(" ").lower() != "chunked":
                raise BadAnswerError("a transfer encoding that was not asked for")
            # Lenient line ends would hide a wrong size.
            self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=False)
        self.status = status
        if not self._has_body:
            self.complete = True
            # A tunnel stays open.
            is_closed = self.headers.get("connection", "").lower() == "close"
            self.keeps_alive = self._method == "CONNECT" or not is_closed

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self.status and self._has_body:
            self.complete = True
            self.keeps_alive = self._parser.should_keep_alive()

    def _check_name(self, data: bytes) -> None:
        """Refuse the other protocols that llhttp reads."""
        start = data.lstrip(b"\r\n")[:1]
        self._is_named = bool(start)
        if start not in (b"", b"H"):
            # Not quoted: it may be a part of a key that the server has been sent.
            raise BadAnswerError("it does not begin with HTTP/")
