from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.dialects.openai_chat.reasoning import FORMS

NOT_ASKED = DIALECT.encode(
    parse_request(LLMRequest(messages="Hello")), "m", stream=False, quirks=Quirks()
).payload


def message_of(form: str | None, **sent: Any) -> dict[str, Any]:
    """Return the fields that a request has in addition to one without reasoning."""
    request = LLMRequest(messages="Hello", **sent)
    payload = DIALECT.encode(
        parse_request(request), "m", stream=False, quirks=Quirks(reasoning=form)
    ).payload
    return {name: value for name, value in payload.items() if name not in NOT_ASKED}


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("effort", {"reasoning_effort": "high"}),
        ("object", {"reasoning": {"effort": "high"}}),
        ("switch", {"thinking": {"type": "enabled"}}),
        ("switch_and_effort", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        (
            "template",
            {"chat_template_kwargs": {"enable_thinking": True, "reasoning_effort": "high"}},
        ),
        ("budget", {"enable_thinking": True, "thinking_budget": 24576}),
        (None, {}),
    ],
)
def test_an_effort_is_sent_in_the_servers_form(form: str | None, sent: Any) -> None:
    assert message_of(form, reasoning_effort="high") == sent


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("effort", {"reasoning_effort": "medium"}),
        ("object", {"reasoning": {"max_tokens": 2000}}),
        ("budget", {"enable_thinking": True, "thinking_budget": 2000}),
    ],
)
def test_reasoning_tokens_are_sent_to_servers_that_accept_them(form: str, sent: Any) -> None:
    assert message_of(form, reasoning_tokens=2000) == sent


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("effort", {"reasoning_effort": "none"}),
        ("object", {"reasoning": {"effort": "none"}}),
        ("switch", {"thinking": {"type": "disabled"}}),
        ("switch_and_effort", {"thinking": {"type": "disabled"}}),
        ("template", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("budget", {"enable_thinking": False}),
    ],
)
@pytest.mark.parametrize("requested", [{"reasoning_tokens": 0}, {"reasoning_effort": "none"}])
def test_reasoning_is_turned_off_in_the_servers_form(form: str, sent: Any, requested: Any) -> None:
    assert message_of(form, **requested) == sent


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_sent_if_no_reasoning_is_set(form: str) -> None:
    assert message_of(form) == {}
