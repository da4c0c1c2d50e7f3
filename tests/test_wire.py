"""HTTP requests and response heads."""

import pytest

from llmring.wire import HttpHead, HttpRequest, is_success


def test_a_request_shows_neither_its_headers_nor_the_login_and_query_of_its_address() -> None:
    request = HttpRequest(
        "POST",
        "https://me:secret@example.com/v1/chat?key=secret",
        {"authorization": "Bearer secret"},
        b"secret",
    )

    assert repr(request) == "<HttpRequest POST https://example.com/v1/chat 6 bytes>"
    assert "secret" not in str(request.__rich_repr__())


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("application/json", "application/json"),
        ("Text/HTML; charset=UTF-8", "text/html"),
        (" text/event-stream ;a=b", "text/event-stream"),
        ("", ""),
    ],
)
def test_a_content_type_is_read_without_its_parameters(sent: str, read: str) -> None:
    assert HttpHead(200, {"content-type": sent}).content_type == read


def test_without_a_content_type_it_is_empty() -> None:
    assert HttpHead(200, {}).content_type == ""


@pytest.mark.parametrize(
    ("status", "success"),
    [(199, False), (200, True), (204, True), (299, True), (300, False), (302, False), (404, False)],
)
def test_only_a_2xx_status_is_a_success(status: int, success: bool) -> None:
    assert is_success(HttpHead(status, {})) is success
