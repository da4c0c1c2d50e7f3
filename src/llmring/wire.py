"""HTTP requests and response heads as plain values."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct


class HttpRequest(Struct, frozen=True):
    """An HTTP request that is ready to send; its repr omits the headers, which hold the key.

    Attributes:
        method: The method.
        url: The address.
        headers: The headers, with the key, by their names in lower case.
        body: The body.
        notes: Remarks on what the API could not take as it was asked for; not sent.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        where = f"{parts.scheme}://{parts.hostname}{parts.path}"
        return f"<HttpRequest {self.method} {where} {len(self.body)} bytes>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("bytes", len(self.body))]


class HttpHead(Struct, frozen=True):
    """The status and headers of a response; header names are lower case."""

    status: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty without such a header."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_success(head: HttpHead) -> bool:
    """Return True for a 2xx status; redirects are not followed."""
    return 200 <= head.status < 300
