"""The type of `parsed`, as type checkers see it: `assert_type` is checked by `make lint`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_type

from pydantic import BaseModel

import answers
from llmring import LLMRequest
from loopback import Loopback
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]


class Town(BaseModel):
    name: str


@dataclass
class Place:
    name: str


def test_a_type_as_response_format_is_the_type_of_parsed(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai('{"name": "Oslo"}')))

    town = ring.chat(MODEL, "Which town?", response_format=Town)
    place = ring.chat(MODEL, messages="Which town?", response_format=Place, temperature=0).result()

    assert_type(town.parsed, Town)
    assert_type(place.parsed, Place)
    assert (town.parsed.name, place.parsed.name) == ("Oslo", "Oslo")


def test_a_type_of_a_list_types_its_items(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai('[{"name": "Oslo"}]')))

    towns = ring.chat(MODEL, "Which towns?", response_format=list[Town]).parsed

    assert_type(towns, list[Town])
    assert [town.name for town in towns] == ["Oslo"]


def test_an_awaited_answer_has_the_type(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai('{"name": "Oslo"}')))

    async def call() -> Town:
        answer = await ring.chat(MODEL, "Which town?", response_format=Town)
        assert_type(answer.parsed, Town)
        return answer.parsed

    assert asyncio.run(call()) == Town(name="Oslo")


def test_the_answer_of_a_conversation_with_tools_has_the_type(serve: Serve) -> None:
    def look() -> str:
        """Look."""
        return "Oslo"

    ring = ring_at(serve(answers.openai('{"name": "Oslo"}')))

    called = ring.run_tools(MODEL, "Which town?", tools=[look], response_format=Town)

    assert_type(called.parsed, Town)
    assert_type(called.result().parsed, Town)
    assert called.parsed.name == "Oslo"


def test_other_formats_leave_the_type_open(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai('{"name": "Oslo"}')))
    request = LLMRequest(MODEL, "Which town?", response_format=Town)

    data = ring.chat(MODEL, "Which town?", response_format={"type": "json_object"})
    asked = ring.chat(request)

    assert_type(data.parsed, Any)
    assert_type(asked.parsed, Any)
    assert (data.parsed, asked.parsed) == ({"name": "Oslo"}, Town(name="Oslo"))
