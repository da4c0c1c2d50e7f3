"""The mark of a file: its size, and a digest of all of it or, if it is large, of pieces."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import IO

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.row_source import InputFingerprint
from llmring.exceptions import ValidationError

# A file up to this size is read whole, in about 20 ms.
WHOLE_BYTES = 16 * 2**20
# Of a larger one, this many pieces are read, evenly spread from the head to the tail. A change
# between them that keeps the size is found by the digests of the rows.
PIECES = 64
PIECE_BYTES = 2**16


def file_fingerprint(file: InputFile) -> InputFingerprint:
    """Return the mark of a file.

    Raises:
        ValidationError: It can't be read.
    """
    state = blake2b(digest_size=16)
    try:
        with Path(file.path).open("rb", buffering=0) as stream:
            size = stream.seek(0, 2)
            whole = size <= WHOLE_BYTES
            length = WHOLE_BYTES if whole else PIECE_BYTES
            steps = 0 if whole else PIECES - 1
            for step in range(steps + 1):
                stream.seek((size - PIECE_BYTES) * step // steps if steps else 0)
                state.update(stream.read(length))
    except OSError as error:
        raise ValidationError(f"can't read {file.path}: {error.strerror or error}") from None
    return InputFingerprint(
        name=file.label,
        size=size,
        digest=state.hexdigest(),
        covers="whole" if whole else "pieces",
    )


def stream_fingerprint(name: str, stream: IO[bytes]) -> InputFingerprint:
    """Return the mark of a stream, which is read to its end.

    Args:
        name: Its name among the inputs.
        stream: The stream, from its start.
    """
    state, size = blake2b(digest_size=16), 0
    with stream:
        while piece := stream.read(PIECE_BYTES):
            state.update(piece)
            size += len(piece)
    return InputFingerprint(name=name, size=size, digest=state.hexdigest(), covers="whole")
