"""A scripted answer: its head, then chunks, pauses and resets."""

from msgspec import Struct

from llmring.wire import HttpHead


class Chunk(Struct, frozen=True):
    """Bytes of the body that arrive together."""

    data: bytes


class Pause(Struct, frozen=True):
    """A pause of this many seconds."""

    seconds: float


class Reset(Struct, frozen=True):
    """A broken connection; nothing follows."""

    message: str


Step = Chunk | Pause | Reset


class Script(Struct, frozen=True):
    """An answer as it arrives: the head at once, then each step; None as head: no connection."""

    head: HttpHead | None
    steps: tuple[Step, ...]
