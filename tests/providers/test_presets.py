"""OpenAI-compatible servers: checks of their rows, and one call to each."""

from collections.abc import Callable

import pytest

import answers
from llmring import LLMRing, ProviderAuthenticationError
from llmring.address import is_usable, variables_in
from llmring.providers.presets import PRESETS, Preset
from llmring.providers.table import KINDS, PROVIDERS
from loopback import Loopback

Serve = Callable[..., Loopback]

KEY = "a-key-that-opens-nothing"

each_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
each_keyed = pytest.mark.parametrize(
    "preset", [row for row in PRESETS.values() if row.key_env], ids=lambda row: row.name
)


@pytest.fixture
def server(serve: Serve) -> Loopback:
    return serve(answers.openai("hello"))


def environ(preset: Preset, server: Loopback) -> dict[str, str]:
    return {preset.base_url_env: f"{server.url}/v1", **dict.fromkeys(preset.key_env[:1], KEY)}


@each_preset
def test_a_preset_is_a_provider(preset: Preset) -> None:
    row = PROVIDERS[preset.name]

    assert (row.name, row.base_url, row.key_env) == (preset.name, preset.base_url, preset.key_env)
    assert row.dialect is KINDS["openai"].dialect
    assert set(row.apis) <= set(KINDS["openai"].apis)


def test_no_preset_hides_a_provider_with_an_api_of_its_own() -> None:
    assert PRESETS.keys() & {"openai", "anthropic", "google", "ollama", "local", "mock"} == set()


@each_preset
def test_a_name_is_valid_in_references_and_in_variables(preset: Preset) -> None:
    assert preset.name.isalnum()
    assert preset.name == preset.name.lower()


@each_preset
def test_an_address_is_valid_once_its_variables_are_filled_in(preset: Preset) -> None:
    url = preset.base_url
    for name in variables_in(url):
        url = url.replace(f"{{{name}}}", "https://x" if url.startswith("{") else "x")

    assert is_usable(url)
    assert not url.endswith("/")
    assert url.startswith("https://") or "//localhost:" in url


@each_preset
def test_the_source_of_a_row_is_a_web_page(preset: Preset) -> None:
    assert preset.source.startswith("https://")


@each_preset
def test_a_call_reaches_the_server_with_the_key(preset: Preset, server: Loopback) -> None:
    with LLMRing(environ=environ(preset, server)) as ring:
        answer = ring.chat(f"{preset.name}:some/model", "Hi", max_tokens=7)

    assert answer.content == "hello"
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.json["model"] == "some/model"
    assert request.json[preset.quirks.max_tokens_field] == 7
    carriers = {name for name, value in request.headers.items() if KEY in value}
    assert carriers == ({preset.key_header or "authorization"} if preset.key_env else set())


@each_keyed
def test_without_a_key_nothing_is_sent_and_the_error_names_the_variable(
    preset: Preset, server: Loopback
) -> None:
    env = {preset.base_url_env: server.url}

    with pytest.raises(ProviderAuthenticationError, match=preset.key_env[0]):
        LLMRing(environ=env).chat(f"{preset.name}:m", "Hi").result()

    assert server.requests == []


def test_usage_is_requested_from_servers_with_stream_options(
    serve: Serve,
) -> None:
    request = {}
    for name in ("groq", "mistral"):
        server = serve(answers.openai_stream("a"))
        with LLMRing(environ=environ(PRESETS[name], server)) as ring:
            list(ring.chat_stream(f"{name}:m", "Hi"))
        request[name] = server.requests[0].json.get("stream_options")

    assert request == {"groq": {"include_usage": True}, "mistral": None}


TAGGED = {row.name for row in PRESETS.values() if row.quirks.think_tags}


@each_preset
def test_tags_around_reasoning_are_read_from_servers_that_send_them(
    preset: Preset, serve: Serve
) -> None:
    server = serve(answers.openai("<think>\nWhy?\n</think>\n\nSo."))

    with LLMRing(environ=environ(preset, server)) as ring:
        answer = ring.chat(f"{preset.name}:some/model", "Hi").result()

    tagged = (answer.content, answer.reasoning) == ("So.", "Why?")
    assert tagged == (preset.name in TAGGED)
    assert {"minimax", "perplexity", "vllm"} <= TAGGED
    assert not {"openrouter", "azure"} & TAGGED


@each_preset
def test_a_second_api_is_one_that_the_server_has(preset: Preset) -> None:
    assert preset.second_api is None or preset.second_api in preset.apis
