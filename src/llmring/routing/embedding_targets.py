"""Which models may embed a text in place of another, and what each is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llmring.dialects.dialect import Embedding
from llmring.exceptions import UnsupportedFeatureError
from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import ModelFacts
from llmring.routing.prepare import Prepared
from llmring.routing.targets import Skip, Target


def embed(texts: Sequence[str], dimensions: int | None) -> Callable[[Target], Prepared]:
    """Puts texts to be embedded into the words of a model; see `Walk`.

    Args:
        texts: The texts, no more than the model takes at once.
        dimensions: How many numbers each vector should have; None for the model's own.
    """

    def prepare(target: Target) -> Prepared:
        outgoing = embedding_of(target).encode(texts, target.ref.model, dimensions)
        return Prepared(target.endpoint.request(outgoing, target.dialect))

    return prepare


def embedding_of(target: Target) -> Embedding:
    """How this model's provider embeds texts.

    Raises:
        UnsupportedFeatureError: It does not.
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
    """The candidates, without those whose vectors can't be compared with those of the first.

    The first counts even where it can't be used: what an application has stored is of it.

    Args:
        refs: What the alias is bound to.
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
        f"its vectors can't be compared with those of {first}; allow_other_models=True asks it "
        "nevertheless"
    )


def same_model_name(ref: ModelRef, facts: ModelFacts | None) -> str:
    """A model's name, the same wherever it is served.

    Without what a gateway puts before it ("openai/…", "models/…") and Ollama's ":latest"; an
    alias that the catalog lists stands for the model's own name. A number at its end stays:
    text-embedding-004 and -005 are two models.
    """
    name = ref.model
    if facts is not None and name in facts.aliases:
        name = facts.name
    return name.rpartition("/")[2].lower().removesuffix(":latest")
