"""Parsing of plain sentences into wishes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.advisor.intent import Intent, Vocabulary, read

WORDS = Vocabulary(
    profiles=["default", "prod"],
    aliases=["fast", "coder", "summarizer"],
    models=["openai:gpt-4o-mini", "openai:gpt-4o", "anthropic:claude-haiku-4-5"],
    providers=["openai", "anthropic", "google", "ollama", "local"],
)
MINI = ("openai:gpt-4o-mini",)

SENTENCES: dict[str, dict[str, Any]] = {
    "I need a fast, cheap model for development": {"kind": "recommend"},
    "Set that as my 'dev' alias": {"kind": "bind", "alias": "dev", "refers_back": True},
    "Set that as my \u2018dev\u2019 alias": {"kind": "bind", "alias": "dev", "profile": None},
    "bind a cheap fast model with fallbacks to summarizer for dev": {
        "kind": "bind",
        "alias": "summarizer",
        "profile": "dev",
        "fallbacks": True,
    },
    "bind openai:gpt-4o-mini to fast": {"kind": "bind", "alias": "fast", "models": MINI},
    "Bind fast to openai:gpt-4o-mini": {"kind": "bind", "alias": "fast", "models": MINI},
    "use gpt-4o-mini for coder": {"kind": "bind", "alias": "coder", "models": MINI},
    "use openai:gpt-4o-mini and anthropic:claude-haiku-4-5 for translator": {
        "alias": "translator",
        "models": ("openai:gpt-4o-mini", "anthropic:claude-haiku-4-5"),
    },
    "make gpt-4o the default for writer": {"alias": "writer", "models": ("openai:gpt-4o",)},
    "what's the cheapest model that reads images?": {"kind": "recommend"},
    "which model is best for coding?": {"kind": "recommend"},
    "I want a model with vision and tools from anthropic": {"kind": "recommend"},
    "recommend a reasoning model": {"kind": "recommend"},
    "add an alias called vision with a model that reads images": {"alias": "vision"},
    'add alias "writer" with the best model from anthropic': {"alias": "writer"},
    "create an alias named extractor for a cheap json model": {"alias": "extractor"},
    "set up a cheap model as my classifier alias": {"kind": "bind", "alias": "classifier"},
    "point coder at gpt-4o": {"kind": "bind", "alias": "coder"},
    "switch summarizer to gpt-4o": {"kind": "bind", "alias": "summarizer"},
    "change fast to gpt-4o-mini": {"kind": "bind", "alias": "fast", "models": MINI},
    "replace the model of coder with gpt-4o": {"kind": "bind", "alias": "coder"},
    "bind it to my 'vision' alias": {"alias": "vision", "refers_back": True},
    "use that one for chat": {"alias": "chat", "refers_back": True},
    "call it planner": {"kind": "bind", "alias": "planner", "refers_back": True},
    "bind a model for images to vision": {"kind": "bind", "alias": "vision"},
    "assign gpt-4o-mini to images": {"kind": "bind", "alias": "images"},
    "fast should be openai:gpt-4o-mini": {"kind": "bind", "alias": "fast", "models": MINI},
    "bind the newest openai model to latest": {"kind": "bind", "alias": "latest"},
    "Please bind gpt-4o-mini as quick": {"kind": "bind", "alias": "quick"},
    "remove the fast alias": {"kind": "unbind", "alias": "fast"},
    "delete coder": {"kind": "unbind", "alias": "coder"},
    "drop alias fast in prod": {"kind": "unbind", "alias": "fast", "profile": "prod"},
    "create a profile called staging": {"kind": "create profile", "profile": "staging"},
    "create a dev profile": {"kind": "create profile", "profile": "dev"},
    "add a new profile test that extends default": {"profile": "test", "source": "default"},
    "copy profile default to staging": {
        "kind": "copy profile",
        "source": "default",
        "profile": "staging",
    },
    "duplicate prod as canary": {"kind": "copy profile", "source": "prod", "profile": "canary"},
    "set timeout of coder to 30": {"policy": ("timeout", 30), "alias": "coder"},
    "give fast a budget of $5 per day": {"policy": ("daily_budget", 5), "alias": "fast"},
    "set daily_budget of coder to 10": {"policy": ("daily_budget", 10), "alias": "coder"},
    "limit coder to $2 a day": {"policy": ("daily_budget", 2), "alias": "coder"},
    "retry fast 3 times": {"policy": ("retries", 3), "alias": "fast"},
    "set retries to 2": {"kind": "policy", "policy": ("retries", 2), "alias": None},
    "set strategy of fast to cheapest": {"policy": ("strategy", "cheapest"), "alias": "fast"},
    "what aliases do I have?": {"kind": "show"},
    "show aliases of prod": {"kind": "show", "profile": "prod"},
    "use the best model for deep in production": {"alias": "deep", "profile": "prod"},
    "bind a fast model to chat-bot in the prod profile": {"alias": "chat-bot", "profile": "prod"},
    "bind a model that reads images to eyes": {"alias": "eyes", "refers_back": False},
    "add gpt-4o-mini as a fallback to coder": {"alias": "coder", "models": MINI, "appends": True},
    "throw away coder": {"kind": "unbind", "alias": "coder"},
    "calls to coder must not take longer than 20 seconds": {"policy": ("timeout", 20)},
    "put the best anthropic model behind the name deep": {"kind": "bind", "alias": "deep"},
    "I would like extraction to use a cheap model": {"kind": "bind", "alias": "extraction"},
    "can you connect 'helper' to the cheapest google model?": {"kind": "bind", "alias": "helper"},
    "rename fast to quick": {"kind": "unclear"},
    "hello": {"kind": "unclear"},
    "what can you do?": {"kind": "unclear"},
}


@pytest.mark.parametrize(("sentence", "means"), SENTENCES.items())
def test_a_plain_sentence_is_parsed(sentence: str, means: dict[str, Any]) -> None:
    intent = read(sentence, WORDS)

    assert {key: getattr(intent, key) for key in means} == means


@pytest.mark.parametrize(
    ("sentence", "need"),
    [
        ("a model with vision and tools", {"capabilities": ("vision", "tools")}),
        ("at least 200k tokens of context", {"min_context": 200_000}),
        ("a 1m context", {"min_context": 1_000_000}),
        ("a local model", {"providers": ("local", "ollama")}),
        ("something from anthropic", {"providers": ("anthropic",)}),
        ("the best model", {"order": "best"}),
        ("the newest model", {"order": "newest"}),
        ("a model for long documents", {"order": "longest context"}),
    ],
)
def test_a_need_is_parsed(sentence: str, need: dict[str, Any]) -> None:
    found = read(sentence, WORDS).need

    assert {key: sorted_(getattr(found, key)) for key in need} == {
        key: sorted_(value) for key, value in need.items()
    }


def sorted_(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) else value


def test_a_price_limit_is_parsed() -> None:
    assert str(read("a model under $0.50 per million", WORDS).need.max_input_price) == "0.50"


@given(st.text(max_size=80))
def test_no_sentence_gives_a_binding_without_an_alias(sentence: str) -> None:
    intent = read(sentence, WORDS)

    assert intent.alias or intent.kind != "bind"


def test_an_overlong_sentence_is_unclear() -> None:
    assert read(f"bind a cheap model to {'x' * 3000}", WORDS).kind == "bind"
    assert read(f"bind a cheap model to {'x' * 300_000}", WORDS) == Intent()
