import base64
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.relay.sealed_signatures import (
    OpenedSeal,
    SealedCall,
    SealedContent,
    SealedItem,
    SealedThought,
    SealKey,
    Slot,
    endpoint_mark,
    is_sealed,
    open_seal,
    seal,
)

KEY = SealKey(b"s" * 32, "team-a")
SLOTS: tuple[Slot, ...] = ("text", "base64")
EACH_SLOT = pytest.mark.parametrize("slot", SLOTS)
URL_SAFE = set(string.ascii_letters + string.digits + "-_.")

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MAYBE = st.none() | TEXTS
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=4)
CONTENTS: st.SearchStrategy[SealedContent] = st.one_of(
    st.builds(SealedThought, MAYBE, MAYBE, MAYBE),
    st.builds(SealedItem, OBJECTS),
    st.builds(SealedCall, st.integers(0, 9), MAYBE, MAYBE, MAYBE, st.none() | OBJECTS),
)
OPENED = st.builds(
    OpenedSeal,
    st.sampled_from(["anthropic", "openai_responses", "gemini", "openai_chat", "ollama"]),
    st.builds(endpoint_mark, st.just(b"k"), TEXTS, TEXTS),
    CONTENTS,
)

THOUGHT = OpenedSeal("openai_responses", "abcdef-_1234", SealedThought("gAAAA+/=", "rs_1"))


@given(OPENED, st.binary(min_size=1, max_size=40), TEXTS, st.sampled_from(SLOTS))
def test_what_is_sealed_opens_again(
    opened: OpenedSeal, secret: bytes, tenant: str, slot: Slot
) -> None:
    key = SealKey(secret, tenant)

    text = seal(key, opened, slot)

    assert is_sealed(text)
    assert open_seal(key, text) == opened


@given(OPENED, st.sampled_from(SLOTS), st.data())
def test_a_seal_with_any_character_changed_added_or_lost_is_not_opened(
    opened: OpenedSeal, slot: Slot, data: st.DataObject
) -> None:
    text = seal(KEY, opened, slot)
    at = data.draw(st.integers(0, len(text)))
    lost = data.draw(st.integers(0, 2))
    put = data.draw(st.text(string.ascii_letters + string.digits + "-_.+/= é\n", max_size=2))
    changed = text[:at] + put + text[at + lost :]
    # Both alphabets of base64, and its padding, are the same to a vendor's library.
    if changed.translate(ALPHABET).rstrip("=") == text.translate(ALPHABET).rstrip("="):
        return

    assert open_seal(KEY, changed) is None


ALPHABET = str.maketrans("-_", "+/")


@EACH_SLOT
def test_no_single_byte_of_a_seal_can_be_changed(slot: Slot) -> None:
    text = seal(KEY, THOUGHT, slot).rstrip("=")

    for at, character in enumerate(text):
        for other in "Aa0.":
            if other != character:
                assert open_seal(KEY, text[:at] + other + text[at + 1 :]) is None


@EACH_SLOT
@pytest.mark.parametrize(
    "other",
    [SealKey(b"s" * 32, "team-b"), SealKey(b"t" * 32, "team-a"), SealKey(b"s" * 32, "")],
    ids=["another tenant", "another secret", "no tenant"],
)
def test_a_seal_of_another_key_is_not_opened(other: SealKey, slot: Slot) -> None:
    assert open_seal(other, seal(KEY, THOUGHT, slot)) is None


def test_a_seal_cannot_be_given_another_api_or_endpoint() -> None:
    text = seal(KEY, THOUGHT)

    assert open_seal(KEY, text.replace("openai_responses", "openai_chat")) is None
    assert open_seal(KEY, text.replace(THOUGHT.mark, "abcdef-_1235")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lr1.",
        "lr1...",
        "lr1.anthropic.mark.",
        "lr1.anthropic.mark.é",
        "lr2.anthropic.mark.AAAA",
        "bHIxL",
        "bHIxLg==",
        "EqQBCkYIBxgCKkDx",
        "gAAAAABn",
        base64.b64encode(b"lr1.a.b." + bytes(40)).decode(),
        "lr1.a.b." + "A" * 54,
        "lr1.\udcff",
    ],
)
def test_what_was_not_sealed_here_is_not_opened(text: str) -> None:
    assert open_seal(KEY, text) is None


def test_a_vendor_s_own_signature_is_not_a_seal() -> None:
    assert not is_sealed("EqQBCkYIBxgCKkDx")
    assert not is_sealed(None)


@EACH_SLOT
def test_a_megabyte_is_sealed_and_opened(slot: Slot) -> None:
    opened = OpenedSeal("gemini", "m", SealedItem({"data": "x" * 2**20}))

    assert open_seal(KEY, seal(KEY, opened, slot)) == opened


def test_a_seal_as_text_shows_its_api_and_fits_into_any_text() -> None:
    text = seal(KEY, THOUGHT)

    assert text.startswith("lr1.openai_responses.abcdef-_1234.")
    assert set(text) <= URL_SAFE


def test_a_seal_in_base64_survives_a_library_that_decodes_it() -> None:
    text = seal(KEY, THOUGHT, "base64")

    again = base64.urlsafe_b64encode(base64.b64decode(text, validate=True)).decode()

    assert open_seal(KEY, again) == open_seal(KEY, again.rstrip("=")) == THOUGHT


def test_google_s_library_returns_a_seal_in_base64_as_it_can_be_opened() -> None:
    types = pytest.importorskip("google.genai.types", reason="google-genai is not installed")
    part = {"text": "So.", "thought": True, "thoughtSignature": seal(KEY, THOUGHT, "base64")}
    candidate = {"content": {"parts": [part], "role": "model"}}

    read = types.GenerateContentResponse.model_validate({"candidates": [candidate]})
    sent = read.candidates[0].content.parts[0].model_dump(mode="json", exclude_none=True)

    assert open_seal(KEY, sent["thought_signature"]) == THOUGHT


def test_marks_differ_by_provider_address_and_secret_and_show_none_of_them() -> None:
    marks = [
        endpoint_mark(b"a", "openai", "https://api.openai.com/v1"),
        endpoint_mark(b"b", "openai", "https://api.openai.com/v1"),
        endpoint_mark(b"a", "mine", "https://api.openai.com/v1"),
        endpoint_mark(b"a", "openai", "https://proxy.example/v1"),
        endpoint_mark(b"a", "openaih", "ttps://api.openai.com/v1"),
    ]

    assert len(set(marks)) == len(marks)
    assert all(len(mark) == 12 and set(mark) <= URL_SAFE - {"."} for mark in marks)
    assert marks[0] == endpoint_mark(b"a", "openai", "https://api.openai.com/v1/")
