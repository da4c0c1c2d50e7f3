"""The addresses that are a built-in provider's own."""

import pytest

from llmring.lockfile.home_address import leads_away
from llmring.providers.table import PROVIDERS

OWN = [
    ("openai", "https://api.openai.com/v2"),
    ("openai", "https://API.openai.com:443/v1"),
    ("openai", "http://127.0.0.1:4000/v1"),
    ("azure", "https://team.openai.azure.com/openai/v1"),
    ("azure", "https://team.cognitiveservices.azure.com/openai/v1"),
    ("azure", "https://team.services.ai.azure.com/openai/v1"),
    ("databricks", "https://dbc-1-2.cloud.databricks.com/serving-endpoints"),
    ("databricks", "https://adb-12.3.azuredatabricks.net/serving-endpoints"),
    ("databricks", "https://12.3.gcp.databricks.com/serving-endpoints"),
    ("bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"),
    ("bedrock", "https://bedrock-mantle.us-east-1.api.aws/v1"),
    ("cloudflare", "https://api.cloudflare.com/client/v4/accounts/a1/ai/v1"),
    ("litellm", "http://localhost:9/v1"),
    ("vllm", "http://[::1]:8000/v1"),
]

ELSEWHERE = [
    ("openai", "http://api.openai.com/v1"),
    ("openai", "https://api.openai.com:8443/v1"),
    ("openai", "https://api.openai.com.h.example/v1"),
    ("azure", "https://h.example/openai/v1"),
    ("azure", "http://team.openai.azure.com/openai/v1"),
    ("azure", "https://team.openai.azure.com:444/openai/v1"),
    ("azure", "https://openai.azure.com/openai/v1"),
    ("azure", "https://team-openai.azure.com/openai/v1"),
    ("azure", r"https://h.example\.openai.azure.com/openai/v1"),
    ("databricks", "https://cloud.databricks.com.h.example/serving-endpoints"),
    ("bedrock", "https://bedrock-runtime.h.example/openai/v1"),
    ("bedrock", "https://bedrock-runtime.a.b.amazonaws.com/openai/v1"),
    ("bedrock", "https://bedrock-runtime.h.example?.amazonaws.com/openai/v1"),
    ("cloudflare", "https://h.example/client/v4/accounts/a1/ai/v1"),
    ("litellm", "https://proxy.example/v1"),
    ("vllm", "http://gpu.example:8000/v1"),
    ("mine", "https://api.openai.com/v1"),
]


@pytest.mark.parametrize(("name", "url"), OWN)
def test_an_address_of_the_provider_or_of_this_machine_leads_nowhere_else(
    name: str, url: str
) -> None:
    assert not leads_away(name.title(), {"base_url": url}, PROVIDERS)


@pytest.mark.parametrize(("name", "url"), ELSEWHERE)
def test_another_scheme_host_or_port_leads_away(name: str, url: str) -> None:
    assert leads_away(name, {"base_url": url}, PROVIDERS)


def test_a_table_without_an_address_leads_nowhere_else() -> None:
    assert not leads_away("azure", {"api_key_env": "K"}, PROVIDERS)
