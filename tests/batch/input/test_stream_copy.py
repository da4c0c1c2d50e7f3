from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.stream_copy import StreamCopy


@given(st.binary(max_size=300), st.lists(st.integers(1, 50)))
def test_readers_at_different_places_read_the_same_stream(data: bytes, sizes: list[int]) -> None:
    copy = StreamCopy(io.BytesIO(data))
    first, second = copy.open(), copy.open()

    heads = b"".join(first.read(size) for size in sizes)

    assert heads + first.read() == data
    assert second.read() == data


def test_a_reader_does_not_wait_for_more_than_it_needs() -> None:
    class Piped(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            return super().read1(4)

    piped = Piped(b"one\ntwo\n")

    assert StreamCopy(piped).open().readline() == b"one\n"
    assert piped.tell() == 4
