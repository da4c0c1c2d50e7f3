"""What a client's program asks for in the format of one API, for each model that may answer."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from circuits import target
from llmring.chat.parsed_request import OwnFields, ParsedRequest, parse_request
from llmring.chat.request import LLMRequest
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.request_decoding import ClientRequest
from llmring.exceptions import NoUsableModelError, UnsupportedFeatureError
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts
from llmring.routing.failover import Failover
from llmring.routing.policy import Policy
from llmring.routing.selection.filters import capable
from llmring.routing.selection.prepare import Prepared, chat
from llmring.routing.selection.shape import ModelsByShape
from llmring.routing.targets import Skip, Target

SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
CLOCK = Tool("clock", "Tell the time", {"type": "object", "properties": {}})

ANTHROPIC = "anthropic:claude-sonnet-4-5"
OPENAI = "openai:gpt-4.1"
NEWER = "openai:gpt-5.5"
GROQ = "groq:llama"
GOOGLE = "google:gemini-3-flash"
OLLAMA = "ollama:llama3.2"


def asked(
    dialect: str,
    own: dict[str, Any] | None = None,
    required: tuple[str, ...] = (),
    *,
    one_call: bool = False,
    **fields: Any,
) -> ParsedRequest:
    """The request of a client's program in the format of an API."""
    request = LLMRequest("fast", fields.pop("messages", "Hi"), **fields)
    client = ClientRequest(
        model="fast", request=request, own=own or {}, required_own=required, one_call=one_call
    )
    return client.parsed(dialect)


def prepared(request: ParsedRequest, model: str) -> Prepared:
    return chat(request, stream=False)(target(model))


