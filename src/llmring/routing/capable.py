"""Models that can't serve a request, or can't do what the lockfile needs of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmring.chat.parsed_request import ParsedRequest
from llmring.exceptions import ContextLengthError, ProviderRequestError, UnsupportedFeatureError
from llmring.registry.catalog import ModelFacts
from llmring.routing.fit import missing
from llmring.routing.policy import Policy
from llmring.routing.targets import Skip, Target
from llmring.routing.tokens import Length

# What a model lacks: the column of it in a table of models, and the words.
Lack = tuple[str, str]


def capable(
    candidates: Sequence[Target | Skip],
    request: ParsedRequest,
    policy: Policy,
    *,
    tokens: int | None = None,
) -> list[Target | Skip]:
    """The candidates, those that can't serve the request replaced by the reason for skipping them.

    Models that are in no catalog can; so can those whose figure in question is not known.

    Args:
        candidates: The models, in any order.
        request: What is to be asked.
        policy: What the lockfile says.
        tokens: The tokens of the prompt, where these are known; else its text is gone by.
    """
    length = Length(request, tokens)
    found: list[Target | Skip] = []
    for each in candidates:
        facts = each.facts if isinstance(each, Target) else None
        error = None if facts is None else _objection(facts, request, policy, length)
        found.append(each if error is None else Skip(each.ref, error))
    return found


def _objection(
    facts: ModelFacts, request: ParsedRequest, policy: Policy, length: Length
) -> ProviderRequestError | None:
    """Why a model can't serve a request; None where nothing speaks against it."""
    lacking = dict(_features(facts, request, policy))
    kind = UnsupportedFeatureError if lacking else ContextLengthError
    room = prompt_room(facts)
    if room is not None and length.exceeds(room):
        lacking["context"] = f"no prompt of more than {room:,} tokens"
    if not lacking:
        return None
    error = kind(f"the model takes {' and '.join(lacking.values())}")
    error.lacking = lacking
    return error


def _features(facts: ModelFacts, request: ParsedRequest, policy: Policy) -> Iterator[Lack]:
    lacking = missing(request, facts)
    if "json_schema" not in facts.capabilities and insists_on_schema(request):
        lacking.append("json_schema")
    for capability in lacking:
        yield capability, f"no {capability}"
    for capability in policy.needs:
        if capability not in facts.capabilities and capability not in lacking:
            yield capability, f"no {capability} (needed by the lockfile)"
    window = facts.context_window
    if policy.min_context is not None and window is not None and window < policy.min_context:
        yield "min_context", f"no context of {policy.min_context:,} tokens (it has {window:,})"
    most = facts.max_output
    if request.max_tokens is not None and most is not None and request.max_tokens > most:
        yield "max_tokens", f"no max_tokens above {most:,}"


def prompt_room(facts: ModelFacts) -> int | None:
    """How many tokens the prompt may have, as far as that is known."""
    return min(filter(None, (facts.max_input, facts.context_window)), default=None)


def insists_on_schema(request: ParsedRequest) -> bool:
    """Whether only a provider that holds the answer to its schema itself will do.

    That is where the caller says so, by a schema with `"strict": True`. A schema by itself, or a
    Python type, is asked of models without this feature in words, and the answer is checked.
    """
    output = request.output
    return (
        output is not None
        and output.schema is not None
        and output.strict is True
        and output.type is None
    )
