"""Providers with an address and a key: whether they can be called, and with which headers."""

import base64

import msgspec
import pytest

from llmring import ProviderAuthenticationError
from llmring.dialects.dialect import Outgoing
from llmring.exceptions import ProviderNotFoundError
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS, Provider

OPENAI = PROVIDERS["openai"]
URL = "https://api.example.com/v1"
LOGIN = base64.b64encode(b"me:secret").decode()


def row(**fields: object) -> Provider:
    changed: Provider = msgspec.structs.replace(OPENAI, **fields)
    return changed


def test_an_endpoint_with_a_key_can_be_called() -> None:
    assert Endpoint(OPENAI, URL, "k").usable
    assert Endpoint(OPENAI, URL, login="me:secret").usable
    assert Endpoint(PROVIDERS["ollama"], URL).usable


def test_a_missing_key_is_reported_with_the_variables_to_set() -> None:
    objection = Endpoint(row(key_env=("ONE", "TWO")), URL).objection()

    assert isinstance(objection, ProviderAuthenticationError)
    assert "no key; set ONE or TWO" in str(objection)


def test_a_missing_part_of_the_address_is_reported_with_its_variables() -> None:
    objection = Endpoint(OPENAI, "https://{A}.example.com/{B}", "k").objection()

    assert isinstance(objection, ProviderNotFoundError)
    assert "set A and B" in str(objection)


def test_a_fault_of_the_settings_comes_before_a_missing_key() -> None:
    assert "bad table" in str(Endpoint(OPENAI, URL, fault="bad table").objection())


def test_no_repr_shows_the_key_or_the_login() -> None:
    endpoint = Endpoint(OPENAI, URL, "k-secret", "me:secret")

    assert "secret" not in repr(endpoint)
    assert "secret" not in str(endpoint.__rich_repr__())
    assert endpoint.secrets == ["k-secret", LOGIN, "secret"]


def test_headers_and_parameters_that_are_named_like_secrets_are_secrets() -> None:
    provider = msgspec.structs.replace(
        OPENAI,
        headers={"x-team-token": "t-secret", "x-team": "blue"},
        query={"key": "q-secret", "api-version": "2024-10-21"},
    )

    assert Endpoint(provider, URL).secrets == ["t-secret", "q-secret"]


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (None, {"authorization": "Bearer k"}),
        ("api-key", {"api-key": "k"}),
        ("authorization", {"authorization": "Bearer k"}),
    ],
)
def test_the_key_is_in_one_header(header: str | None, sent: dict[str, str]) -> None:
    endpoint = Endpoint(row(key_header=header), URL, "k")
    headers = endpoint.headers(OPENAI.dialect)

    assert {name: value for name, value in headers.items() if "k" in value.split()} == sent


def test_a_login_is_sent_as_basic_authorization() -> None:
    headers = Endpoint(OPENAI, URL, login="me:secret").headers(OPENAI.dialect)

    assert headers["authorization"] == f"Basic {LOGIN}"


def test_the_query_of_a_provider_is_on_every_address() -> None:
    endpoint = Endpoint(row(query={"api-version": "1 2"}), URL)

    assert endpoint.url("/models") == f"{URL}/models?api-version=1+2"
    assert endpoint.url("/models?limit=1") == f"{URL}/models?limit=1&api-version=1+2"
    assert Endpoint(OPENAI, URL).url("/models") == f"{URL}/models"


def test_a_request_has_its_payload_as_json_and_its_own_headers_last() -> None:
    outgoing = Outgoing("/chat", {"a": 1}, headers={"authorization": "mine"})
    request = Endpoint(OPENAI, URL, "k").request(outgoing, OPENAI.dialect)

    assert (request.method, request.url, request.body) == ("POST", f"{URL}/chat", b'{"a":1}')
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "mine"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_that_only_asks_or_deletes_has_no_body(method: str) -> None:
    request = Endpoint(OPENAI, URL, "k").request(Outgoing("/x", method=method), OPENAI.dialect)

    assert request.body == b""
    assert "content-type" not in request.headers


def test_bytes_are_sent_as_they_are_with_their_type() -> None:
    outgoing = Outgoing("/files", body=b"\x00", content_type="multipart/form-data")
    request = Endpoint(OPENAI, URL, "k").request(outgoing, OPENAI.dialect)

    assert (request.body, request.headers["content-type"]) == (b"\x00", "multipart/form-data")
