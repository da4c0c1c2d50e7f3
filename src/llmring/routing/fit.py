"""A request fitted to what a model takes, or the reason why it can't be."""

from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.parts import DocumentPart, ImagePart
from llmring.chat.request import LLMRequest
from llmring.exceptions import UnsupportedFeatureError
from llmring.registry.catalog import ModelFacts
from llmring.routing.targets import Target


class Fitted(Struct, frozen=True):
    """The copy of a request that a model is sent, and what was left out of it."""

    request: LLMRequest
    adjusted: tuple[str, ...] = ()


def fit(request: LLMRequest, target: Target) -> Fitted:
    """The request as this model takes it. A model that is in no catalog gets it as it is.

    Raises:
        UnsupportedFeatureError: The model lacks something that the request can't do without.
    """
    provider, facts = target.endpoint.provider, target.facts
    if provider.prepare is not None:
        request = provider.prepare(request, target.ref.model)
    if facts is None:
        return Fitted(request)
    lacking = missing(request, facts)
    if lacking:
        raise UnsupportedFeatureError(f"the model takes no {' and no '.join(lacking)}")
    changes: dict[str, Any] = {}
    adjusted = []
    if "temperature" not in facts.capabilities:
        for name in ("temperature", "top_p"):
            if getattr(request, name) is not None:
                changes[name] = None
                adjusted.append(f"{name} left out: the model takes none")
    if request.max_tokens is None and provider.quirks.needs_max_tokens:
        changes["max_tokens"] = facts.max_output
    if not changes:
        return Fitted(request)
    return Fitted(msgspec.structs.replace(request, **changes), tuple(adjusted))


def missing(request: LLMRequest, facts: ModelFacts) -> list[str]:
    """The capabilities that the request needs and the model lacks, by the catalog's names."""
    needs = []
    if request.tools:
        needs.append("tools")
    parts = [part for message in request.turns() for part in message.parts]
    if any(isinstance(part, ImagePart) for part in parts):
        needs.append("vision")
    if any(isinstance(part, DocumentPart) for part in parts):
        needs.append("documents")
    return [need for need in needs if need not in facts.capabilities]
