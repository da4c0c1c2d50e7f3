"""Destinations of requests, and the heads of requests."""

import pytest

from llmring.transport.destination import Destination, Origin, destination, request_head

TEXT = dict[str, str]


def no_proxy(*_: object) -> None:
    return None


def found(url: str, method: str = "POST", proxy: str | None = None) -> Destination:
    there = destination(method, url, lambda *_: proxy)
    assert there is not None
    return there


def head(there: Destination, headers: TEXT | None = None, length: int = 0) -> tuple[str, TEXT]:
    """Return the request line and the headers."""
    data = request_head(there, headers or {}, length).data.decode()
    first, *lines = data.removesuffix("\r\n\r\n").split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines)


ORIGINS = {
    "http://a.example": (Origin("a.example", 80, is_secure=False), "/", "a.example"),
    "https://a.example/v1?b=c": (Origin("a.example", 443, is_secure=True), "/v1?b=c", "a.example"),
    "https://A.example:8443/": (Origin("a.example", 8443, is_secure=True), "/", "a.example:8443"),
    "http://[::1]:11434/x": (Origin("::1", 11434, is_secure=False), "/x", "[::1]:11434"),
    "http://[fe80::1%25eth0]/": (Origin("fe80::1%eth0", 80, is_secure=False), "/", "[fe80::1]"),
    "http://bücher.example/": (
        Origin("xn--bcher-kva.example", 80, is_secure=False),
        "/",
        "xn--bcher-kva.example",
    ),
    "http+unix://%2Frun%2FLLM.sock/v1": (
        Origin("/run/LLM.sock", 0, is_secure=False),
        "/v1",
        "localhost",
    ),
}


@pytest.mark.parametrize(("url", "expected"), ORIGINS.items(), ids=ORIGINS.keys())
def test_a_url_is_a_server_a_target_and_a_host(url: str, expected: tuple[Origin, str, str]) -> None:
    there = found(url)
    origin, target, host = expected

    assert there.origin == origin
    first, headers = head(there)
    assert first == f"POST {target} HTTP/1.1"
    assert headers["host"] == host


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "http://a.example:99999/",
        "http://a.example/ b",
        "http://a.example/ä",
        "http://a.example:b/",
        "http://[::1/",
        f"http://{'ä' * 80}.example/",
        "",
    ],
)
def test_an_address_that_can_t_be_used_is_no_destination(url: str) -> None:
    assert destination("POST", url, no_proxy) is None


def test_a_plain_request_through_a_proxy_names_the_whole_address_and_logs_in() -> None:
    there = found("http://a.example:8000/v1", proxy="http://me:p%40ss@proxy.example:3128")

    first, headers = head(there)

    assert first == "POST http://a.example:8000/v1 HTTP/1.1"
    assert headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
    assert there.origin.proxy is not None
    assert (there.origin.proxy.host, there.origin.proxy.port) == ("proxy.example", 3128)


def test_a_secure_request_shows_the_login_of_the_proxy_to_no_server() -> None:
    there = found("https://a.example/v1", proxy="http://me:secret@proxy.example")

    first, headers = head(there)

    assert first == "POST /v1 HTTP/1.1"
    assert "proxy-authorization" not in headers


def test_no_repr_shows_a_login() -> None:
    there = found("http://me:secret@a.example/", proxy="http://me:secret@proxy.example")
    request = request_head(there, {"authorization": "secret"}, 0)

    assert head(there)[1]["authorization"] == "Basic bWU6c2VjcmV0"
    for each in (there, there.origin, there.origin.proxy, request):
        assert "secret" not in repr(each)
        assert "bWU6" not in repr(each)


@pytest.mark.parametrize(
    "headers", [{"a": "b\r\nc: d"}, {"a": "b\n"}, {"a\r": "b"}, {"a": "b\0"}, {"a": "\r\n"}]
)
def test_a_header_that_would_add_another_is_not_sent(headers: TEXT) -> None:
    assert request_head(found("http://a.example"), headers, 0).data == b""


def test_a_request_with_a_body_or_one_that_may_have_one_names_its_length() -> None:
    assert head(found("http://a.example"), length=5)[1]["content-length"] == "5"
    assert head(found("http://a.example"))[1]["content-length"] == "0"
    assert "content-length" not in head(found("http://a.example", "GET"))[1]


@pytest.mark.parametrize(
    ("method", "may_repeat"), [("GET", True), ("HEAD", True), ("POST", False), ("DELETE", False)]
)
def test_only_a_method_without_effects_may_be_repeated(method: str, may_repeat: bool) -> None:
    assert found("http://a.example", method).may_repeat == may_repeat


def test_a_header_of_the_request_takes_the_place_of_the_usual_one() -> None:
    there = found("http://a.example")
    data = request_head(there, {"user-agent": "mine"}, 0).data

    assert data.count(b"user-agent: ") == 1
    assert b"user-agent: mine" in data
    assert b"host: a.example" in data
