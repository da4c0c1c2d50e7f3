"""Text from standard input, where it is a pipe or a file."""

from __future__ import annotations

import io
import os
import queue
import sys
import threading

from llmring.cli.output import is_terminal, print_note

# Long enough for a program that starts at the same time; an inherited pipe stays silent.
PATIENCE_SECONDS = 3.0

_PIECE = 2**16


def piped_text(patience: float | None = None) -> str:
    """Return the text piped to standard input; empty on a terminal or if it is closed.

    Args:
        patience: Seconds to wait for the first byte before standard input is ignored with a note;
            None to wait for ever.

    Raises:
        UnicodeError: The input is not UTF-8.
    """
    stream = sys.stdin
    if stream is None or is_terminal(stream):
        return ""
    try:
        handle = stream.fileno()
    except (OSError, ValueError):  # replaced by a program, or closed
        return "" if stream.closed else stream.read()
    pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # A thread, because Windows can't wait for a pipe; it reads below Python's own buffer, whose
    # lock would break the end of the process while the thread waits.
    threading.Thread(target=_read, args=(handle, pieces), daemon=True).start()
    try:
        body = piece = pieces.get(timeout=patience)
    except queue.Empty:
        print_note(
            f"standard input is open but silent for {patience:g} s, and is ignored; "
            "to wait for it, add --stdin; to close it: </dev/null"
        )
        return ""
    while piece:
        piece = pieces.get()
        body += piece
    return io.TextIOWrapper(io.BytesIO(body), encoding="utf-8").read()


def _read(handle: int, pieces: queue.SimpleQueue[bytes]) -> None:
    """Read a file descriptor to its end, which is put into the queue as an empty piece."""
    piece = b"-"
    while piece:
        try:
            piece = os.read(handle, _PIECE)
        except OSError:
            piece = b""
        pieces.put(piece)
