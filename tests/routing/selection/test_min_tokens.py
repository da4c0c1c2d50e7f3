"""A lower bound of a request's tokens."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest, Message
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ImagePart, Part, ReasoningPart
from llmring.routing.selection.min_tokens import Length, least_tokens

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings"


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("The quick brown fox", 4),
        ("I don't think we'll go", 5),
        ("for i in range(100): pass", 6),
        ("                    \n\n\n\n", 0),
        ("================================", 0),
        ("Привет, мир", 2),
        ("今日は天気がいいですね。", 3),
        ("안녕하세요 여러분", 3),
        ("snake_case", 2),
    ],
)
def test_each_word_counts_and_four_characters_where_words_are_not_parted(
    text: str, least: int
) -> None:
    assert least_tokens(parse_request(LLMRequest("fast", text))) == least


def test_only_text_counts() -> None:
    parts: list[str | Part] = [
        "one two",
        ImagePart(url="https://example.com/a.png"),
        ReasoningPart("three four"),
    ]

    assert least_tokens(parse_request(LLMRequest("fast", [Message("user", parts)]))) == 2


def test_a_request_whose_text_the_provider_may_shorten_is_never_too_long() -> None:
    request = LLMRequest("fast", "word " * 100, extra_params={"truncation": "auto"})

    assert not Length(parse_request(request)).exceeds(10)
    assert Length(parse_request(LLMRequest("fast", "word " * 100))).exceeds(10)


@given(st.text(max_size=200))
def test_there_are_never_more_tokens_than_characters(text: str) -> None:
    least = least_tokens(parse_request(LLMRequest("fast", text)))

    assert least <= len(text)
    assert Length(parse_request(LLMRequest("fast", text))).exceeds(5) == (least > 5)


# Keys of text that the provider does not charge for, or charges under another name.
SILENT = [
    "data",
    "url",
    "uri",
    "file_data",
    "fileUri",
    "image_url",
    "signature",
    "thoughtSignature",
    "thought_signature",
    "encrypted_content",
    "role",
    "type",
    "id",
    "call_id",
    "tool_call_id",
    "tool_use_id",
    "media_type",
    "mimeType",
    "thinking",
    "summary",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "reasoning_text",
]
SPOKEN = [
    "messages",
    "system",
    "contents",
    "input",
    "instructions",
    "systemInstruction",
    "system_instruction",
]


def spoken(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case {"thought": True} | {"type": "reasoning"}:
            return
        case dict():
            for key, each in value.items():
                if key not in SILENT:
                    yield from spoken(each)
        case list():
            for each in value:
                yield from spoken(each)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings beside the repository")
def test_no_recorded_request_had_fewer_tokens_than_its_least() -> None:
    compared, wrong = 0, []
    for path in sorted(RECORDINGS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            recording = json.loads(line)
            usage = (recording["expect"] or {}).get("usage") or {}
            sent = recording["request"]["json"]
            if path.stem == "anthropic":
                parts = ("input_tokens", "cached_tokens", "cache_write_tokens")
                tokens = sum(usage.get(name) or 0 for name in parts)
            else:
                tokens = usage.get("input_tokens") or 0
            # Where the provider shortens the conversation, the least is not asked for.
            if not tokens or "context_management" in sent:
                continue
            texts = [text for key in SPOKEN for text in spoken(sent.get(key))]
            compared += 1
            if (
                least_tokens(parse_request(LLMRequest("fast", [Message("user", list(texts))])))
                > tokens
            ):
                wrong.append(recording["id"])

    assert compared > 1200
    assert wrong == []
