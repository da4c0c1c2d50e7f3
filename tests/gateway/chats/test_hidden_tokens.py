"""Streams of Chat Completions without the tokens."""

from __future__ import annotations

import pytest

from llmring.gateway.chats.hidden_tokens import without_tokens

TEXT = b'data: {"choices":[{"delta":{"content":"\\"choices\\":[]"}}],"usage":null}\n\n'
REPORT = b'data: {"choices": [ ],"usage":{"prompt_tokens":3}}\n\n'
DONE = b"data: [DONE]\n\n"


def test_g065_the_event_with_the_tokens_alone_is_taken_out() -> None:
    assert without_tokens(TEXT + REPORT + DONE) == TEXT + DONE


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],"prompt_filter_results":[{}]}\n\n',
        b'data: {"choices":[],"usage":null}\n\n',
        b'data: {"choices":[{"delta":{}}],"usage":{"prompt_tokens":3}}\n\n',
        b'data: {"choices":[] broken\n\n',
        b": comment\n\n",
        TEXT,
    ],
)
def test_every_other_event_stays(event: bytes) -> None:
    assert without_tokens(event + DONE) == event + DONE


def test_an_end_without_an_empty_line_stays() -> None:
    assert without_tokens(TEXT + REPORT + b"data: [DONE]") == TEXT + b"data: [DONE]"
