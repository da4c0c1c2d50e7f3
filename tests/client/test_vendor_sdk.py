"""Raw access: a provider through its vendor's SDK, against a loopback server."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import ConfigurationError, LLMRing, ProviderNotFoundError
from llmring.providers.presets import PRESETS
from loopback import Loopback, as_json

anthropic = pytest.importorskip("anthropic", reason="anthropic is not installed")
genai = pytest.importorskip("google.genai", reason="google-genai is not installed")
ollama = pytest.importorskip("ollama", reason="ollama is not installed")
openai = pytest.importorskip("openai", reason="openai is not installed")

Serve = Callable[..., Loopback]

KEY = "a-key-that-opens-nothing"
HI: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture(autouse=True)
def other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set keys in the process's environment, which the rings of these tests must not use."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "the-process-s-own-key")


def test_R35_openai_gives_its_asynchronous_client(serve: Serve) -> None:
    server = serve(answers.openai("hello"))
    ring = LLMRing(environ={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{server.url}/v1"})

    async def ask() -> Any:
        async with ring.get_provider("openai").client as client:
            assert isinstance(client, openai.AsyncOpenAI)
            return await client.chat.completions.create(model="gpt-4o-mini", messages=HI)

    assert asyncio.run(ask()).choices[0].message.content == "hello"
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_R35_anthropic_gives_its_asynchronous_client(serve: Serve) -> None:
    server = serve(answers.anthropic("hello"))
    ring = LLMRing(environ={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url})

    async def ask() -> Any:
        async with ring.get_provider("anthropic").client as client:
            assert isinstance(client, anthropic.AsyncAnthropic)
            return await client.messages.create(model="claude", messages=HI, max_tokens=9)

    assert asyncio.run(ask()).content[0].text == "hello"
    [request] = server.requests
    assert request.path == "/v1/messages"
    assert [name for name, value in request.headers.items() if KEY in value]
    assert not [name for name, value in request.headers.items() if "process" in value]


def test_R35_google_gives_its_client(serve: Serve) -> None:
    content = {"role": "model", "parts": [{"text": "hello"}]}
    server = serve(as_json({"candidates": [{"content": content, "finishReason": "STOP"}]}))
    ring = LLMRing(environ={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": server.url})

    client = ring.get_provider("google").client
    reply = client.models.generate_content(model="gemini-2.5-flash", contents="Hi")
    client.close()

    assert isinstance(client, genai.Client)
    assert reply.text == "hello"
    [request] = server.requests
    assert request.path.endswith("/models/gemini-2.5-flash:generateContent")
    assert request.headers["x-goog-api-key"] == KEY


def test_R35_R36_ollama_gives_its_asynchronous_client_without_a_key(serve: Serve) -> None:
    server = serve(as_json({"model": "m", "message": {"role": "assistant", "content": "hello"}}))
    ring = LLMRing(environ={"OLLAMA_HOST": server.url})

    async def ask() -> Any:
        client = ring.get_provider("ollama").client
        assert isinstance(client, ollama.AsyncClient)
        reply = await client.chat(model="m", messages=HI)
        await client.close()
        return reply

    assert asyncio.run(ask()).message.content == "hello"
    assert server.requests[0].path == "/api/chat"


@pytest.mark.parametrize("name", PRESETS)
def test_each_server_that_speaks_openai_s_api_gives_openai_s_client(name: str) -> None:
    preset = PRESETS[name]
    env = {preset.base_url_env: "http://127.0.0.1:9/v1", **dict.fromkeys(preset.key_env, KEY)}

    client = LLMRing(environ=env).get_provider(name).client

    assert isinstance(client, openai.AsyncOpenAI)
    assert str(client.base_url) == "http://127.0.0.1:9/v1/"
    assert client.api_key == (KEY if preset.key_env else "none")


LOCKFILE = """
[providers.mine]
kind = "KIND"
base_url = "URL"
api_key_env = "MINE_KEY"
api_key_header = "api-key"
headers = { x-team = "search" }
query = { api-version = "1" }
"""


@pytest.mark.parametrize(
    ("kind", "answer"), [("openai", answers.openai()), ("anthropic", answers.anthropic())]
)
def test_a_server_of_one_s_own_gives_the_client_of_its_kind(
    serve: Serve, tmp_path: Path, kind: str, answer: Any
) -> None:
    server = serve(answer)
    path = tmp_path / "llmring.lock"
    path.write_text(LOCKFILE.replace("KIND", kind).replace("URL", server.url))
    provider = LLMRing(path, environ={"MINE_KEY": KEY}).get_provider("Mine")

    async def ask() -> None:
        async with provider.client as client:
            if kind == "openai":
                await client.chat.completions.create(model="m", messages=HI)
            else:
                await client.messages.create(model="m", messages=HI, max_tokens=9)

    asyncio.run(ask())

    [request] = server.requests
    assert request.path.endswith("?api-version=1")
    assert (request.headers["api-key"], request.headers["x-team"]) == (KEY, "search")
    assert (provider.name, provider.base_url) == ("mine", server.url)


def test_a_login_in_the_address_goes_with_the_requests(serve: Serve) -> None:
    server = serve(answers.openai("hello"))
    address = server.url.replace("://", "://me:pass-word@")
    ring = LLMRing(environ={"VLLM_BASE_URL": address})

    async def ask() -> None:
        async with ring.get_provider("vllm").client as client:
            await client.chat.completions.create(model="m", messages=HI)

    asyncio.run(ask())

    assert server.requests[0].headers["authorization"] == "Basic bWU6cGFzcy13b3Jk"


def test_R34_a_provider_that_is_not_configured_is_not_found() -> None:
    ring = LLMRing(environ={})

    with pytest.raises(ProviderNotFoundError, match="no key; set OPENAI_API_KEY"):
        ring.get_provider("openai")
    with pytest.raises(ProviderNotFoundError, match="set GOOGLE_GEMINI_API_KEY or GEMINI_API_KEY"):
        ring.get_provider("google")
    with pytest.raises(ProviderNotFoundError, match="no address; set AZURE_OPENAI_ENDPOINT"):
        LLMRing(environ={"AZURE_OPENAI_API_KEY": KEY}).get_provider("azure")


def test_R34_a_provider_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(ProviderNotFoundError, match="did you mean 'openai'"):
        LLMRing(environ={}).get_provider("opnai")


@pytest.mark.parametrize("name", ["local", "mock"])
def test_providers_within_llmring_have_no_sdk(name: str) -> None:
    provider = LLMRing(environ={}).get_provider(name)

    with pytest.raises(ConfigurationError, match="has no SDK"):
        provider.client  # noqa: B018


def test_the_client_is_made_once_for_each_provider_that_is_asked_for() -> None:
    ring = LLMRing(environ={"OPENAI_API_KEY": KEY})
    provider = ring.get_provider("openai")

    assert provider.client is provider.client
    assert ring.get_provider("openai").client is not provider.client


def test_reprs_hide_the_key() -> None:
    provider = LLMRing(environ={"OPENAI_API_KEY": KEY}).get_provider("openai")

    assert repr(provider) == (
        "RawProvider('openai', 'https://api.openai.com/v1', api='openai_chat')"
    )
    assert KEY not in repr(provider.client)


BLOCKED = """
import sys
sys.modules["MODULE"] = None
from llmring import ConfigurationError, LLMRing
provider = LLMRing(environ={"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k",
                            "GEMINI_API_KEY": "k"}).get_provider("NAME")
try:
    provider.client
except ConfigurationError as error:
    print(error)
"""

EXTRAS = {"openai": "openai", "anthropic": "anthropic", "google": "google.genai"}


@pytest.mark.parametrize("name", [*EXTRAS, "ollama", "vllm"])
def test_R35_R41_the_error_for_a_missing_sdk_names_its_extra_on_first_use(
    name: str,
) -> None:
    extra = "openai" if name in PRESETS else name
    code = BLOCKED.replace("MODULE", EXTRAS.get(extra, extra)).replace("NAME", name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert f'pip install "llmring[{extra}]"' in done.stdout


def test_no_sdk_is_loaded_before_its_client_is_asked_for() -> None:
    code = (
        "import sys\nfrom llmring import LLMRing\n"
        "LLMRing(environ={'OPENAI_API_KEY': 'k'}).get_provider('openai')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"openai", "anthropic", "ollama", "google.genai"} & set(done.stdout.split()) == set()
