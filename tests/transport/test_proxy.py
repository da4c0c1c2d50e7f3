"""Proxies: the choice of a proxy for a host, and errors when it fails."""

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import answers
from conftest import Way
from llmring import LLMRing, ProviderConnectionError
from llmring.transport.proxy import is_excepted, proxy_for
from loopback import Answer, Loopback
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]

# A host that does not exist, so that only a proxy can reach it.
PLAIN = {
    "LLMRING_RETRIES": "0",
    "OPENAI_BASE_URL": "http://api.example.test/v1",
    "OPENAI_API_KEY": "sk-first-0123456789",
}
SECURE = {**PLAIN, "OPENAI_BASE_URL": "https://api.example.test/v1"}


def with_login(server: Loopback) -> str:
    return server.url.replace("//", "//me:s3cret-word@")


@pytest.fixture
def unused() -> str:
    """Return the address of a server that does not exist."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://me:s3cret-word@127.0.0.1:{closed.getsockname()[1]}"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_call_goes_through_the_proxy_that_the_variable_names(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    proxy = serve(answers.openai("Hi"))
    monkeypatch.setenv(variable, proxy.url)

    assert way.chat(LLMRing(environ=PLAIN), MODEL, "Hello").content == "Hi"
    assert proxy.requests[0].path == "http://api.example.test/v1/chat/completions"
    assert proxy.requests[0].headers["host"] == "api.example.test"


def test_a_host_that_NO_PROXY_names_is_asked_itself(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(answers.openai("Hi"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "other.example,example.test")

    with pytest.raises(ProviderConnectionError, match="can't find the host"):
        way.chat(LLMRing(environ=PLAIN), MODEL, "Hello")

    assert proxy.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_reached_through_a_proxy(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    proxy, server = serve(answers.openai("proxy")), serve(answers.openai("server"))
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    environ = {**PLAIN, "OPENAI_BASE_URL": server.url.replace("127.0.0.1", host)}

    assert way.chat(LLMRing(environ=environ), MODEL, "Hello").content == "server"


def test_an_https_call_asks_the_proxy_for_a_tunnel_and_shows_it_no_key(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(Answer([], 503))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    with pytest.raises(ProviderConnectionError):
        way.chat(LLMRing(environ=SECURE), MODEL, "Hello")

    assert (proxy.requests[0].method, proxy.requests[0].path) == ("CONNECT", "api.example.test:443")
    assert "authorization" not in proxy.requests[0].headers


def test_the_user_and_password_of_the_proxy_are_sent_to_it(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(answers.openai("Hi"))
    monkeypatch.setenv("HTTP_PROXY", with_login(proxy))

    way.chat(LLMRing(environ=PLAIN), MODEL, "Hello")

    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6czNjcmV0LXdvcmQ="


@pytest.mark.parametrize("environ", [PLAIN, SECURE], ids=["http", "https"])
def test_a_proxy_that_refuses_is_named_in_the_connection_error(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    proxy = serve(Answer([b"<html>who are you?</html>"], 407))
    monkeypatch.setenv("ALL_PROXY", with_login(proxy))

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(LLMRing(environ=environ), MODEL, "Hello")

    assert "the proxy refuses the connection: 407" in caught.value.message
    assert "s3cret-word" not in caught.value.message


@pytest.mark.parametrize("environ", [PLAIN, SECURE], ids=["http", "https"])
def test_a_proxy_that_is_down_is_named_with_the_reason(
    way: Way, unused: str, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    monkeypatch.setenv("ALL_PROXY", unused)

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(LLMRing(environ=environ), MODEL, "Hello")

    place = unused.rpartition("@")[2]
    assert f"can't connect to the proxy {place}: Connection refused" in caught.value.message
    assert "s3cret-word" not in caught.value.message


def test_a_proxy_of_an_unsupported_kind_fails_the_attempt_and_is_named(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(answers.openai("Hi"))
    monkeypatch.setenv("ALL_PROXY", proxy.url.replace("http:", "socks5:"))

    with pytest.raises(ProviderConnectionError, match="ALL_PROXY"):
        way.chat(LLMRing(environ=PLAIN), MODEL, "Hello")

    assert proxy.requests == []


def test_a_407_without_a_proxy_does_not_blame_the_request(way: Way, serve: Serve) -> None:
    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(ring_at(serve(Answer([], 407))), MODEL, "Hello")

    assert caught.value.status == 407


EXCEPTED = [
    ("10.0.0.0/8", "10.255.255.1", 80),
    ("10.255.255.1", "10.255.255.1", 9),
    ("10.255.255.1:9", "10.255.255.1", 9),
    ("192.168.*", "192.168.3.4", 80),
    ("fd00::/8", "fd00::1", 80),
    ("fd00::1", "fd00::1", 80),
    ("[fd00::1]:443", "fd00::1", 443),
    ("*.internal", "llm.internal", 80),
    (".internal", "llm.internal", 80),
    ("internal", "llm.internal", 80),
    ("internal:8080", "llm.internal", 8080),
    ("LLM.Internal", "llm.internal", 80),
    ("llm.internal.", "llm.internal", 80),
    ("a.example , b.example", "x.b.example", 80),
    ("a.example b.example", "b.example", 80),
    ("*", "b.example", 80),
    ("*", "10.1.1.1", 80),
]


@pytest.mark.parametrize(("no_proxy", "host", "port"), EXCEPTED)
def test_a_host_may_be_excepted_as_curl_and_requests_read_it(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for("http", host, port) is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "port"),
    [
        ("10.0.0.0/8", "11.0.0.1", 80),
        ("10.0.0.0/33", "10.0.0.1", 80),
        ("10.255.255.1:9", "10.255.255.1", 10),
        ("internal:8080", "llm.internal", 80),
        ("ample", "b.example", 80),
        ("*.internal", "internal", 80),
        (",, ", "b.example", 80),
        ("", "b.example", 80),
    ],
)
def test_another_host_goes_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str, port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_for("http", host, port) == "http://p:1"


@given(st.text(max_size=30), st.text(max_size=20))
def test_any_text_may_be_in_NO_PROXY(no_proxy: str, host: str) -> None:
    is_excepted(no_proxy, host, 80)
