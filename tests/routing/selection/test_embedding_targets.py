"""The models that may embed a text in place of another."""

import pytest

from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import ModelFacts
from llmring.routing.selection.embedding_targets import same_model_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("openai:text-embedding-3-small", "azure:text-embedding-3-small"),
        ("openai:text-embedding-3-small", "openrouter:openai/text-embedding-3-small"),
        ("google:gemini-embedding-001", "google:models/gemini-embedding-001"),
        ("ollama:nomic-embed-text", "ollama:nomic-embed-text:latest"),
        ("together:BAAI/bge-m3", "ollama:bge-m3"),
    ],
)
def test_a_model_is_the_same_wherever_it_is_served(one: str, other: str) -> None:
    assert same_model_name(ModelRef.parse(one), None) == same_model_name(
        ModelRef.parse(other), None
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("openai:text-embedding-3-small", "openai:text-embedding-3-large"),
        ("google:text-embedding-004", "google:text-embedding-005"),
        ("ollama:qwen3-embedding:0.6b", "ollama:qwen3-embedding:8b"),
    ],
)
def test_models_that_differ_in_size_or_version_are_different(one: str, other: str) -> None:
    assert same_model_name(ModelRef.parse(one), None) != same_model_name(
        ModelRef.parse(other), None
    )


def test_an_alias_in_the_catalog_means_the_same_model() -> None:
    facts = ModelFacts(provider="x", name="embed-2", aliases=("embed-newest",))

    assert same_model_name(ModelRef("x", "embed-newest"), facts) == "embed-2"
    assert same_model_name(ModelRef("x", "embed-2-20260101"), facts) == "embed-2-20260101"
