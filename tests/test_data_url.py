"""Data in URLs, and the checks of base64."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.data_url import base64_fault, media_type_and_data


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("data:image/png;base64,AAAA", ("image/png", "AAAA")),
        ("data:text/plain;charset=utf-8;base64,AA,A", ("text/plain", "AA,A")),
        ("data:image/png;base64,", ("image/png", "")),
        ("data:image/png,AAAA", None),
        ("data:;base64,AAAA", None),
        ("image/png;base64,AAAA", None),
    ],
)
def test_a_data_url_is_a_media_type_and_data(url: str, found: tuple[str, str] | None) -> None:
    assert media_type_and_data(url) == found


@given(st.binary(max_size=50))
def test_what_is_encoded_is_base64(data: bytes) -> None:
    assert base64_fault(base64.b64encode(data).decode()) is None


@given(st.text(alphabet="AB+/=-_ é\n", max_size=12))
def test_what_is_taken_for_base64_can_be_decoded(text: str) -> None:
    if base64_fault(text) is None:
        base64.b64decode(text, validate=True)
    else:
        with pytest.raises((binascii.Error, ValueError)):
            base64.b64decode(text, validate=True)
