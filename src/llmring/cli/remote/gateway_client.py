"""A gateway that runs, as commands ask it over HTTP."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from llmring.config.settings import variables
from llmring.exceptions import ConfigurationError, LLMRingError, ProviderError
from llmring.transport.http_client import HttpClient
from llmring.wire import HttpRequest

KEY = "LLMRING_GATEWAY_KEY"

_SECONDS = 10.0
_REFUSED = (401, 403)

T = TypeVar("T")


def add_url_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a gateway; a key among the arguments could be seen by others."""
    parser.add_argument(
        "--url",
        metavar="URL",
        help=f"ask the gateway that runs at this address, with the key in {KEY}",
    )


class GatewayClient:
    """A gateway that runs.

    Args:
        url: Its address.

    Raises:
        ConfigurationError: The address is not one.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable or parts.username is not None or parts.query or parts.fragment:
            raise ConfigurationError(
                "--url is not the address of a gateway; give one like http://127.0.0.1:4180"
            )
        self._url = url.rstrip("/")
        self._key = "".join(variables([KEY]).values()).strip()

    def get(self, path: str, query: Mapping[str, str], kind: type[T]) -> T:
        """Ask for JSON.

        Args:
            path: The path.
            query: The fields of the query.
            kind: The type of the answer.

        Raises:
            LLMRingError: No gateway answers there, or not with this.
        """
        headers = {"accept": "application/json"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        there = f"{self._url}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            status, body = asyncio.run(_asked(HttpRequest("GET", there, headers, b"")))
        except ProviderError as error:
            raise LLMRingError(f"no answer from {self._url}: {error.message}") from error
        if status in _REFUSED:
            raise LLMRingError(
                f"the gateway at {self._url} shows this to no one without a key for it; set {KEY}"
            )
        try:
            if status == 200:
                return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        raise LLMRingError(
            f"{self._url} answers {path} with status {status}, and not as a gateway of llmring"
        )


async def _asked(request: HttpRequest) -> tuple[int, bytes]:
    client = HttpClient()
    try:
        exchange = await client.open(request, _SECONDS)
        try:
            exchange.expire_at(asyncio.get_running_loop().time() + _SECONDS)
            return exchange.head.status, await exchange.read()
        finally:
            exchange.close()
    finally:
        await client.aclose()
