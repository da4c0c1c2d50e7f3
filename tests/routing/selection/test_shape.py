"""The models for a shape of request: worked out once, and the same as for each request alone."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest, Message
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.exceptions import UnsupportedFeatureError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import Capability, ModelFacts, Origins
from llmring.routing.policy import Policy
from llmring.routing.selection.filters import capable
from llmring.routing.selection.prepare import Prepared, chat
from llmring.routing.selection.shape import ModelsByShape
from llmring.routing.targets import Skip, Target

IMAGE = ImagePart(data="aGk=", media_type="image/png")
TEXT_FILE = DocumentPart(data="aGk=", media_type="text/plain", name="a.txt")


# The sources of the capabilities, which are all that a model has.
KNOWN = Origins(capabilities=("vendor",))


def target(provider: str, *capabilities: Capability, known: bool = True, **limits: Any) -> Target:
    facts = ModelFacts(
        provider=provider, name="m", capabilities=frozenset(capabilities), origins=KNOWN, **limits
    )
    row = PROVIDERS[provider]
    endpoint = Endpoint(row, row.base_url, "a-key")
    return Target(ModelRef(provider, "m"), endpoint, row.dialect, facts if known else None)


SMALL = target("openai", context_window=20, max_output=50)
ABLE = target("anthropic", "vision", "tools", "temperature", "reasoning", max_output=4000)
UNKNOWN = target("groq", known=False)
MODELS: list[Target | Skip] = [SMALL, ABLE, UNKNOWN]


def refs(candidates: object) -> list[str]:
    assert isinstance(candidates, list)
    return [each.ref.provider for each in candidates if isinstance(each, Target)]


def test_requests_of_the_same_shape_share_what_was_worked_out() -> None:
    models = ModelsByShape(MODELS, Policy())

    first = models.fit_for(parse_request(LLMRequest("fast", "Hi")))

    assert models.fit_for(parse_request(LLMRequest("fast", "Ho"))) is first
    assert models.fit_for(parse_request(LLMRequest("fast", "Hi", temperature=0.5))) is not first


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"messages": "Hi"}, ["openai", "anthropic", "groq"]),
        ({"messages": [Message("user", [IMAGE])]}, ["anthropic", "groq"]),
        ({"messages": "Hi", "tools": [{"name": "f"}]}, ["anthropic", "groq"]),
        ({"messages": "word " * 100}, ["anthropic", "groq"]),
        ({"messages": "Hi", "max_tokens": 51}, ["anthropic", "groq"]),
        ({"messages": "Hi", "max_tokens": 5000}, ["groq"]),
    ],
)
def test_a_model_that_can_t_serve_a_request_is_left_out_whatever_came_before(
    fields: dict[str, Any], left: list[str]
) -> None:
    models = ModelsByShape(MODELS, Policy())
    models.fit_for(parse_request(LLMRequest("fast", "Hi")))
    models.fit_for(parse_request(LLMRequest("fast", "Hi", max_tokens=1)))

    assert refs(models.fit_for(parse_request(LLMRequest("fast", **fields))).candidates) == left


CONTENTS = st.sampled_from(["Hi", "word " * 30, [IMAGE], ["Look:", TEXT_FILE], None])
REQUESTS = st.fixed_dictionaries(
    {"messages": st.lists(CONTENTS, min_size=1, max_size=3)},
    optional={
        "temperature": st.just(0.5),
        "max_tokens": st.sampled_from([10, 60, 9000]),
        "reasoning_tokens": st.sampled_from([0, 2000]),
        "tools": st.just([{"name": "f"}]),
        "tool_choice": st.sampled_from(["auto", "required"]),
        "extra_params": st.just({"user": "me"}),
    },
)


def outcome(prepare: Callable[[Target], Prepared], each: Target) -> object:
    try:
        return prepare(each)
    except UnsupportedFeatureError as error:
        return error.message


@given(st.lists(REQUESTS, min_size=1, max_size=6))
def test_what_is_kept_by_shape_never_differs_from_what_a_request_alone_gets(
    several: list[dict[str, Any]],
) -> None:
    models = ModelsByShape(MODELS, Policy())
    for fields in several:
        messages = [Message("user", content) for content in fields["messages"]]
        request = parse_request(LLMRequest("fast", **{**fields, "messages": messages}))
        found, alone = models.fit_for(request), capable(MODELS, request, Policy())

        assert list(map(_told, found.candidates)) == list(map(_told, alone))
        for each in found.candidates:
            if isinstance(each, Target):
                kept = partial(found.prepared, request, None, stream=False)
                assert outcome(kept, each) == outcome(chat(request, stream=False), each)


def _told(candidate: Target | Skip) -> tuple[ModelRef, str]:
    return candidate.ref, candidate.error.message if isinstance(candidate, Skip) else ""
