"""Masking of secrets in text, complete or cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.redaction import redact

SECRET = "q7Zt.distinctive.W9x4"


def test_a_secret_is_masked_everywhere() -> None:
    assert redact(f"a {SECRET} b {SECRET}", [SECRET]) == "a *** b ***"


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcdefghijklmnop",
        "sk-ant-api03-abcdefghijklmnop",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv",
        "gsk_abcdefghijklmnop1234",
        "Bearer abcdefghijklmnop1234",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "glpat-abcdefghij0123456789",
        *(f"gh{kind}_abcdefghijklmnopqrstuvwxyz0123456789" for kind in "pousr"),
        "dapi0123456789abcdef0123456789abcdef",
        "vck_abcdefghijklmnopqrstuvwxyz0123456789",
        "ABSKQmVkcm9ja0FQSUtleS1leGFtcGxlOmFiY2RlZmdoaWprbG1ub3A=",
        "Basic dXNlcjpwYXNzd29yZDEyMzQ1Njc4OTA=",
        "0123456789abcdef0123456789abcdef.AbCdEfGh12345678",
        "fw_3ZabcdefghijklmnopqrS",
    ],
)
def test_text_that_looks_like_a_key_is_masked(key: str) -> None:
    assert redact(f"bad key {key} here") == "bad key *** here"


@pytest.mark.parametrize(
    "text",
    ["sk-", "risk-free", "task_force", "Bearer of news", "pk-1", "Basic understanding of x2"],
)
def test_words_that_only_begin_like_a_key_are_kept(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("secret", ["", "x", "none", "EMPTY"])
def test_values_too_short_to_be_secret_are_kept(secret: str) -> None:
    assert redact("x: none, EMPTY", [secret]) == "x: none, EMPTY"


@given(st.text(max_size=30), st.integers(8, len(SECRET)))
def test_a_secret_cut_off_at_the_end_is_masked(before: str, length: int) -> None:
    assert SECRET[:8] not in redact(before + SECRET[:length], [SECRET])
