"""Reasoning between `<think>` tags at the beginning of the content."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMResponse
from llmring.chat.events import Event, Finished, Started, TextDelta, ToolCallDelta
from llmring.chat.reply import fold
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.dialects.think_tags import UntaggedDecoder, untagged
from llmring.wire import HttpHead

END = Finished("stop", "stop")


def read(*texts: str, then: Iterable[Event] = (END,)) -> LLMResponse:
    return fold("a:m", untagged([Started("m"), *map(TextDelta, texts), *then]))


@pytest.mark.parametrize(
    ("text", "reasoning", "content"),
    [
        ("<think>\nWhy?\n</think>\n\nSo.", "Why?", "So."),
        ("<think>Why?</think>So.", "Why?", "So."),
        ("\n <think>Why?</think> So.\n", "Why?", "So.\n"),
        ("<think>\n\n</think>\n\nSo.", None, "So."),
        ("<think></think>", None, ""),
        ("<think>a < b </thin> c</think>So.", "a < b </thin> c", "So."),
        # Only at the beginning.
        ("So: <think>Why?</think>", None, "So: <think>Why?</think>"),
        ("<think>Why?</think>So. <think>again</think>", "Why?", "So. <think>again</think>"),
        ("<thinking>Why?</thinking>", None, "<thinking>Why?</thinking>"),
        ("  plain ", None, "  plain "),
        ("<thi", None, "<thi"),
        # Without a closing tag, the model never came to its answer.
        ("<think>Why? </thi", "Why? </thi", ""),
        ("<think>Why?\n", "Why?", ""),
        ("<think>", None, ""),
    ],
)
def test_reasoning_between_tags_is_reasoning(
    text: str, reasoning: str | None, content: str
) -> None:
    found = read(text)

    assert (found.reasoning, found.content) == (reasoning, content)


PIECES = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "th", "ink>", "</", " ", "\n", "Why?", "So."]),
    max_size=8,
).map("".join)


@given(PIECES, st.data())
def test_a_text_reads_the_same_wherever_it_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    whole, cut = read(text), read(*(piece for piece in pieces if piece))

    assert (cut.reasoning, cut.content) == (whole.reasoning, whole.content)


@given(PIECES)
def test_no_word_is_lost(text: str) -> None:
    found = read(text)

    kept = (found.reasoning or "") + found.content
    words = text.replace("<think>", "", 1).replace("</think>", "", 1).split()
    assert sum(map(len, kept.split())) >= sum(map(len, words))


def test_a_call_after_unclosed_reasoning_comes_after_it() -> None:
    call = ToolCallDelta(0, "c", "f", "{}")

    found = read("<think>I need f </thi", then=[call, Finished("tool_calls", "tool_calls")])

    assert (found.reasoning, found.content) == ("I need f </thi", "")
    assert [each["function"]["name"] for each in found.tool_calls or ()] == ["f"]


def test_reasoning_is_shown_as_it_comes() -> None:
    decoder = UntaggedDecoder(DIALECT.decoder(HttpHead(200, {"content-type": "text/event-stream"})))
    seen = []

    for text in ("<th", "ink>Wh", "y?</t", "hink>", "\n", "So", "."):
        choice = {"index": 0, "delta": {"content": text}}
        events = decoder.feed(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
        seen.append([(type(each).__name__, each.text) for each in events if hasattr(each, "text")])

    assert seen == [
        [],
        [("ReasoningDelta", "Wh")],
        [("ReasoningDelta", "y?")],
        [],
        [],
        [("TextDelta", "So")],
        [("TextDelta", ".")],
    ]
    assert not decoder.done
    decoder.feed(b"data: [DONE]\n\n")
    assert decoder.done
