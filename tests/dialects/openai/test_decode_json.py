"""JSON from servers whose JSON is not always valid."""

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from llmring.dialects.openai.decode_json import read
from llmring.exceptions import ProviderError, ProviderRateLimitError, UnreadableResponseError
from llmring.wire import HttpHead


class Said(Struct):
    text: str


HEAD = HttpHead(200, {})
DECODER = msgspec.json.Decoder(Said)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b'{"text": "a"}', "a"),
        (b'\xef\xbb\xbf{"text": "a"}', "a"),
        (b'{"text": "a\xff"}', "a\ufffd"),
        (rb'{"text": "a\ud83d"}', "a\ufffd"),
        (rb'{"text": "\uDC4Ba"}', "\ufffda"),
        (rb'{"text": "\ud83d\ud83d\udc4b"}', "\ufffd👋"),
        (rb'{"text": "\ud83d\udc4b"}', "👋"),
    ],
)
def test_damaged_text_does_not_lose_the_reply(sent: bytes, text: str) -> None:
    assert read(HEAD, sent, DECODER).text == text


def test_an_error_in_place_of_the_reply_is_raised_as_that_error() -> None:
    body = b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'

    with pytest.raises(ProviderRateLimitError, match="slow down"):
        read(HEAD, body, DECODER)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"text": 1}', b"[" * 100_000])
def test_anything_else_cannot_be_read(body: bytes) -> None:
    with pytest.raises(UnreadableResponseError):
        read(HEAD, body, DECODER)


@given(st.binary())
def test_any_bytes_are_read_or_a_provider_error(body: bytes) -> None:
    found: Said | None = None
    with contextlib.suppress(ProviderError):
        found = read(HEAD, body, DECODER)

    assert found is None or isinstance(found.text, str)


@given(st.text(st.characters()))
def test_a_text_with_half_pairs_keeps_all_its_other_characters(text: str) -> None:
    sent = json.dumps({"text": text}).encode()
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    assert read(HEAD, sent, DECODER).text.replace("\ufffd", "") == whole.replace("\ufffd", "")
