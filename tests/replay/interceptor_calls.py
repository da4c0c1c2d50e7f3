"""One request through `Interceptor`, as a ring sends it, and its answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest
from llmring.client.network import Network
from llmring.clock import SYSTEM
from llmring.config.settings import read_settings
from llmring.exceptions import ProviderError
from llmring.lockfile.document import ModelRef
from llmring.replay import overrides
from llmring.replay.interceptor import Interceptor
from llmring.routing.call_context import CallContext
from llmring.routing.policy import Policy
from llmring.routing.targets import Target, targets
from llmring.transport.http_client import HttpClient
from llmring.wire import HttpHead, HttpRequest
from loopback import Loopback
from rings import MODEL, environ_of


def target_at(server: Loopback, model: str = MODEL) -> Target:
    environ = {
        **environ_of(server),
        "ANTHROPIC_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef",
        "OLLAMA_BASE_URL": server.url,
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "GOOGLE_API_KEY": "AIzaSy0123456789abcdef",
    }
    [target] = targets([ModelRef.parse(model)], read_settings(environ).endpoints, lambda _: None)
    assert isinstance(target, Target)
    return target


def asking(target: Target, text: str = "Hi", *, stream: bool = False) -> HttpRequest:
    return target.encode(parse_request(LLMRequest(model="", messages=text)), stream=stream)


def played(
    interceptor: Interceptor,
    policy: Policy,
    target: Target | None,
    request: HttpRequest,
    *,
    seconds: float | None = 30,
    leave_after: int | None = None,
) -> tuple[HttpHead, list[bytes]]:
    """Return the head and the pieces of the body: all, or only so many."""
    found: list[bytes] = []
    head = asyncio.run(_call(interceptor, policy, target, request, seconds, found, leave_after))
    return head, found


def until_broken(
    interceptor: Interceptor, policy: Policy, target: Target, request: HttpRequest
) -> tuple[bytes, ProviderError]:
    """Return the part of a body before its error, and the error."""
    found: list[bytes] = []
    with pytest.raises(ProviderError) as caught:
        asyncio.run(_call(interceptor, policy, target, request, 30, found, None))
    return b"".join(found), caught.value


async def _call(
    interceptor: Interceptor,
    policy: Policy,
    target: Target | None,
    request: HttpRequest,
    seconds: float | None,
    found: list[bytes],
    leave_after: int | None,
) -> HttpHead:
    try:
        exchange = await interceptor.open(request, seconds, target, CallContext(policy=policy))
        try:
            if seconds is not None:
                exchange.expire_at(asyncio.get_running_loop().time() + seconds)
            while len(found) != leave_after and (data := await exchange.chunk()):
                found.append(data)
            return exchange.head
        finally:
            exchange.close()
    finally:
        await NETWORK.aclose()


class _Network(Network):
    """The network of these tests, whose connections are closed after each of their loops."""

    def __init__(self) -> None:
        self._client = HttpClient()
        super().__init__(self._client, read_settings({}))

    async def aclose(self) -> None:
        await self._client.aclose()


NETWORK = _Network()


def interceptor_in(folder: Path) -> Interceptor:
    return Interceptor(
        NETWORK, lambda own: folder / (own or "recordings"), overrides.current, SYSTEM
    )
