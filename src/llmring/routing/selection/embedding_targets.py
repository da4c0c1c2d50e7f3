"""The models that may embed a text in place of another, and their requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmring.dialects.dialect import Embedding
from llmring.exceptions import UnsupportedFeatureError
from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import ModelFacts
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Skip, Target


def embed(texts: Sequence[str], dimensions: int | None) -> Callable[[Target], Prepared]:
    """Return a function that makes the request to embed texts with a model; see `Walk`.

    Args:
        texts: The texts, no more than the model takes at once.
        dimensions: The length of each vector; None for the model's default.
    """

    def prepare(target: Target) -> Prepared:
        outgoing = embedding_of(target).encode(texts, target.ref.model, dimensions)
        return Prepared(target.endpoint.request(outgoing, target.dialect))

    return prepare


def embedding_of(target: Target) -> Embedding:
    """Return the part of this model's dialect that embeds texts.

    Raises:
        UnsupportedFeatureError: The provider has no embeddings.
    """
    embedding = target.dialect.embedding or target.endpoint.provider.dialect.embedding
    if embedding is None:
        raise UnsupportedFeatureError(
            f"{target.ref.provider} has no embeddings; bind the alias to a model that has"
        )
    return embedding


def in_one_space(
    refs: Sequence[ModelRef],
    candidates: Sequence[Target | Skip],
    facts: Callable[[ModelRef], ModelFacts | None],
) -> list[Target | Skip]:
    """Replace candidates whose vectors can't be compared with the first model's by skips.

    The first model counts even if it can't be used, as it made the vectors that the application
    has stored.

    Args:
        refs: The models that the alias is bound to.
        candidates: The target, or the reason for skipping it, for each.
        facts: Looks a model up in the catalog.
    """
    first = refs[0]
    wanted = same_model_name(first, facts(first))
    return [
        candidate
        if isinstance(candidate, Skip) or same_model_name(ref, facts(ref)) == wanted
        else Skip(ref, _other(first))
        for ref, candidate in zip(refs, candidates, strict=True)
    ]


def _other(first: ModelRef) -> UnsupportedFeatureError:
    return UnsupportedFeatureError(
        f"its vectors can't be compared with those of {first}; set allow_other_models=True to use "
        "it anyway"
    )


def same_model_name(ref: ModelRef, facts: ModelFacts | None) -> str:
    """Return a model's name in the form that is the same at every provider.

    Prefixes of gateways ("openai/…", "models/…") and Ollama's ":latest" are removed, and an alias
    that the catalog lists is replaced by the model's own name. A number at the end is kept:
    text-embedding-004 and -005 are two models.
    """
    name = ref.model
    if facts is not None and name in facts.aliases:
        name = facts.name
    return name.rpartition("/")[2].lower().removesuffix(":latest")
