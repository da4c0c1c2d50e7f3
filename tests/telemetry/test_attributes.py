"""The attributes of spans and metrics, by the conventions for generative AI."""

import pytest

from circuits import target
from llmring import LLMRequest, LLMResponse
from llmring.chat.events import Usage
from llmring.chat.parsed_request import parse_request
from llmring.exceptions import ProviderConnectionError, ProviderResponseError
from llmring.providers.table import PROVIDERS
from llmring.telemetry.attributes import (
    PROVIDER_NAMES,
    addressee,
    error_type,
    reply_attributes,
    request_attributes,
    usage_attributes,
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProviderResponseError("down", status=503), "503"),
        (ProviderResponseError("not JSON", status=200), "ProviderResponseError"),
        (ProviderConnectionError("reset"), "ProviderConnectionError"),
        (KeyError("a"), "KeyError"),
    ],
)
def test_an_error_is_classed_by_its_error_status_and_else_by_its_class(
    error: Exception, kind: str
) -> None:
    assert error_type(error) == kind


@pytest.mark.parametrize(
    ("ref", "name"),
    [("openai:a", "openai"), ("google:a", "gcp.gemini"), ("mistral:a", "mistral_ai")],
)
def test_a_provider_has_the_name_that_the_conventions_give_it(ref: str, name: str) -> None:
    assert addressee(target(ref))["gen_ai.provider.name"] == name


def test_only_providers_that_llmring_knows_are_renamed() -> None:
    assert set(PROVIDER_NAMES) <= set(PROVIDERS)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://h.example/v1", ("h.example", 443)),
        ("http://h.example", ("h.example", 80)),
        ("https://h.example:8443/v1", ("h.example", 8443)),
        ("http://[::1]:80", ("::1", 80)),
        ("mock:", (None, None)),
        ("local:", (None, None)),
    ],
)
def test_the_server_is_named_by_host_and_port_if_it_has_them(
    url: str, place: tuple[str | None, int | None]
) -> None:
    found = addressee(target("openai:a", base_url=url))

    assert (found.get("server.address"), found.get("server.port")) == place


def test_a_user_and_a_password_in_an_address_are_left_out() -> None:
    found = addressee(target("openai:a", base_url="https://me:hunter2@h.example/v1"))

    assert "hunter2" not in str(found)
    assert found["server.address"] == "h.example"


def test_settings_of_a_request_are_there_if_they_are_set() -> None:
    request = LLMRequest(
        "fast",
        "a secret",
        temperature=0,
        max_tokens=5,
        top_p=0.5,
        seed=0,
        stop=["a", "b"],
        reasoning_effort="low",
        response_format={"type": "json_object"},
    )

    assert request_attributes(parse_request(request), stream=True) == {
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.temperature": 0,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.seed": 0,
        "gen_ai.request.stop_sequences": ("a", "b"),
        "gen_ai.request.reasoning.level": "low",
        "gen_ai.output.type": "json",
    }


def test_a_plain_request_has_no_attributes() -> None:
    assert request_attributes(parse_request(LLMRequest("fast", "Hello")), stream=False) == {}


def test_what_an_answer_leaves_open_is_left_out() -> None:
    bare = LLMResponse(content="a secret", model="openai:a")
    whole = LLMResponse(
        content="a secret", model="openai:a", served_model="a-1", id="1", finish_reason="stop"
    )

    assert (reply_attributes(bare), usage_attributes(bare)) == ({}, {})
    assert reply_attributes(whole) == {
        "gen_ai.response.id": "1",
        "gen_ai.response.model": "a-1",
        "gen_ai.response.finish_reasons": ("stop",),
    }


def test_tokens_are_counted_by_kind_with_zeros_for_those_that_were_not_used() -> None:
    usage = Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=64, reasoning_tokens=5)

    assert usage_attributes(LLMResponse(content="", model="a:b", usage=usage)) == {
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 5,
    }
