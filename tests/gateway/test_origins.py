"""The hosts and web pages that may reach the gateway."""

from collections.abc import Mapping

import pytest

from llmring.gateway.origins import (
    MissingHostError,
    WrongMediaTypeError,
    check_host,
    check_media_type,
    check_origin,
    preflight,
    shared_headers,
)
from llmring.gateway.refusals import ForbiddenError
from llmring.lockfile.gateway_table import GatewayTable

CLOSED = GatewayTable()
OPEN = GatewayTable(cors=("https://chat.example.com",), hosts=("llm.example.com",))


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:4180", "LOCALHOST", "127.0.0.1:4180", "[::1]:4180", "localhost."],
)
def test_g156_this_machine_is_reached_by_its_own_names(host: str) -> None:
    check_host(host, CLOSED)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:4180",
        "llm.example.com",
        "0.0.0.0",  # noqa: S104
        "10.0.0.7",
    ],
)
def test_g156_a_name_that_leads_here_by_dns_is_forbidden(host: str) -> None:
    with pytest.raises(ForbiddenError):
        check_host(host, CLOSED)


def test_g156_a_host_of_the_lockfile_and_the_address_of_the_socket_are_known() -> None:
    check_host("LLM.example.com:443", OPEN)
    check_host("10.0.0.7:4180", CLOSED, bound="10.0.0.7")


@pytest.mark.parametrize(
    "host",
    [None, "", "a b", "localhost, evil.example", "localhost:99999999", "user@localhost", "a/b"],
)
def test_g156_a_missing_or_odd_host_is_a_400(host: str | None) -> None:
    with pytest.raises(MissingHostError):
        check_host(host, CLOSED)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "https://chat.example.com.evil.example"},
        {"origin": "https://chat.example.com:8443"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_g156_a_web_page_of_another_site_is_forbidden(headers: Mapping[str, str]) -> None:
    with pytest.raises(ForbiddenError):
        check_origin({"host": "localhost:4180", **headers}, OPEN)


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, None),
        ({"origin": "http://localhost:4180"}, None),
        ({"origin": "https://chat.example.com"}, "https://chat.example.com"),
        ({"sec-fetch-site": "same-origin"}, None),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, None),
    ],
)
def test_g156_programs_own_pages_and_listed_pages_may_call(
    headers: Mapping[str, str], origin: str | None
) -> None:
    assert check_origin({"host": "localhost:4180", **headers}, OPEN) == origin


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "application/x+JSON"]
)
def test_g156_a_body_is_json(media_type: str) -> None:
    check_media_type({"content-type": media_type})


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "",
    ],
)
def test_g156_a_body_that_a_web_page_sends_without_asking_is_a_415(media_type: str) -> None:
    with pytest.raises(WrongMediaTypeError) as caught:
        check_media_type({"content-type": media_type})

    # As curl takes it, which sends forms by itself.
    assert "-H 'content-type: application/json'" in str(caught.value)


def test_g156_a_program_may_leave_the_type_of_its_body_out_and_a_browser_may_not() -> None:
    check_media_type({"user-agent": "litellm/1.81.10"})
    for name in ("origin", "referer", "sec-fetch-site"):
        with pytest.raises(WrongMediaTypeError):
            check_media_type({name: "http://localhost:4180"})


def test_g156_a_preflight_allows_one_origin_and_never_all() -> None:
    asked = {"access-control-request-headers": "authorization, x-stainless-os"}

    answer = preflight("https://chat.example.com", asked)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://chat.example.com"
    assert answer.headers["access-control-allow-headers"] == "authorization, x-stainless-os"
    assert "access-control-allow-credentials" not in answer.headers


def test_g156_a_listed_page_may_read_the_headers_of_an_answer() -> None:
    headers = shared_headers("https://chat.example.com", ["x-request-id", "x-llmring-model"])

    assert headers["access-control-expose-headers"] == "x-request-id, x-llmring-model"
    assert headers["vary"] == "origin"
