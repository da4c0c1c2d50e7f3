"""Commands that ask a gateway over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmring.cli.remote.gateway_client import KEY, GatewayClient
from llmring.exceptions import ConfigurationError, LLMRingError
from loopback import Answer, Loopback, as_json

Serve = Callable[..., Loopback]


def test_g142_the_key_of_the_environment_is_sent_as_bearer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "the-key")
    server = serve(as_json({"a": 1}))

    assert GatewayClient(server.url + "/").get("/x", {"q": "a b"}, dict[str, int]) == {"a": 1}
    sent = [(each.path, each.headers["authorization"]) for each in server.requests]
    assert sent == [("/x?q=a+b", "Bearer the-key")]


@pytest.mark.parametrize(
    "answer",
    [as_json({}, 401), as_json({}, 403), as_json({}, 404), Answer([b"<html>"]), as_json([1])],
)
def test_g142_another_answer_than_a_gateway_s_is_an_error_without_the_key(
    serve: Serve, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "the-key")
    client = GatewayClient(serve(answer).url)

    with pytest.raises(LLMRingError) as caught:
        client.get("/x", {}, dict[str, int])
    assert "the-key" not in str(caught.value)


def test_g142_an_address_where_none_listens_is_an_error() -> None:
    with pytest.raises(LLMRingError, match="127"):
        GatewayClient("http://127.0.0.1:1").get("/x", {}, dict[str, int])


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:4180", "ftp://a", "http://", "http://user:secret@a", "http://a:x"]
)
def test_g142_what_is_no_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        GatewayClient(url)
    assert "secret" not in str(caught.value)
