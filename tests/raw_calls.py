"""Calls of clients as raw bodies, sent through a gateway to vendors of every API."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

from loopback import Answer, Loopback
from sdk_stage import Stage
from served_gateway import Reply

# The path of a chat in each API; `{}` is the model.
PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "gemini": "/v1beta/models/{}:streamGenerateContent?alt=sse",
    "ollama": "/api/chat",
}

_numbers = itertools.count()


class Asked:
    """A call that was made.

    Attributes:
        reply: The gateway's reply.
        vendor: The vendor, with the requests that it got.
    """

    def __init__(self, reply: Reply, vendor: Loopback) -> None:
        self.reply = reply
        self.vendor = vendor

    @property
    def sent(self) -> Any:
        """The body of the one request that the vendor got."""
        [request] = self.vendor.requests
        return request.json

    @property
    def text(self) -> str:
        """The body of that request, as text."""
        return json.dumps(self.sent, ensure_ascii=False)

    @property
    def notes(self) -> str:
        return self.reply.headers.get("x-llmring-notes", "")


def ask(
    scene: Stage,
    wire: str,
    api: str,
    body: dict[str, Any],
    *answers: Answer,
    path: str | None = None,
    alone: bool = True,
    stream: bool = True,
    then: Answer | None = None,
    headers: Mapping[str, str] | None = None,
) -> Asked:
    """Send a request in one API to a vendor of another.

    Args:
        scene: The gateway and its vendors.
        wire: The API of the client.
        api: The API of the vendor.
        body: The request, without the model.
        answers: The answers of the vendor.
        path: The path, if it is not the API's usual one; `{}` is the model.
        alone: False to let the other vendor answer if this one does not.
        stream: Whether the client asks for a stream, where the body says so.
        then: The answer of the other vendor.
        headers: More headers, with underscores in their names.
    """
    vendor = scene.script(api, *answers, then=then)
    model = f"{'alone' if alone else 'pair'}-{api}-{next(_numbers) % 200}"
    if wire != "gemini":
        body = {**body, "model": model, "stream": stream}
    found = (path or PATHS[wire]).format(model)
    return Asked(scene.gateway.ask("POST", found, body, **(headers or {})), vendor)
