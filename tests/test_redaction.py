"""Masking of secrets in text, complete or cut off."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.redaction import marks_of, one_line, pattern_of, redact, secrets_in

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
        "lr_000000000000000000000000000000002wjyrI",
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


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40))
def test_a_secret_is_masked_in_the_spellings_of_json_html_and_addresses(secret: str) -> None:
    spellings = [
        secret,
        secret.lower(),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        html.escape(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
    ]

    for spelling in spellings:
        assert redact(f"<{spelling}>", [secret]) == "<***>"


def test_a_secret_around_a_known_shape_is_masked_where_the_shape_was_masked_before() -> None:
    secret = "team.q7Zt.W9x4:" + "sk" + "-or-0123456789abcdef0"

    assert redact(redact(f"bad key {secret} here"), [secret]) == "bad key *** here"


def test_values_are_secret_by_the_names_of_their_headers_and_parameters() -> None:
    named = {"x-team-token": "a", "X-API-Key": "b", "api-version": "c", "sig": "d", "accept": "e"}

    assert secrets_in(named) == ["a", "b", "d"]


def test_a_pattern_finds_given_secrets_and_no_shapes() -> None:
    name = "fw" + "-model-0123456789abcdef"

    assert pattern_of([SECRET, "x"]).sub("***", f"{name} {SECRET.upper()} x") == f"{name} *** x"
    assert pattern_of([]).search(f"{name} {SECRET}") is None


@given(st.text())
def test_a_line_has_nothing_that_ends_it_or_controls_a_terminal(text: str) -> None:
    line = one_line(text)

    assert line.isprintable()
    assert len(line) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, line, strict=True))


def test_a_line_keeps_what_can_be_read() -> None:
    assert one_line("Grüß Gott 🙂") == "Grüß Gott 🙂"
    assert one_line("\x1b[31ma\r\nb\u202ec\u2028d") == " [31ma  b c d"


@given(
    st.text(st.characters(max_codepoint=255), max_size=20),
    st.sampled_from([SECRET, "a/b+c?d&é01", "'quoted'\\\"key\"", "plain0123"]),
    st.sampled_from([str, str.upper, json.dumps, quote]),
)
def test_a_text_that_holds_a_secret_has_a_mark_of_it(around, secret, written) -> None:  # type: ignore[no-untyped-def]
    text = f"{around}{written(secret)}{around}"
    data = text.encode("latin-1", "replace")

    if pattern_of([secret]).search(data.decode("latin-1")):
        assert any(mark in data.lower() for mark in marks_of([secret]))


def test_secrets_that_are_too_short_have_no_marks() -> None:
    assert marks_of(["x", "none"]) == ()
    assert marks_of([SECRET]) == (SECRET.lower().encode(),)
