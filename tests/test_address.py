"""Server addresses: which are usable, which are this machine's, and what may be shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.address import is_loopback, is_usable, variables_in, without_login


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "http://localhost:8080",
        "http://[::1]:11434",
        "https://user:pass@example.com./v1?a=b",
        f"https://{'a' * 63}.com",
        "http+unix://%2Frun%2FLLM.sock/v1",
    ],
)
def test_an_address_of_an_http_server_is_usable(url: str) -> None:
    assert is_usable(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://a..b",
        "https://example.com:0",
        "https://example.com:70000",
        "https://example.com:port",
        "https://[::1",
        f"https://{'a' * 64}.com",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://exämple.com",
        "http+unix://a.example/v1",
        "http+unix://%2Frun%2Fx.sock:80/v1",
        "http://%2Frun%2Fx.sock/v1",
    ],
)
def test_an_address_that_no_request_can_be_sent_to_is_not_usable(url: str) -> None:
    assert not is_usable(url)


@given(st.text())
def test_any_text_is_usable_or_not_but_never_an_error(text: str) -> None:
    assert is_usable(text) in (True, False)
    assert not is_usable(f"https://{text}\u0000")


@pytest.mark.parametrize(
    "host", ["localhost", "api.localhost", "127.0.0.1", "127.9.9.9", "::1", "%2frun"]
)
def test_a_host_on_this_machine_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.com", "localhost.com", "10.0.0.1", "::2"])
def test_another_host_is_not_taken_for_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://example.com/v1", "https://example.com/v1"),
        ("https://me:secret@example.com/v1", "https://***@example.com/v1"),
        ("https://me:se@cret@example.com", "https://***@example.com"),
        ("https://example.com/v1?key=secret", "https://example.com/v1?***"),
        ("https://example.com/?a=1?b=2", "https://example.com/?***"),
        ("https://example.com/v1?", "https://example.com/v1?***"),
    ],
)
def test_user_password_and_query_are_masked(url: str, masked: str) -> None:
    assert without_login(url) == masked


def test_variables_are_named_in_braces() -> None:
    template = "{AZURE_ENDPOINT}/openai/{DEPLOYMENT}"

    assert variables_in(template) == ("AZURE_ENDPOINT", "DEPLOYMENT")
    assert variables_in("https://example.com/{}/{a b}") == ()
