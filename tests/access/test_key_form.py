"""The form of the gateway's keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.access.key_form import (
    digest_of,
    hash_of,
    is_well_formed,
    new_key,
    read_hash,
    written_hash,
)


def test_g110_a_key_has_32_random_characters_and_a_checksum() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    for key in keys:
        assert re.fullmatch(r"lr_[0-9A-Za-z]{38}", key)
        assert is_well_formed(key)


@given(at=st.integers(3, 40), letter=st.sampled_from("0aZ-_é "))
def test_g110_a_typo_in_a_key_is_found(at: int, letter: str) -> None:
    key = new_key()
    changed = key[:at] + letter + key[at + 1 :]

    assert is_well_formed(changed) == (changed == key)


@pytest.mark.parametrize("wrong", ["", "lr_", "sk-0123456789", "lr_" + "a" * 38, new_key() + "\n"])
def test_g110_other_texts_are_no_keys(wrong: str) -> None:
    assert not is_well_formed(wrong)


@given(text=st.text())
def test_g110_any_text_has_a_hash_of_which_it_is_not_a_part(text: str) -> None:
    found = hash_of(text)

    assert re.fullmatch(r"sha256:[0-9a-f]{64}", found)
    assert read_hash(found) == digest_of(text)
    assert written_hash(digest_of(text)) == found


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:00", "md5:" + "0" * 64, "sha256:" + "z" * 64]
)
def test_a_text_that_is_not_a_hash_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="llmring keys hash"):
        read_hash(text)
