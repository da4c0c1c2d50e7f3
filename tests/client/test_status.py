"""The status of a ring."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from llmring import LLMRing
from llmring.exceptions import ConfigurationError, ProviderError
from llmring.limits import redis_connection
from loopback import Loopback
from rings import KEY, MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]


def refused(server: Loopback, **environ: str) -> LLMRing:
    """Return a ring whose key was refused, which opens the circuit at once."""
    ring = LLMRing(environ=environ_of(server) | environ)
    with pytest.raises(ProviderError):
        ring.chat(MODEL, "Hello")
    return ring


REFUSED = answers.openai_error(401, "no such key")


def test_status_shows_the_active_lockfile_and_profile(lockfile: Callable[..., Path]) -> None:
    path = lockfile(fast=[MODEL])

    status = LLMRing(path).status()

    assert (status.lockfile, status.found_by, status.profile) == (str(path), "argument", "default")


def test_providers_are_shown_with_address_and_variable_but_never_the_key(
    lockfile: Callable[..., Path],
) -> None:
    path = lockfile(fast=[MODEL, "google:gemini-2.5-flash", "ollama:llama3.2"])
    environ = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": "http://me:hunter2@gateway.example/v1",
        "GROQ_API_KEY": "gsk_another",
    }

    status = LLMRing(path, environ=environ).status().result()

    result = {each.name: (each.key, each.used) for each in status.providers}
    assert result == {
        "openai": ("set", True),
        "google": ("not set", True),
        "ollama": ("not needed", True),
        "groq": ("set", False),
    }
    by_name = {each.name: each for each in status.providers}
    assert by_name["openai"].base_url == "http://gateway.example/v1"
    assert by_name["openai"].variables == ("OPENAI_API_KEY",)
    assert "GEMINI_API_KEY" in str(by_name["google"].problem)
    for secret in (KEY, "hunter2", "gsk_another"):
        assert secret not in repr(status)


def test_circuits_are_those_of_the_ring_itself(serve: Serve) -> None:
    with refused(serve(REFUSED)) as ring:
        status = ring.status().result()
        assert ring_at(serve(REFUSED)).status().circuits == ()

    [circuit] = status.circuits
    assert (circuit.model, circuit.state) == (MODEL, "open")
    assert "no such key" in circuit.reason
    assert 200 < circuit.seconds <= 360
    assert status.shared is None


def test_circuits_of_a_fleet_are_shown_by_each_of_its_rings(
    serve: Serve, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    server = serve(REFUSED)
    with refused(server, LLMRING_REDIS_URL=redis_url):
        pass

    with ring_of_fleet(server, redis_url) as ring:
        status = ring.status().result()

    [circuit] = status.circuits
    assert (circuit.model, circuit.state) == (MODEL, "open")
    assert status.shared == f"Redis at {redis_url.removeprefix('redis://').removesuffix('/0')}"
    assert status.reachable


def ring_of_fleet(server: Loopback, redis_url: str) -> LLMRing:
    return LLMRing(environ={**environ_of(server), "LLMRING_REDIS_URL": redis_url})


def test_status_can_be_awaited() -> None:
    async def look() -> str:
        async with LLMRing() as ring:
            return (await ring.status()).profile

    assert asyncio.run(look()) == "default"


def test_an_unknown_profile_is_an_error(lockfile: Callable[..., Path]) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        LLMRing(lockfile(fast=[MODEL])).status("nowhere")


def test_spending_is_shown_for_aliases_with_a_budget(tmp_path: Path) -> None:
    path = tmp_path / "llmring.lock"
    path.write_text(
        'version = "1.0"\n[profiles.default]\n'
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["mock:echo"]\n'
        "daily_budget = 2.5\n"
        '[[profiles.default.bindings]]\nalias = "free"\nmodels = ["mock:echo"]\n'
    )

    status = LLMRing(path, environ={"XDG_CACHE_HOME": str(tmp_path)}).status()

    [result] = status.spending
    assert (result.alias, result.spent, result.budget) == ("fast", Decimal(0), Decimal("2.5"))
