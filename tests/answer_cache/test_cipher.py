"""The encryption of kept answers."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.answer_cache.cipher import Cipher
from llmring.exceptions import ConfigurationError

KEY = "k" * 32


@given(st.binary(max_size=100))
def test_g137_what_is_encrypted_is_read_with_the_same_key_alone(data: bytes) -> None:
    hidden = Cipher(KEY).encrypted("a", data)

    assert Cipher(KEY).decrypted("a", hidden) == data
    assert Cipher("l" * 32).decrypted("a", hidden) is None
    assert len(data) < 4 or data not in hidden


def test_the_same_answer_is_never_encrypted_alike() -> None:
    cipher = Cipher(KEY)

    assert cipher.encrypted("a", b"x") != cipher.encrypted("a", b"x")


def test_g164_what_is_kept_under_one_key_is_read_under_no_other() -> None:
    cipher = Cipher(KEY)

    assert cipher.decrypted("b", cipher.encrypted("a", b"secret")) is None


@given(st.binary(max_size=60))
def test_bytes_of_something_else_are_nothing(data: bytes) -> None:
    assert Cipher(KEY).decrypted("a", data) is None


def test_a_changed_byte_is_noticed() -> None:
    hidden = Cipher(KEY).encrypted("a", b"secret")

    for at in range(len(hidden)):
        changed = hidden[:at] + bytes([hidden[at] ^ 1]) + hidden[at + 1 :]
        assert Cipher(KEY).decrypted("a", changed) is None


def test_a_short_key_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError, match="LLMRING_CACHE_KEY") as caught:
        Cipher("hunter2")

    assert "hunter2" not in str(caught.value)


def test_g137_without_the_library_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setattr("llmring.answer_cache.cipher.find_spec", lambda _: None)

    with pytest.raises(ConfigurationError, match=r"llmring\[gateway,sign\]"):
        Cipher(KEY)
