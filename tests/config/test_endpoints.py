"""Provider addresses that contain variables."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Way
from llmring import LLMRing, ProviderNotFoundError
from llmring.config.settings import read_settings

ADDRESSES = [
    ("azure", "AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/"),
    ("azure", "AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com"),
    ("azure", "AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/openai/v1/"),
    ("azure", "AZURE_OPENAI_ENDPOINT", "r.openai.azure.com"),
    ("azure", "AZURE_BASE_URL", "https://r.openai.azure.com/openai/v1"),
]


@pytest.mark.parametrize(("provider", "variable", "written"), ADDRESSES)
def test_the_address_of_an_azure_resource_may_be_written_in_any_way(
    provider: str, variable: str, written: str
) -> None:
    endpoint = read_settings({variable: written}).endpoints[provider]

    assert endpoint.base_url == "https://r.openai.azure.com/openai/v1"


def test_a_variable_within_an_address_is_filled_in() -> None:
    env = {"AWS_REGION": "eu-west-1", "DATABRICKS_HOST": "dbc-1.cloud.databricks.com"}
    endpoints = read_settings(env).endpoints

    assert endpoints["bedrock"].base_url == (
        "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
    )
    assert endpoints["databricks"].base_url == (
        "https://dbc-1.cloud.databricks.com/serving-endpoints"
    )


def test_without_its_address_a_provider_is_skipped_and_the_variable_named() -> None:
    env = {"AZURE_OPENAI_API_KEY": "key-1"}

    with pytest.raises(ProviderNotFoundError, match="no address; set AZURE_OPENAI_ENDPOINT"):
        LLMRing(environ=env).chat("azure:gpt-4o", "Hi").result()


def test_a_variable_without_a_valid_address_is_refused_by_name() -> None:
    fault = read_settings({"AWS_REGION": "eu west"}).endpoints["bedrock"].fault or ""

    assert re.search(r"AWS_REGION is .* can't be used", fault)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OPENAI_API_KEY", "sk-a\nb"),
        ("OPENAI_BASE_URL", "http://"),
        ("GROQ_API_KEY", "sk-a\nb"),
        ("OLLAMA_HOST", "http://a b"),
        ("HF_TOKEN", "\u201chf_x\u201d"),
    ],
)
def test_a_bad_variable_of_one_provider_stops_no_call_to_another(
    way: Way, lockfile: Callable[..., Path], variable: str, value: str
) -> None:
    path = lockfile(fast=["openai:some-model", "mock:echo"])
    fallback = variable.startswith("OPENAI")
    model = "fast" if fallback else "mock:echo"

    answer = way.chat(LLMRing(path, environ={variable: value}), model, "Hi")

    assert answer.content == "Hi"
    assert [variable in (attempt.reason or "") for attempt in answer.attempts][:-1] == (
        [True] if fallback else []
    )
