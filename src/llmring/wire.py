"""An HTTP exchange as a value: what is sent, and the head of what comes back."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct


class HttpRequest(Struct, frozen=True):
    """One request, ready to send. Its headers hold the key, so its repr shows none of them."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        where = f"{parts.scheme}://{parts.hostname}{parts.path}"
        return f"<HttpRequest {self.method} {where} {len(self.body)} bytes>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("bytes", len(self.body))]


class HttpHead(Struct, frozen=True):
    """Status and headers of a response; header names are lower case."""

    status: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        """The media type without its parameters, lower case; empty where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
