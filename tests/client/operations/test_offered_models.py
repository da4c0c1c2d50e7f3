"""The facts about names that calls can give."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmring.client.operations.offered_models import OfferedModel
from llmring.gateway.served_ring import ServedRing

LOCK = """
[[profiles.default.bindings]]
alias = "fast"
models = ["anthropic:big", "openai:small", "openai:new"]

[[profiles.default.bindings]]
alias = "wide"
models = ["openai:small", "openai:large"]
min_context = 50000

[[profiles.default.bindings]]
alias = "seeing"
models = ["openai:small", "openai:large"]
needs = ["vision"]

[[profiles.default.bindings]]
alias = "new"
models = ["openai:new"]

[[profiles.default.bindings]]
alias = "vectors"
models = ["openai:text-embedding-3-small"]

[registry.models."anthropic:big"]
context_window = 900
max_output = 100
capabilities = ["tools"]

[registry.models."openai:small"]
context_window = 10000
max_output = 3000
capabilities = ["tools"]

[registry.models."openai:large"]
context_window = 80000
max_input = 60000
max_output = 2000
capabilities = ["vision", "reasoning"]

[registry.models."openai:text-embedding-3-small"]
context_window = 8000
retires = 9999-12-31

[registry.models."openai:gone"]
retires = 2026-11-23
"""


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServedRing:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)
    return ServedRing(path)


def offered(ring: ServedRing, name: str) -> OfferedModel:
    [found] = ring.offered_models([name])
    return found


def test_the_limits_are_the_least_of_the_models_that_can_be_called(ring: ServedRing) -> None:
    found = offered(ring, "fast")

    # The first one lacks a key, and the last one is not known.
    assert found.models == ("anthropic:big", "openai:small", "openai:new")
    assert (found.first, found.context_window, found.max_output) == ("openai:small", 10_000, 3000)


def test_with_a_key_for_it_a_model_counts(
    ring: ServedRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-0123456789abcdef")
    found = offered(ServedRing(ring.lockfile_path), "fast")

    assert (found.first, found.context_window, found.max_output) == ("anthropic:big", 900, 100)


@pytest.mark.parametrize("alias", ["wide", "seeing"])
def test_a_model_that_the_policy_rules_out_does_not_count(ring: ServedRing, alias: str) -> None:
    found = offered(ring, alias)

    # The longest prompt is shorter than the window.
    assert (found.first, found.context_window, found.max_output) == ("openai:large", 60_000, 2000)


def test_a_capability_of_one_model_is_one_of_the_alias(ring: ServedRing, tmp_path: Path) -> None:
    binding = '[[profiles.default.bindings]]\nalias = "any"\n'
    path = tmp_path / "other.lock"
    path.write_text(f'{binding}models = ["openai:small", "openai:large"]\n{LOCK}')

    found = offered(ServedRing(path), "any").capabilities
    assert {*(found or ())} == {"tools", "vision", "reasoning"}
    assert offered(ring, "new").capabilities is None


def test_an_alias_of_embedding_models_makes_embeddings(ring: ServedRing) -> None:
    assert offered(ring, "vectors").embeds
    assert not offered(ring, "fast").embeds
    assert not offered(ring, "new").embeds


def test_an_alias_without_a_usable_model_has_its_first_one(
    ring: ServedRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    found = offered(ServedRing(ring.lockfile_path), "fast")

    assert (found.first, found.context_window) == ("anthropic:big", None)


def test_a_name_that_can_t_be_called_is_left_out(ring: ServedRing) -> None:
    found = ring.offered_models(["fast", "missing", "nowhere:model", "openai:gpt-4o"])

    assert [each.name for each in found] == ["fast", "openai:gpt-4o"]


def test_the_models_of_providers_with_keys_can_be_called_without_an_alias(ring: ServedRing) -> None:
    names = [each.name for each in ring.models_of_providers()]

    assert {"openai:small", "openai:text-embedding-3-small", "openai:gpt-4o-mini"} <= {*names}
    assert {name.partition(":")[0] for name in names} == {"openai"}
    assert "openai:gone" not in names


def test_a_frozen_lockfile_has_no_models_without_an_alias(
    ring: ServedRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    frozen = ServedRing(ring.lockfile_path)

    assert frozen.models_of_providers() == []
    assert frozen.offered_models(["fast"]) == []