def sent(request: ParsedRequest, model: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(prepared(request, model).http.body)
    return body


def notes(request: ParsedRequest, model: str) -> tuple[str, ...]:
    return prepared(request, model).adjusted


# --- Fields ---


@pytest.mark.parametrize(
    ("dialect", "own", "model"),
    [
        ("anthropic", {"top_k": 5, "metadata": {"user_id": "ann"}}, ANTHROPIC),
        ("openai_chat", {"frequency_penalty": 0.5, "user": "ann"}, OPENAI),
        ("openai_responses", {"truncation": "auto", "metadata": {"a": "b"}}, OPENAI),
        ("gemini", {"generationConfig": {"topK": 5}, "safetySettings": []}, GOOGLE),
        ("ollama", {"keep_alive": "5m", "options": {"num_ctx": 4096}}, OLLAMA),
    ],
)
def test_g050_a_server_with_the_same_api_gets_all_fields_of_its_own(
    dialect: str, own: dict[str, Any], model: str
) -> None:
    request = asked(dialect, own)

    assert sent(request, model).items() >= own.items()
    assert notes(request, model) == ()


def test_own_fields_come_after_extra_parameters() -> None:
    request = asked("anthropic", {"top_k": 5}, extra_params={"top_k": 1, "speed": "fast"})

    body = sent(request, ANTHROPIC)
    assert (body["top_k"], body["speed"]) == (5, "fast")


def test_a_field_that_is_none_leaves_out_what_the_library_would_send() -> None:
    effort = asked("anthropic", {"thinking": None}, reasoning_effort="high")

    assert "thinking" not in sent(effort, ANTHROPIC)
    assert sent(effort, GOOGLE)["generationConfig"]["thinkingConfig"]
    assert notes(effort, GOOGLE) == ()
    summary = asked("openai_responses", {"reasoning": {"summary": None}}, reasoning_effort="high")
    assert sent(summary, OPENAI)["reasoning"] == {"effort": "high", "summary": None}


def test_g050_fields_of_another_api_are_left_out_with_a_remark() -> None:
    own = {"context_management": {"edits": []}, "betas": ["b"], "top_k": 5}
    request = asked("anthropic", own, reasoning_effort="low")

    assert not {"context_management", "betas", "top_k"} & sent(request, GROQ).keys()
    assert notes(request, GROQ) == (
        "context_management, betas, top_k left out: only the API 'anthropic' has them",
    )


def test_of_a_table_that_is_read_only_the_rest_is_left_out() -> None:
    own = {"generationConfig": {"topK": 5}, "toolConfig": {"retrievalConfig": {}}}
    request = asked("gemini", own, temperature=0.5)

    assert sent(request, GROQ)["temperature"] == 0.5
    assert notes(request, GROQ) == (
        "generationConfig.topK, toolConfig.retrievalConfig left out: only the API 'gemini' has "
        "them",
    )


def test_details_of_tools_are_left_out_of_other_apis_with_a_remark() -> None:
    given = [{"type": "function", "function": {"name": "clock", "of_mine": 1}}]
    request = asked("openai_chat", {"tools": given}, tools=[CLOCK])

    assert sent(request, GROQ)["tools"] == given
    assert sent(request, ANTHROPIC)["tools"][0]["name"] == "clock"
    assert notes(request, ANTHROPIC) == (
        "details of tools left out: only the API 'openai_chat' has them",
    )


def test_a_request_that_needs_its_own_api_is_not_sent_to_another() -> None:
    request = asked("anthropic", {"speed": "fast"}, ("speed", "messages.0.content.1"))

    assert sent(request, ANTHROPIC)["speed"] == "fast"
    with pytest.raises(UnsupportedFeatureError, match=r"speed, messages\.0\.content\.1"):
        prepared(request, GROQ)


def test_an_alias_without_a_model_of_that_api_has_no_usable_model() -> None:
    request = asked("anthropic", {"speed": "fast"}, ("speed",))
    candidates = [target(GROQ), target(GOOGLE)]
    failover = Failover(
        chat(request, stream=False),
        candidates,
        alias="fast",
        timeout=None,
        clock=lambda: 0.0,
        day=date(2026, 11, 1),
    )

    assert failover.start() is None
    assert list(failover) == []
    error = failover.exhausted()
    assert isinstance(error, NoUsableModelError)
    assert "speed" in str(error)


def test_models_of_other_apis_are_skipped_on_the_way_to_one_that_can_answer() -> None:
    request = asked("anthropic", {"speed": "fast"}, ("speed",))
    failover = Failover(
        chat(request, stream=False),
        [target(GROQ), target(ANTHROPIC)],
        alias="fast",
        timeout=None,
        clock=lambda: 0.0,
        day=date(2026, 11, 1),
    )

    assert [each.target.name for each in failover] == [ANTHROPIC]
    assert [each.outcome for each in failover.attempts] == ["skipped"]


@pytest.mark.parametrize("stream", [True, False])
def test_the_path_of_usual_requests_treats_own_fields_the_same(stream: bool) -> None:
    request = asked("anthropic", {"top_k": 5})
    candidates = [target(ANTHROPIC), target(GROQ)]
    models = ModelsByShape(candidates, Policy()).fit_for(request)

    for each in candidates:
        quick = models.prepared(request, None, each, stream=stream)
        assert quick == chat(request, stream=stream)(each)


# --- Limits ---


def known(model: str, **figures: Any) -> Target:
    plain = target(model)
    facts = ModelFacts(
        provider=plain.ref.provider,
        name=plain.ref.model,
        capabilities=frozenset({"tools", "temperature"}),
        **figures,
    )
    return Target(plain.ref, plain.endpoint, plain.dialect, facts)


@pytest.mark.parametrize("model", [ANTHROPIC, OPENAI, GROQ])
def test_g047_a_limit_above_that_of_the_model_is_lowered_with_a_remark(model: str) -> None:
    request = asked("anthropic", max_tokens=64_000)
    candidate = known(model, max_output=16_384)
    models = ModelsByShape([candidate], Policy()).fit_for(request)

    assert models.candidates == [candidate]
    found = models.prepared(request, None, candidate, stream=False)
    body = json.loads(found.http.body)
    assert 16_384 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert found.adjusted == ("max_tokens 16,384 for 64,000: the model gives no longer answers",)


def test_a_limit_that_the_model_has_is_kept() -> None:
    request = asked("anthropic", max_tokens=16_384)
    candidate = known(ANTHROPIC, max_output=16_384)
    found = ModelsByShape([candidate], Policy()).fit_for(request)

    prepared_ = found.prepared(request, None, candidate, stream=False)
    assert json.loads(prepared_.http.body)["max_tokens"] == 16_384
    assert prepared_.adjusted == ()


@pytest.mark.parametrize(
    ("dialect", "name", "model"),
    [
        ("anthropic", "context_management", ANTHROPIC),
        ("openai_responses", "truncation", OPENAI),
        ("openai_chat", "transforms", GROQ),
    ],
)
def test_a_text_that_its_own_api_may_shorten_is_not_too_long_for_it(
    dialect: str, name: str, model: str
) -> None:
    words = "word " * 200
    shortened = asked(dialect, {name: "auto"}, messages=words)
    plain = asked(dialect, {"metadata": {}}, messages=words)
    candidate, other = known(model, context_window=100), known(GOOGLE, context_window=100)

    assert capable([candidate], shortened, Policy()) == [candidate]
    assert isinstance(capable([candidate], plain, Policy())[0], Skip)
    assert isinstance(capable([other], shortened, Policy())[0], Skip)


# --- Persons and programs ---

PERSONAL: dict[str, Any] = {
    "user": "ann",
    "safety_identifier": "s",
    "metadata": {"team": "x"},
    "store": True,
}


def test_g052_only_the_vendor_of_the_api_gets_who_asks() -> None:
    request = asked("openai_chat", {**PERSONAL, "logit_bias": {"1": 2}})

    assert sent(request, OPENAI).items() >= PERSONAL.items()
    body = sent(request, GROQ)
    assert not PERSONAL.keys() & body.keys()
    assert body["logit_bias"] == {"1": 2}
    assert notes(request, GROQ) == (
        "user, safety_identifier, metadata, store left out: only the API's own vendor gets them",
    )


def test_g052_the_installation_of_codex_is_for_its_vendor_alone() -> None:
    own = {"client_metadata": {"x-codex-installation-id": "1"}, "truncation": "auto"}
    request = asked("openai_responses", own)
    row = PROVIDERS["groq"]
    groq = target(GROQ)
    by_responses = Target(groq.ref, groq.endpoint, row.speaking("responses"))

    assert sent(request, OPENAI)["client_metadata"] == own["client_metadata"]
    body = json.loads(chat(request, stream=False)(by_responses).http.body)
    assert "client_metadata" not in body
    assert body["truncation"] == "auto"


@pytest.mark.parametrize("model", [OPENAI, GROQ, GOOGLE, OLLAMA])
def test_g052_the_device_of_claude_code_is_for_its_own_api_alone(model: str) -> None:
    request = asked("anthropic", {"metadata": {"user_id": '{"device_id": "aaaa"}'}})

    assert b"aaaa" in prepared(request, ANTHROPIC).http.body
    assert b"aaaa" not in prepared(request, model).http.body


# --- The choice of the API ---


def test_a_client_of_a_second_api_is_answered_by_it() -> None:
    request = asked("openai_responses", {"truncation": "auto"}, ("truncation",))

    assert prepared(request, OPENAI).http.url.endswith("/responses")
    assert sent(request, OPENAI)["truncation"] == "auto"


def test_a_client_of_the_main_api_is_answered_by_it() -> None:
    request = asked("openai_chat", {"n": 2}, ("n",), tools=[CLOCK])

    assert prepared(request, OPENAI).http.url.endswith("/chat/completions")
    assert sent(request, OPENAI)["n"] == 2


def test_fields_that_mean_the_same_in_both_apis_of_a_vendor_are_kept() -> None:
    own = {"service_tier": "flex", "verbosity": "low", "user": "ann", "logit_bias": {"1": 2}}
    request = asked("openai_chat", own, ("service_tier",), tools=[CLOCK])
    found = prepared(request, NEWER)
    body = json.loads(found.http.body)

    assert found.http.url.endswith("/responses")
    assert (body["service_tier"], body["text"], body["user"]) == (
        "flex",
        {"verbosity": "low"},
        "ann",
    )
    assert found.adjusted == ("logit_bias left out: only the API 'openai_chat' has them",)


def test_a_model_that_takes_the_request_by_an_api_without_a_field_is_skipped() -> None:
    request = asked("openai_chat", {"n": 2}, ("n",), tools=[CLOCK])

    with pytest.raises(UnsupportedFeatureError, match="because of n"):
        prepared(request, NEWER)


@pytest.mark.parametrize("model", [OPENAI, NEWER])
@pytest.mark.parametrize("tool", [{"type": "file_search", "vector_store_ids": ["v"]}, SEARCH])
def test_tools_that_only_the_second_api_has_are_sent_there(
    model: str, tool: dict[str, Any]
) -> None:
    request = parse_request(LLMRequest("fast", "Hi", tools=[ProviderTool(tool)]))

    assert prepared(request, model).http.url.endswith("/responses")
    assert len(sent(request, model)["tools"]) == 1


def test_a_tool_that_neither_api_has_changes_nothing() -> None:
    request = parse_request(LLMRequest("fast", "Hi", tools=[ProviderTool({"googleMaps": {}})]))

    assert prepared(request, OPENAI).http.url.endswith("/chat/completions")


# --- Tools of servers ---


def test_g037_a_search_that_must_be_made_is_not_left_to_a_server_without_one() -> None:
    request = asked("anthropic", tools=[ProviderTool(SEARCH)], tool_choice=NamedTool("web_search"))

    assert sent(request, ANTHROPIC)["tools"] == [SEARCH]
    for model in (GROQ, OLLAMA):
        with pytest.raises(UnsupportedFeatureError, match="web_search"):
            prepared(request, model)


@pytest.mark.parametrize(
    ("model", "searches"),
    [(OPENAI, True), ("xai:grok-4", True), ("groq:llama", False), ("vllm:any", False)],
)
def test_g037_a_search_is_made_where_the_server_has_one(model: str, *, searches: bool) -> None:
    request = asked("anthropic", tools=[ProviderTool(SEARCH), CLOCK])
    plain = target(model)
    row = plain.endpoint.provider
    by_responses = Target(plain.ref, plain.endpoint, row.speaking("responses"))
    body = json.loads(chat(request, stream=False)(by_responses).http.body)

    assert ({"type": "web_search"} in body["tools"]) == searches
    assert len(body["tools"]) == 1 + searches


# --- One call at a time ---


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (ANTHROPIC, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
        (OPENAI, {"parallel_tool_calls": False}),
        (NEWER, {"parallel_tool_calls": False}),
        (GROQ, {"parallel_tool_calls": False}),
    ],
)
def test_one_call_at_a_time_is_asked_of_every_api_that_can(
    model: str, expected: dict[str, Any]
) -> None:
    request = asked("openai_chat", one_call=True, tools=[CLOCK])

    assert sent(request, model).items() >= expected.items()
    assert notes(request, model) == ()


