"""Whole answers with their bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from llmring import ProviderError
from llmring.chat.events import Finished, TextDelta
from llmring.client.replies.whole_bytes import RelayedAnswer
from llmring.dialects.anthropic.decode_request import decode_request
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Loopback
from vendors import APIS, Pair, ended

API = APIS["anthropic"]
BODY = {"model": "t", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    found = Pair(serve, tmp_path / "llmring.lock", monkeypatch)
    found.lock(API.model, policy="retries = 0")
    return found


def asked() -> RelayedAnswer:
    request = decode_request(json.dumps(BODY).encode(), {}).parsed("anthropic")

    async def go() -> RelayedAnswer:
        async with ServedRing() as ring:
            return await ring.answer_with_bytes(msgspec.structs.replace(request, model="t"), None)

    return asyncio.run(go())


def test_an_answer_comes_with_its_bytes_and_its_events(pair: Pair) -> None:
    sent = API.answer(TextDelta("Hello"), *ended("stop"), stream=False)
    pair.start(API, sent)

    found = asked()

    assert [found.body] == [*sent.steps]
    assert (found.answer.content, str(found.target.ref)) == ("Hello", API.model)
    assert TextDelta("Hello") in found.events
    assert isinstance(found.events[-1], Finished)
    # The request has no bytes of a client here.
    assert found.relay == "translated"


def test_a_secret_that_the_server_sends_back_is_masked_in_the_bytes(pair: Pair) -> None:
    pair.start(API, API.answer(TextDelta("sk-0123456789abcdef"), *ended("stop"), stream=False))

    assert b"sk-0123456789abcdef" not in asked().body


def test_a_failure_is_an_error(pair: Pair) -> None:
    pair.start(API, Answer([b"{}"], 404))

    with pytest.raises(ProviderError):
        asked()
