"""Documents as text for APIs without documents."""

import base64

import pytest

from llmring import DocumentPart, ValidationError
from llmring.dialects.document_text import text_of


def document(data: bytes, media_type: str, name: str | None = None) -> DocumentPart:
    return DocumentPart(data=base64.b64encode(data).decode(), media_type=media_type, name=name)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "TEXT/CSV; charset=utf-8", "application/json", "image/svg+xml", "a/b+json"],
)
def test_a_document_of_text_is_read(media_type: str) -> None:
    assert text_of(document("Ça va".encode(), media_type)) == "Ça va"


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "application/zip"])
def test_another_document_has_no_text(media_type: str) -> None:
    assert text_of(document(b"a", media_type)) is None


def test_a_document_at_a_url_has_no_text_here() -> None:
    assert text_of(DocumentPart(url="https://example.com/a", media_type="text/plain")) is None


def test_the_name_of_a_document_is_above_its_text() -> None:
    assert text_of(document(b"a", "text/plain", "a.txt")) == "a.txt:\n\na"


def test_a_byte_order_mark_and_invalid_bytes_do_no_harm() -> None:
    assert text_of(document(b"\xef\xbb\xbfa\xff", "text/plain")) == "a\ufffd"


def test_data_that_is_not_base64_is_refused() -> None:
    with pytest.raises(ValidationError, match="not base64"):
        text_of(DocumentPart(data="a b", media_type="text/plain"))
