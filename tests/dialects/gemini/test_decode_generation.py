"""Generation settings, as the library's arguments and as this API's own."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.dialects.gemini.decode_generation import decode_generation
from llmring.dialects.request_decoding import RequestFormatError

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def test_settings_of_all_apis_are_the_library_s() -> None:
    found = decode_generation(
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "maxOutputTokens": 100,
            "stop_sequences": ["END"],
            "seed": 7,
        }
    )

    assert found.settings == {
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 100,
        "stop": ["END"],
        "seed": 7,
    }
    assert (found.own, found.required) == ({}, [])


def test_without_settings_there_are_none() -> None:
    found = decode_generation(None)

    assert (found.settings, found.own, found.required) == ({}, {}, [])


@pytest.mark.parametrize(
    "own",
    [
        {"topK": 64},
        {"presencePenalty": 0.5, "frequencyPenalty": 0.5},
        {"candidateCount": 1},
        {"responseModalities": ["TEXT"]},
        {"responseLogprobs": False},
        {"mediaResolution": "MEDIA_RESOLUTION_LOW"},
        {"newSetting": {"a_b": 1}},
    ],
)
def test_a_setting_that_others_can_do_without_is_this_api_s_own(own: dict[str, Any]) -> None:
    found = decode_generation(own)

    assert (found.settings, found.own, found.required) == ({}, own, [])


@pytest.mark.parametrize(
    "own",
    [
        {"candidateCount": 2},
        {"responseLogprobs": True},
        {"responseModalities": ["TEXT", "IMAGE"]},
        {"speechConfig": {"voiceConfig": {}}},
        {"imageConfig": {"aspectRatio": "1:1"}},
        {"responseFormat": [{"text": {}}]},
    ],
)
def test_a_setting_of_another_answer_is_needed(own: dict[str, Any]) -> None:
    found = decode_generation(own)

    assert (found.own, found.required) == (own, [f"generationConfig.{next(iter(own))}"])


@pytest.mark.parametrize(
    "settings",
    [
        {"responseJsonSchema": SCHEMA},
        {"_responseJsonSchema": SCHEMA},
        {"response_schema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}},
    ],
)
def test_a_schema_in_any_form_is_that_of_the_answer(settings: dict[str, Any]) -> None:
    found = decode_generation({"responseMimeType": "application/json", **settings})

    form = found.settings["response_format"]["json_schema"]
    assert (form["schema"], form["strict"]) == (SCHEMA, True)
    assert (found.own, found.required) == ({}, [])


def test_json_without_a_schema_is_any_json() -> None:
    found = decode_generation({"responseMimeType": "application/json"})

    assert found.settings == {"response_format": {"type": "json_object"}}


def test_an_answer_of_one_word_is_this_api_s_own() -> None:
    own = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}}
    found = decode_generation(own)

    assert (found.settings, found.own) == ({}, own)
    assert found.required == ["generationConfig.responseMimeType"]


@pytest.mark.parametrize(
    ("thinking", "settings", "own"),
    [
        ({"thinkingBudget": 0}, {"reasoning_tokens": 0}, {}),
        ({"thinking_budget": 8192, "include_thoughts": True}, {"reasoning_tokens": 8192}, {}),
        ({"thinkingBudget": 8192}, {"reasoning_tokens": 8192}, {"includeThoughts": False}),
        ({"thinkingBudget": -1}, {}, {"thinkingBudget": -1}),
        ({"includeThoughts": True}, {}, {"includeThoughts": True}),
        ({"thinkingLevel": "LOW", "includeThoughts": True}, {"reasoning_effort": "low"}, {}),
        ({"thinkingLevel": "xhigh"}, {"reasoning_effort": "xhigh"}, {"includeThoughts": False}),
        ({"thinkingLevel": "ULTRA"}, {}, {"thinkingLevel": "ULTRA"}),
    ],
)
def test_reasoning_is_an_amount_and_what_is_shown_of_it(
    thinking: dict[str, Any], settings: dict[str, Any], own: dict[str, Any]
) -> None:
    found = decode_generation({"thinkingConfig": thinking})

    assert found.settings == settings
    assert found.own == ({"thinkingConfig": own} if own else {})
    assert found.required == []


def test_a_limit_within_the_budget_stays_the_limit_of_both() -> None:
    thinking = {"thinkingBudget": 200, "includeThoughts": True}
    found = decode_generation({"maxOutputTokens": 100, "thinkingConfig": thinking})

    assert found.settings == {"max_tokens": 100, "reasoning_tokens": 200}
    assert found.own == {}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"maxOutputTokens": 1.5}, "maxOutputTokens"),
        ({"stopSequences": [1]}, "stopSequences.0"),
        ({"responseSchema": "object"}, "responseSchema"),
        ({"responseSchema": SCHEMA, "responseJsonSchema": SCHEMA}, "responseJsonSchema"),
        ({"thinkingConfig": "deep"}, "thinkingConfig"),
        (
            {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}},
            "thinkingConfig.thinkingBudget",
        ),
    ],
)
def test_a_setting_of_another_type_is_an_error_at_its_path(
    settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(RequestFormatError) as caught:
        decode_generation(settings)

    assert caught.value.field == f"generationConfig.{field}"
