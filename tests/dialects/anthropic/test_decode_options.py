"""The reasoning and the output format of clients' requests."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.dialects.anthropic.decode_options import is_effort
from llmring.dialects.anthropic.decode_request import decode_request
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError

Json = dict[str, Any]

SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "schema": SCHEMA}


def read(**fields: Any) -> ClientRequest:
    turns = [{"role": "user", "content": "Hi"}]
    body = {"model": "m", "max_tokens": 4096, "messages": turns, **fields}
    return decode_request(json.dumps(body).encode(), {})


def written_again(found: ClientRequest, *, shown: bool = False) -> Json:
    parsed = msgspec.structs.replace(parse_request(found.request), extra_params=dict(found.own))
    quirks = Quirks(thinking_display=shown)
    payload: Json = DIALECT.encode(parsed, "m", stream=False, quirks=quirks).payload
    return {name: payload[name] for name in ("thinking", "output_config") if name in payload}


ADAPTIVE, OFF = {"type": "adaptive"}, {"type": "disabled"}
HIGH = {"effort": "high"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"effort": "low"}, True),
        ({"effort": "of tomorrow"}, False),
        ({"effort": ["low"]}, False),
        ({"effort": "low", "task_budget": {}}, False),
        ({}, False),
        ("low", False),
    ],
    ids=str,
)
def test_a_message_that_changes_the_effort_alone_is_known(config: Any, expected: bool) -> None:
    assert is_effort(config) is expected


@pytest.mark.parametrize(
    ("fields", "tokens", "effort"),
    [
        ({}, None, None),
        ({"thinking": OFF}, None, "none"),
        ({"thinking": OFF, "output_config": HIGH}, None, "none"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, 2000, None),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": HIGH},
            2000,
            None,
        ),
        ({"thinking": ADAPTIVE, "output_config": {"effort": "low"}}, None, "low"),
        ({"thinking": ADAPTIVE, "output_config": {"effort": "of tomorrow"}}, None, "high"),
        ({"thinking": {"type": "of_tomorrow"}, "output_config": HIGH}, None, "high"),
        ({"output_config": {"effort": "max"}}, None, "max"),
        ({"output_config": {"effort": "of tomorrow"}}, None, None),
    ],
    ids=str,
)
def test_reasoning_is_read_on_one_scale_and_written_as_it_came(
    fields: Json, tokens: int | None, effort: str | None
) -> None:
    found = read(**fields)

    assert (found.request.reasoning_tokens, found.request.reasoning_effort) == (tokens, effort)
    assert found.required_own == ()
    expected = fields
    if effort == "high":
        # The effort of a request that names none.
        expected = {**fields, "output_config": {**HIGH, **fields.get("output_config", {})}}
    assert written_again(found) == expected


def test_adaptive_thinking_without_an_effort_has_the_usual_one() -> None:
    found = read(thinking=ADAPTIVE)

    assert found.request.reasoning_effort == "high"
    assert written_again(found) == {"thinking": ADAPTIVE, "output_config": HIGH}


@pytest.mark.parametrize("display", ["omitted", "summarized"])
@pytest.mark.parametrize(
    "thinking", [ADAPTIVE, {"type": "enabled", "budget_tokens": 2000}], ids=lambda it: it["type"]
)
def test_the_wish_for_a_display_of_thoughts_is_kept(thinking: Json, display: str) -> None:
    found = read(thinking={**thinking, "display": display})

    assert found.own == {"thinking": {"display": display}}
    assert written_again(found, shown=True)["thinking"] == {**thinking, "display": display}


def test_further_fields_of_thinking_go_with_it_or_not_at_all() -> None:
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    found = read(
        thinking={**ADAPTIVE, "display": "omitted"}, tools=tools, tool_choice={"type": "any"}
    )

    assert "thinking" not in written_again(found)


def test_further_output_settings_are_for_this_api_alone() -> None:
    config = {"effort": "low", "task_budget": {"type": "tokens", "total": 20_000}}
    found = read(thinking=ADAPTIVE, output_config=config)

    assert found.own == {"output_config": {"task_budget": config["task_budget"]}}
    assert written_again(found)["output_config"] == config


@pytest.mark.parametrize(
    "fields", [{"output_config": {"format": FORMAT}}, {"output_format": FORMAT}], ids=str
)
def test_an_output_format_is_that_of_the_library(fields: Json) -> None:
    found = read(**fields)

    output = found.request.output()
    assert output is not None
    assert (output.schema, output.strict) == (SCHEMA, True)
    assert found.own == {}
    assert written_again(found) == {"output_config": {"format": FORMAT}}


def test_a_format_of_tomorrow_is_kept_and_required() -> None:
    config = {"format": {"type": "grammar", "of": "tomorrow"}}
    found = read(output_config=config)

    assert found.required_own == ("output_config.format",)
    assert written_again(found)["output_config"] == config


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"thinking": "adaptive"}, "thinking"),
        ({"thinking": {}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": -5}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 0}}, "thinking.budget_tokens"),
        ({"output_config": []}, "output_config"),
        ({"output_config": {"effort": 3}}, "output_config.effort"),
        ({"output_config": {"format": {}}}, "output_config.format.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"output_format": {"type": "json_schema"}}, "output_format.schema"),
    ],
    ids=str,
)
def test_what_is_malformed_is_an_error_with_its_path(fields: Json, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(**fields)

    assert caught.value.field == field
