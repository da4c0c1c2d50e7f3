"""Requests and answers of the gateway, as plain values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from msgspec import Struct

from llmring.gateway.caller import ANYONE, Caller


class GatewayRequest(Struct, frozen=True, kw_only=True):
    """A request of a client, whole.

    Attributes:
        method: The method.
        path: The path, decoded, without a profile's prefix.
        query: The fields of the query; of several with one name, the last.
        headers: The headers, by their names in lower case.
        body: The body, unpacked.
        profile: The profile that the path names, if it does.
        client: The address of the client.
        caller: Who makes the call.
    """

    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    profile: str | None = None
    client: str = ""
    caller: Caller = ANYONE


class GatewayAnswer(Struct, frozen=True, kw_only=True):
    """An answer to a client.

    Attributes:
        status: The status.
        headers: The headers, by their names in lower case.
        body: The body, or its pieces as they come. If the iterator of a stream raises an error, the
            connection is reset, so that the client can't take the answer for whole.
    """

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes | AsyncIterator[bytes] = b""
