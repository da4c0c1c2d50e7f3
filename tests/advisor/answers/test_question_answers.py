"""Answers to questions: their figures are computed from the catalog."""

import asyncio

import pytest

from advisor.small_catalog import small_agent, small_editor


def answer(*messages: str) -> str:
    agent = small_agent(small_editor())

    async def run() -> str:
        for message in messages:
            reply = await agent.say(message)
        return reply.text

    return asyncio.run(run())


def test_the_cost_of_calls_follows_from_the_prices() -> None:
    # 10,000 * (2,000 * $0.15 + 500 * $0.60) / 1,000,000
    text = answer("what do 10,000 calls with 2000 tokens in and 500 out cost on fast?")

    assert "together $6.00" in text


def test_without_numbers_the_usual_call_is_assumed() -> None:
    # 1,000 * (1,000 * $2.50 + 300 * $10) / 1,000,000
    assert "1,000 calls with 1,000 tokens in and 300 out" in answer("what does coder cost?")
    assert "together $5.50" in answer("what does coder cost?")


def test_cheaper_models_have_the_same_capabilities() -> None:
    text = answer("is there anything cheaper than gpt-4o?")

    assert "google:gemini-3.5-flash-lite" in text
    assert "mistral" not in text
    assert "llama" not in text


def test_a_comparison_names_prices_factors_and_lacks() -> None:
    text = answer("compare haiku and gpt-4o-mini")

    assert "$0.20/$0.80 per million tokens" in text
    assert "1.3 times as much" in text
    assert "openai:gpt-4o-mini lacks: reasoning." in text
    assert "retires 2027-01-14" in text


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("when does gpt-4o retire?", "retires on 2027-01-14; its successor is gpt-6-luna"),
        ("is o4-mini deprecated?", "was retired on 2026-10-23"),
        ("when does haiku retire?", "has no announced retirement"),
        ("which of my models retire?", "summarizer: anthropic:claude-sonnet-4-5 retires on"),
        ("can coder hear audio?", "no, it lacks audio"),
        ("does haiku read images?", "yes, it has images"),
        ("can summarizer handle 500k tokens?", "no, it has a context of 200,000 tokens"),
        ("which aliases use gpt-4o?", "coder in profile default → openai:gpt-4o"),
        ("which aliases have no fallback?", "coder in profile default"),
        ("what happens if openai goes down?", "these stop: coder in profile default"),
        ("what limits does fast have?", "rpm 100"),
        ("list my profiles", "prod (extends default): fast, coder, summarizer"),
        ("what's a good alternative to gpt-4o?", "google:gemini-4-argon"),
        ("which providers can I use?", "Can be called here: ollama, local"),
        ("what can you do?", "bind fast to haiku"),
    ],
)
def test_a_question_is_answered_with_facts(question: str, part: str) -> None:
    assert part in answer(question)


def test_the_model_of_an_answer_is_that_one() -> None:
    assert "Changed binding coder → anthropic:claude-haiku-5-5" in answer(
        "what does haiku cost?", "bind coder to that model"
    )


@pytest.mark.parametrize(
    ("request_", "near"),
    [
        ("bind fast to the model my boss likes", "bind fast to haiku"),
        ("cap the spending somehow", "limit fast to $5 a day"),
        ("give fast a nicer name, call it whatever", "rename fast to quick"),
    ],
)
def test_what_is_not_understood_names_the_nearest_request(request_: str, near: str) -> None:
    text = answer(request_)

    assert text.endswith(near)
    assert "nothing was changed" in text


def test_an_unknown_model_names_the_nearest_one() -> None:
    assert "no model 'gpt-4.9'" in answer("bind fast to gpt-4.9")
