"""Models that can't serve a request are skipped, with the reason."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pytest

from llmring import ContextLengthError, LLMRequest, UnsupportedFeatureError
from llmring.chat.parsed_request import parse_request
from llmring.exceptions import ProviderError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import Capability, ModelFacts, Origins
from llmring.routing.policy import Policy
from llmring.routing.selection.filters import capable
from llmring.routing.targets import Skip, Target

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def told_strictly(strict: bool | None) -> Mapping[str, Any]:
    result: dict[str, Any] = {"name": "n", "schema": SCHEMA}
    return {
        "type": "json_schema",
        "json_schema": result if strict is None else {**result, "strict": strict},
    }


class Answer(TypedDict):
    a: str


# The sources of the capabilities, which are all that a model has.
KNOWN = Origins(capabilities=("vendor",))


def target(*capabilities: Capability, known: bool = True, **figures: Any) -> Target:
    row = PROVIDERS["openai"]
    facts = ModelFacts(
        provider="openai", name="m", capabilities=frozenset(capabilities), origins=KNOWN, **figures
    )
    endpoint = Endpoint(row, row.base_url, "a-key")
    return Target(ModelRef("openai", "m"), endpoint, row.dialect, facts if known else None)


def objection(model: Target, policy: Policy | None = None, **fields: Any) -> ProviderError | None:
    fields = {"model": "fast", "messages": "Hi", **fields}
    [found] = capable([model], parse_request(LLMRequest(**fields)), policy or Policy())
    return found.error if isinstance(found, Skip) else None


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": "https://x.test/a.png"}]}]


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"messages": IMAGE}, {"vision": "no vision"}),
        ({"tools": [{"name": "f"}]}, {"tools": "no tools"}),
        ({"max_tokens": 5000}, {"max_tokens": "no max_tokens above 4,096"}),
        ({"messages": "word " * 9000}, {"context": "no prompt of more than 8,192 tokens"}),
        (
            {"messages": IMAGE, "tools": [{"name": "f"}]},
            {"tools": "no tools", "vision": "no vision"},
        ),
    ],
)
def test_a_model_that_lacks_what_the_request_has_is_skipped(
    fields: Mapping[str, Any], lacking: Mapping[str, str]
) -> None:
    error = objection(target(context_window=8192, max_output=4096), **fields)

    assert isinstance(error, UnsupportedFeatureError | ContextLengthError)
    assert error.lacking == lacking
    assert all(words in error.message for words in lacking.values())


def test_too_long_a_prompt_alone_is_an_error_of_length() -> None:
    error = objection(target(context_window=100), messages="word " * 101)

    assert isinstance(error, ContextLengthError)


def test_a_prompt_that_may_fit_is_sent() -> None:
    # 100 words may well be 150 tokens, and spaces or signs none at all.
    assert objection(target(context_window=100), messages="word " * 100) is None
    assert objection(target(context_window=100), messages=" " * 5000) is None


def test_the_limit_of_prompts_counts_where_it_is_below_the_context() -> None:
    error = objection(target(context_window=1000, max_input=100), messages="word " * 101)

    assert isinstance(error, ContextLengthError)


@pytest.mark.parametrize(
    "form", [told_strictly(True), told_strictly(False), {"type": "json_object"}, Answer]
)
def test_a_model_without_schemas_is_skipped_only_where_the_lockfile_needs_them(form: Any) -> None:
    assert objection(target(), response_format=form) is None
    assert objection(target(), Policy(needs=("json_schema",)), response_format=form) is not None


def test_what_the_lockfile_needs_is_needed_of_each_call() -> None:
    policy = Policy(needs=("tools", "reasoning"), min_context=1000)

    error = objection(target("tools", context_window=999), policy)

    assert isinstance(error, UnsupportedFeatureError)
    assert error.lacking == {
        "reasoning": "no reasoning (needed by the lockfile)",
        "min_context": "no context of 1,000 tokens (it has 999)",
    }
    assert objection(target("tools", "reasoning", context_window=1000), policy) is None


@pytest.mark.parametrize("model", [target(known=False), target("vision", "tools")])
def test_a_model_with_unknown_facts_is_not_skipped(model: Target) -> None:
    policy = Policy(min_context=10**6)
    fields = {"messages": "word " * 9000, "tools": [{"name": "f"}], "max_tokens": 10**6}

    assert objection(model, policy, **fields) is None


def test_counted_tokens_take_precedence_over_the_text() -> None:
    model, request = target(context_window=100), LLMRequest("fast", "Hi")

    kinds: Sequence[type] = [
        type(capable([model], parse_request(request), Policy(), tokens=tokens)[0])
        for tokens in (100, 101)
    ]

    assert kinds == [Target, Skip]
