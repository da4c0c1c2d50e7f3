"""Installation and quick start."""

import asyncio
from importlib.metadata import distribution
from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, write
from conftest import Way
from llmring import LLMRequest, LLMResponse, LLMRing, Message
from llmring.testing.fake_vendors import DemoServer

VENDORS = {
    "openai": "openai:gpt-4o-mini",
    "anthropic": "anthropic:claude-3-5-sonnet",
    "google": "google:gemini-1.5-pro",
    "ollama": "ollama:llama3",
}


def test_S001_the_distribution_brings_a_package_and_a_command_of_its_name() -> None:
    scripts = distribution("llmring").entry_points.select(group="console_scripts")

    assert [script.name for script in scripts] == ["llmring"]
    assert scripts["llmring"].load().__module__.partition(".")[0] == "llmring"


@pytest.mark.parametrize("vendor", VENDORS)
def test_S002_one_lockfile_covers_every_vendor(way: Way, vendors: DemoServer, vendor: str) -> None:
    write(lockfile_of(default={name: [model] for name, model in VENDORS.items()}))
    vendors.plan(vendor, "answers", f"from {vendor}")

    response = way.chat(LLMRing(), vendor, "Hello")

    assert (response.model, response.content) == (VENDORS[vendor], f"from {vendor}")


def test_S003_fast_balanced_and_deep_exist_after_lock_init(call: Call) -> None:
    call("lock", "init")

    assert {"fast", "balanced", "deep"} <= LLMRing().list_aliases().keys()


def test_S004_lock_init_writes_into_the_current_directory(call: Call) -> None:
    assert call("lock", "init").code == 0

    assert LLMRing().lockfile_path == Path.cwd() / "llmring.lock"


def test_S005_aliases_shows_what_is_bound(call: Call, example: Path) -> None:
    assert "fast → openai:gpt-4o-mini\n" in call("aliases").out


def test_S006_bind_binds_one_alias(call: Call, example: Path) -> None:
    call("bind", "fast", "openai:gpt-4o")

    assert LLMRing().resolve_alias("fast") == "openai:gpt-4o"


def test_S008_the_three_names_of_the_quick_start_are_public() -> None:
    import llmring

    assert {"LLMRing", "LLMRequest", "Message"} <= set(llmring.__all__)


def test_S009_a_bare_ring_is_a_context_manager_of_itself_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    ring = LLMRing()

    async def enter() -> bool:
        async with ring as service:
            return service is ring

    assert asyncio.run(enter())
    assert capfd.readouterr() == ("", "")


def test_S010_a_request_with_alias_and_messages_is_valid() -> None:
    request = LLMRequest(model="fast", messages=[Message(role="user", content="Hello")])

    assert request.model == "fast"
    assert request.turns() == [Message("user", "Hello")]


def test_S011_awaiting_chat_resolves_the_alias_and_gives_a_response(
    example: Path, vendors: DemoServer
) -> None:
    async def main() -> LLMResponse:
        async with LLMRing() as service:
            request = LLMRequest(model="fast", messages=[Message(role="user", content="Hello")])
            return await service.chat(request)

    response = asyncio.run(main())

    assert isinstance(response, LLMResponse)
    assert response.model == "openai:gpt-4o-mini"
