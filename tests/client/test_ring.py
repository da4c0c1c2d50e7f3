"""The public object, apart from aliases and failover."""

import asyncio

import pytest

from conftest import Way
from llmring import LLMRing, ModelNotFoundError, ValidationError


def test_R08_a_ring_is_closed_by_hand_in_asynchronous_code() -> None:
    async def call() -> str:
        ring = LLMRing()
        answer = await ring.chat("mock:echo", "Hi")
        await ring.close()
        return answer.content

    assert asyncio.run(call()) == "Hi"


def test_R08_a_ring_is_closed_by_hand_in_synchronous_code() -> None:
    ring = LLMRing()
    assert ring.chat("mock:echo", "Hi").content == "Hi"

    ring.close()

    assert ring.chat("mock:echo", "Again").content == "Again"


def test_C06_a_model_with_a_key_can_be_required(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = LLMRing()
    monkeypatch.setenv("OPENAI_API_KEY", "set too late for this ring")

    with pytest.raises(ModelNotFoundError, match="has a key"):
        ring.resolve_alias("fast", require_available=True)


def test_a_request_without_messages_is_refused(way: Way) -> None:
    with pytest.raises(ValidationError, match="no messages"):
        way.chat(LLMRing(), "mock:echo", [])


def test_W45_a_field_that_does_not_exist_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ValidationError, match="did you mean 'temperature'"):
        LLMRing().chat("mock:echo", "Hi", temprature=1)  # type: ignore[call-overload]
