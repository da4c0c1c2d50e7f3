"""Requests for a newer catalog, and the checks of replies."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs import NEW, OLD, TODAY, document
from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.registry import update
from llmring.wire import HttpHead

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/models.json",
        "https://example.com:8443/a/models.json?token=x",
        "http://127.0.0.1:8000/models.json",
        "http://localhost/models.json",
        "http://[::1]:8000/models.json",
        "file:///srv/models.json",
    ],
)
def test_catalogs_are_accepted_over_https_or_from_this_machine(url: str) -> None:
    assert update.address(url, named_by="--url") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/models.json",
        "http://127.0.0.1.example.com/models.json",
        "ftp://example.com/models.json",
        "file://server/share/models.json",
        "models.json",
        "https://",
        "https://[::1/models.json",
        "https://example.com/a b",
        "",
    ],
)
def test_other_addresses_of_catalogs_are_rejected(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^--url is "):
        update.address(url, named_by="--url")


def test_an_address_is_shown_without_secrets() -> None:
    shown = update.place("https://me:geheim@example.com/models.json?token=geheim#geheim")

    assert shown == "https://***@example.com/models.json"


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://example.com/models.json", "https://example.com/models.json.sha256"),
        ("https://example.com/models.json?a=b", "https://example.com/models.json.sha256?a=b"),
        ("file:///srv/models.json", "file:///srv/models.json.sha256"),
    ],
)
def test_the_address_of_the_digest_adds_sha256_to_that_of_the_catalog(url: str, there: str) -> None:
    assert update.digest_url(url) == there


@pytest.mark.parametrize(
    "text", [DIGEST, DIGEST.upper(), f"sha256:{DIGEST}", f"{DIGEST}  models.json\n", f"\n{DIGEST}"]
)
def test_a_published_digest_is_read_as_sha256sum_writes_it(text: str) -> None:
    assert update.published(text.encode()) == update.Digest(DIGEST, "published")


@pytest.mark.parametrize("text", [b"", b"<html>", b"\xff\xfe", b"ab" * 31, b"ab" * 33])
def test_a_file_without_a_digest_is_an_error(text: bytes) -> None:
    with pytest.raises(LLMRingError, match="does not contain a SHA-256"):
        update.published(text)


def test_a_required_digest_must_be_a_sha256() -> None:
    assert update.demanded(f"sha256:{DIGEST.upper()}").sha256 == DIGEST
    with pytest.raises(ConfigurationError, match="64 hexadecimal digits"):
        update.demanded("abc")


def test_a_request_is_conditional_if_a_version_is_stored() -> None:
    assert "if-none-match" not in update.request("https://a/b").headers
    assert update.request("https://a/b", '"v1"').headers["if-none-match"] == '"v1"'


@pytest.mark.parametrize("location", ["/other.json", "https://cdn.example.com/models.json"])
def test_a_redirect_is_followed_to_the_same_scheme(location: str) -> None:
    head = HttpHead(302, {"location": location})

    assert (update.redirected("https://example.com/models.json", head) or "").endswith(location)


@pytest.mark.parametrize(
    "location",
    ["http://example.com/m", "http://localhost/m", "file:///etc/passwd", "ftp://a/b"],
)
def test_a_redirect_to_another_scheme_is_rejected(location: str) -> None:
    head = HttpHead(302, {"location": location})

    with pytest.raises(LLMRingError, match=r"^it redirects to "):
        update.redirected("https://example.com/models.json", head)


def test_not_modified_counts_only_for_a_conditional_request() -> None:
    assert update.is_unchanged(HttpHead(304, {}), '"v1"')
    assert not update.is_unchanged(HttpHead(304, {}), None)


def test_a_valid_catalog_is_decoded() -> None:
    body = document(NEW)
    digest = update.Digest(update.sha256_of(body), "published")

    assert update.checked(body, digest, TODAY, force=False).date == NEW


def test_a_catalog_of_the_same_day_is_accepted() -> None:
    assert update.checked(document(TODAY), None, TODAY, force=False).date == TODAY


def test_an_older_catalog_is_rejected_unless_forced() -> None:
    with pytest.raises(LLMRingError, match=f"of {OLD} is older than the current one; use --force"):
        update.checked(document(OLD), None, TODAY, force=False)

    assert update.checked(document(OLD), None, TODAY, force=True).date == OLD


@pytest.mark.parametrize("by", ["demanded", "published"])
def test_a_wrong_digest_is_rejected_even_if_forced(by: update.Check) -> None:
    with pytest.raises(LLMRingError, match=f"its SHA-256 is .*{DIGEST}"):
        update.checked(document(NEW), update.Digest(DIGEST, by), TODAY, force=True)


def test_an_empty_catalog_is_rejected() -> None:
    with pytest.raises(LLMRingError, match="contains no models"):
        update.checked(document(NEW, ()), None, TODAY, force=True)


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity"])
def test_a_catalog_with_an_invalid_price_is_rejected(amount: str) -> None:
    body = document(NEW).replace(b'"output":"7"', b'"output":"%s"' % amount.encode())

    with pytest.raises(LLMRingError, match="an invalid figure for openai:gpt-4o-mini"):
        update.checked(body, None, TODAY, force=True)


def test_a_too_large_body_is_rejected_without_decoding() -> None:
    with pytest.raises(LLMRingError, match="larger than 8 MiB"):
        update.checked(bytes(update.MOST_BYTES + 1), None, TODAY, force=True)


@given(st.binary(max_size=200))
def test_any_body_is_a_catalog_or_an_llmring_error(body: bytes) -> None:
    with pytest.raises(LLMRingError):
        update.checked(body, None, TODAY, force=True)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_catalog_damaged_anywhere_is_decoded_or_rejected(at: int, piece: bytes) -> None:
    body = document(NEW)
    at %= len(body)
    damaged = body[:at] + piece + body[at + len(piece) :]

    with contextlib.suppress(LLMRingError):
        assert update.checked(damaged, None, TODAY, force=True).models
