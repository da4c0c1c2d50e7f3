"""A scripted answer: its head, then chunks, pauses and resets."""

from msgspec import Struct

from llmring.wire import HttpHead


class Chunk(Struct, frozen=True):
    """Bytes of the body, which arrive together."""

    data: bytes


class Pause(Struct, frozen=True):
    """Nothing comes for this many seconds."""

    seconds: float


class Reset(Struct, frozen=True):
    """The connection breaks; nothing follows."""

    message: str


Step = Chunk | Pause | Reset


class Script(Struct, frozen=True):
    """An answer as it arrives: its head at once, then step by step. No head: no connection."""

    head: HttpHead | None
    steps: tuple[Step, ...]
