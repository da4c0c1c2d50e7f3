"""Requests to a model with tools, by scripted calls: the lockfile is as in the guided mode."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest

from advisor.fakes import MINI, Person, Serve, calling, conversation, say, saying
from advisor.small_catalog import LOCK, small_agent, small_editor

HERE = Path("llmring.lock")
HAIKU = "anthropic:claude-haiku-4-5"
Calls = list[tuple[str, dict[str, Any]]]

TRACES: dict[str, Calls] = {
    f"make fast use {HAIKU} with gpt-4o-mini as fallback and limit it to 60 requests a minute": [
        ("list_aliases", {}),
        ("model_details", {"models": [HAIKU, MINI]}),
        ("bind", {"alias": "fast", "models": [HAIKU, MINI], "reason": "as requested"}),
        ("set_policy", {"key": "rpm", "value": 60, "alias": "fast"}),
    ],
    "put gpt-4o first in summarizer": [
        ("list_aliases", {}),
        (
            "bind",
            {"alias": "summarizer", "models": ["openai:gpt-4o", "anthropic:claude-sonnet-4-5"]},
        ),
    ],
    "replace gpt-4o with gpt-4o-mini everywhere": [
        ("replace_model", {"old": "openai:gpt-4o", "new": MINI}),
    ],
    "rename fast to quick": [("rename_alias", {"alias": "fast", "new": "quick"})],
    "remove the coder alias": [("unbind", {"alias": "coder"})],
    "limit coder to $5 a day, 100k tokens a minute and 4 concurrent calls": [
        ("set_policy", {"key": "daily_budget", "value": 5, "alias": "coder"}),
        ("set_policy", {"key": "tpm", "value": 100_000, "alias": "coder"}),
        ("set_policy", {"key": "max_concurrency", "value": 4, "alias": "coder"}),
    ],
    "remove the rpm limit of fast": [("set_policy", {"key": "rpm", "alias": "fast"})],
    "coder must read images and call tools": [
        ("set_policy", {"key": "needs", "value": ["tools", "vision"], "alias": "coder"}),
    ],
    "Set up profiles for dev and staging": [
        ("list_profiles", {}),
        ("create_profile", {"name": "dev", "extends": "default"}),
        ("create_profile", {"name": "staging", "extends": "default"}),
    ],
    "copy profile prod to canary": [("copy_profile", {"source": "prod", "name": "canary"})],
    "delete the prod profile": [("remove_profile", {"name": "prod"})],
    f"in prod, use {HAIKU} for fast": [
        ("bind", {"alias": "fast", "models": [HAIKU], "profile": "prod"}),
    ],
    "what does fast cost?": [
        ("list_aliases", {}),
        ("estimate_cost", {"models": [MINI], "input_tokens": 1_000_000, "output_tokens": 300_000}),
    ],
    "when does gpt-4o retire?": [("model_details", {"models": ["openai:gpt-4o"]})],
    "which model of google reads PDFs?": [
        ("find_models", {"capabilities": ["documents"], "providers": ["google"]}),
    ],
    "delete everything": [],
}


@pytest.mark.parametrize(("request_", "calls"), TRACES.items())
def test_a_trace_of_tool_calls_does_what_the_guided_mode_does(
    model: Serve, request_: str, calls: Calls
) -> None:
    model(*(calling(call) for call in calls), saying("OK."))
    person = Person()
    [turn] = say(conversation(person, LOCK), person, request_)
    by_model = tomllib.loads(HERE.read_text())

    asyncio.run(small_agent(small_editor()).say(request_))
    by_rules = tomllib.loads(HERE.read_text())

    assert turn.done
    assert by_model == by_rules
    assert person.shown[: len(calls)] == [f"<{name}>" for name, _ in calls]
