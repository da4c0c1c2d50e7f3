"""The pace of the requests to a model, for people to read."""

from __future__ import annotations

from msgspec import Struct


class PaceState(Struct, frozen=True, kw_only=True):
    """The pace of the requests to a model.

    Attributes:
        model: Its reference, "provider:model".
        address: The base URL of its endpoint.
        in_flight: Requests in flight.
        waiting: Requests that wait for their turn.
        window: Requests that may be in flight.
        rate: Requests that may be sent in a second; None before the first limit.
        resumes_in: Seconds until the pause after a limit is over; 0.0 without a pause.
        limits: How often a limit was met.
    """

    model: str
    address: str
    in_flight: int
    waiting: int
    window: int
    rate: float | None
    resumes_in: float
    limits: int
