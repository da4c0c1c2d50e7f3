"""The options of HTTP connections."""

from __future__ import annotations

from msgspec import Struct

from llmring.transport.unpack import BodyLimits


class TransportOptions(Struct, frozen=True, kw_only=True):
    """The options of HTTP connections.

    Attributes:
        limits: The bounds of what is read of an answer.
        certificate: The path of a certificate for servers that ask the client for one.
        key: The path of its private key; None if it is in the same file.
    """

    limits: BodyLimits = BodyLimits()
    certificate: str | None = None
    key: str | None = None
