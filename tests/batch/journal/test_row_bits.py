from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.journal.row_bits import RowBits


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40_000)), max_size=60))
def test_b27_a_set_of_bits_is_a_set(steps: list[tuple[bool, int]]) -> None:
    bits, plain = RowBits(), set[int]()
    for adds, ordinal in steps:
        if adds:
            bits.add(ordinal)
            plain.add(ordinal)
        else:
            bits.discard(ordinal)
            plain.discard(ordinal)

    assert len(bits) == len(plain)
    assert all((ordinal in bits) == (ordinal in plain) for _, ordinal in steps)
    assert 50_000 not in bits