@pytest.mark.parametrize("model", [GOOGLE, OLLAMA])
def test_apis_that_cannot_limit_calls_have_a_remark(model: str) -> None:
    request = asked("openai_chat", one_call=True, tools=[CLOCK])

    assert notes(request, model) == ("parallel tool calls left on: the API can't turn them off",)
    assert notes(msgspec.structs.replace(request, tools=()), model) == ()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", {"type": "any", "disable_parallel_tool_use": True}),
        (NamedTool("clock"), {"type": "tool", "name": "clock", "disable_parallel_tool_use": True}),
        ("none", {"type": "none"}),
    ],
)
def test_one_call_keeps_the_choice_of_the_tool(choice: Any, expected: dict[str, Any]) -> None:
    request = asked("openai_chat", one_call=True, tools=[CLOCK], tool_choice=choice)

    assert sent(request, ANTHROPIC)["tool_choice"] == expected


def test_a_request_without_tools_has_no_choice_of_calls() -> None:
    request = asked("openai_chat", one_call=True)

    assert "parallel_tool_calls" not in sent(request, OPENAI)
    assert "tool_choice" not in sent(request, ANTHROPIC)


def test_a_request_of_the_library_is_what_it_was() -> None:
    request = parse_request(LLMRequest("fast", "Hi"))

    assert request.own is None
    assert OwnFields(dialect="anthropic").fields == {}
