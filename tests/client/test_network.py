"""Requests go where the address of their model points to: a server, a script, a local model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ProviderError, ProviderNotFoundError
from loopback import Loopback
from rings import MODEL, environ_of

Serve = Callable[..., Loopback]


def test_one_call_goes_over_the_network_and_to_a_script(
    way: Way, serve: Serve, lockfile: Callable[..., Path]
) -> None:
    server = serve(answers.openai_error(503))
    path = lockfile(fast=[MODEL, "mock:echo"])

    answer = way.chat(LLMRing(path, environ=environ_of(server)), "fast", "Hello")

    assert (answer.content, answer.model) == ("Hello", "mock:echo")
    assert len(server.requests) == 1


def test_a_script_needs_no_server_and_no_key(way: Way) -> None:
    chunks = way.stream(LLMRing(environ={}), "mock:echo", "Hello there")

    assert "".join(chunk.delta for chunk in chunks) == "Hello there"


def test_a_local_model_that_is_not_installed_fails_its_attempt_with_the_fix(
    way: Way, lockfile: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    path = lockfile(fast=["local:smollm2-135m", "mock:echo"])

    answer = way.chat(LLMRing(path), "fast", "Hello")

    assert [each.outcome for each in answer.attempts] == ["failed", "ok"]
    assert "llmring local pull" in (answer.attempts[0].reason or "")
    assert isinstance(answer.attempts[0].error, ProviderNotFoundError)


def test_a_local_model_of_an_unknown_name_is_an_error_that_lists_the_known_ones(way: Way) -> None:
    with pytest.raises(ProviderError, match="unknown local model 'nothing'; use "):
        way.chat(LLMRing(), "local:nothing", "Hello")


def test_a_server_gets_the_request_at_the_path_of_its_address(way: Way, serve: Serve) -> None:
    server = serve(answers.openai("Hi"))
    environ = {**environ_of(server), "OPENAI_BASE_URL": f"{server.url}/proxy/v1"}

    way.chat(LLMRing(environ=environ), MODEL, "Hello")

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/proxy/v1/chat/completions")
    assert json.loads(request.body)["model"] == "gpt-4o-mini"
