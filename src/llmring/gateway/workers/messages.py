"""The messages between the process that watches and its workers, over a pair of sockets.

A worker gets one line of JSON, and after that orders of one byte each. It sends reports of one byte
each; after `FAILED` comes the reason, up to the end.
"""

from __future__ import annotations

from msgspec import Struct

from llmring.gateway.serve import ServeOptions
from llmring.lockfile.consent import Claim

# Orders: end like a gateway that gets SIGTERM, end without the delay, end now, and read the
# lockfile again.
DRAIN, LEAVE, FORCE, READ_AGAIN = b"d", b"l", b"f", b"r"

# Reports: the worker answers, its loop turns, it has answered all its calls, and it can't start.
READY, BEAT, DONE, FAILED = b"+", b".", b"-", b"!"

BEAT_SECONDS = 1.0


class WorkerStart(Struct, frozen=True, kw_only=True):
    """All that a worker needs to begin.

    Attributes:
        options: The options of the gateway.
        lockfile: The path of its lockfile.
        agreed: As for `LiveGateway`.
        door: The descriptor of the socket that listens.
        memory: The descriptor of the memory that the workers share; None without one.
        place: Its place in `ConnectionCounts`; None without one.
    """

    options: ServeOptions
    lockfile: str
    agreed: tuple[Claim, ...] | None
    door: int
    memory: int | None = None
    place: int | None = None
