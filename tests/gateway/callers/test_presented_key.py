"""The key that a client sends."""

import pytest

from llmring.gateway.callers.presented_key import presented_key, query_without_key, without_key
from llmring.gateway.refusals import UnauthenticatedError

HEADERS = ("x-api-key", "x-goog-api-key", "api-key")


@pytest.mark.parametrize(
    "headers",
    [
        *({name: "k"} for name in HEADERS),
        {"authorization": "Bearer k"},
        {"authorization": "bearer  k "},
        {"authorization": "Basic abc", "x-api-key": "k"},
        {"authorization": "Bearer k", "x-api-key": "k"},
        {"authorization": "Bearer ", "api-key": "k", "x-api-key": ""},
    ],
)
def test_g108_a_key_is_taken_from_the_headers_of_all_apis(headers: dict[str, str]) -> None:
    assert presented_key(headers, {}, reads_query=False) == "k"


def test_g108_a_key_in_the_query_is_that_of_google_s_api_alone() -> None:
    assert presented_key({}, {"key": "k"}, reads_query=True) == "k"
    assert presented_key({}, {"key": "k"}, reads_query=False) is None
    assert presented_key({"x-api-key": "k"}, {"key": "j"}, reads_query=False) == "k"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"x-api-key": "k", "authorization": "Bearer j"}, {}),
        ({"x-api-key": "k", "api-key": "K"}, {}),
        ({"x-goog-api-key": "k"}, {"key": "j"}),
    ],
)
def test_g108_two_keys_that_differ_are_refused(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    with pytest.raises(UnauthenticatedError):
        presented_key(headers, query, reads_query=True)


def test_g165_what_goes_on_has_no_key_but_the_header_s_name() -> None:
    sent = dict.fromkeys((*HEADERS, "authorization"), "lr_secret") | {"accept": "a"}

    shown = without_key(sent)

    assert shown.keys() == sent.keys()
    assert "secret" not in str(shown)
    assert shown["accept"] == "a"
    assert query_without_key({"key": "lr_secret", "alt": "sse"}) == {"key": "***", "alt": "sse"}
    assert query_without_key({"alt": "sse"}) == {"alt": "sse"}
