"""Replies of every shape, and ways to cut them, for property tests."""

import json
import random
from collections.abc import Iterable, Iterator
from typing import Literal

from hypothesis import strategies as st

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse

# Surrogates cannot be sent; everything else can, control characters and emoji included.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | (
    st.sampled_from(
        ["Salut 👋🏽, ça va ?\n\nBien !", "\u0000\u001f\u2028\u2029\ufeff", "\r\n\r\n", "data: x"]
    )
)
WORDS = st.text("abcdefgh-_0123456789", min_size=1, max_size=8)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def _arguments(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


ARGUMENTS = st.dictionaries(TEXTS, JSON, max_size=3).map(_arguments)

THOUGHTS = st.builds(
    ReasoningDelta, TEXTS, st.none() | WORDS, st.none() | WORDS.map("t-{}".format)
) | st.builds(ReasoningDelta, st.just(""), WORDS, st.none())


KINDS: st.SearchStrategy[Literal["function", "custom"]] = st.sampled_from(
    ["function", "function", "custom"]
)


@st.composite
def calls(draw: st.DrawFn) -> list[ToolCallDelta]:
    found = []
    for index in range(draw(st.integers(0, 3))):
        kind = draw(KINDS)
        arguments = draw(ARGUMENTS if kind == "function" else TEXTS)
        signature = draw(st.none() | WORDS)
        name = draw(WORDS)
        found.append(ToolCallDelta(index, f"call-{index}-{name}", name, arguments, signature, kind))
    return found


COUNTS = st.integers(0, 10**9)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Draw counts that agree with each other."""
    cached, audio, cached_audio, rest = draw(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS))
    hour, five_minutes = draw(st.tuples(COUNTS, COUNTS))
    reasoning, message, image, text = draw(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS))
    return Usage(
        prompt_tokens=cached + cached_audio + hour + five_minutes + audio + rest,
        completion_tokens=reasoning + message + image + text,
        cached_tokens=cached + cached_audio,
        cache_write_tokens=hour + five_minutes,
        cache_write_1h_tokens=hour,
        reasoning_tokens=reasoning,
        audio_prompt_tokens=audio + cached_audio,
        cached_audio_tokens=cached_audio,
        audio_completion_tokens=message,
        image_completion_tokens=image,
        provider_tool_calls=draw(st.integers(0, 3)),
        service_tier=draw(st.sampled_from([None, None, "flex", "priority"])),
    )


@st.composite
def citations(draw: st.DrawFn, length: int) -> tuple[Citation, ...]:
    """Draw sources with a place in a text of this length, then sources of the whole answer."""
    urls = WORDS.map("https://example.org/{}".format)
    fields = {"title": st.none() | TEXTS, "cited_text": st.none() | TEXTS}
    found = []
    for _ in range(draw(st.integers(0, 2)) if length else 0):
        start = draw(st.integers(0, length - 1))
        end = draw(st.integers(start + 1, length))
        found.append(
            draw(st.builds(Citation, url=urls, start=st.just(start), end=st.just(end), **fields))
        )
    index = st.none() | st.integers(0, 9)
    return (
        *found,
        *draw(st.lists(st.builds(Citation, url=urls, index=index, **fields), max_size=2)),
    )


REASONS = ("stop", "length", "content_filter", "error")


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Draw the events of a reply that is of no API yet: its end has no native word."""
    texts = TEXTS.map(TextDelta) | TEXTS.map(CommentaryDelta)
    contents: list[Event] = draw(st.lists(texts | THOUGHTS, max_size=5))
    length = sum(len(each.text) for each in contents if isinstance(each, TextDelta))
    if sources := draw(citations(length)):
        contents.append(Cited(sources))
    usage = draw(st.none() | usages())
    refusal = draw(st.none() | TEXTS)
    found: list[Event] = [Started(draw(WORDS), draw(WORDS)), *contents, *draw(calls())]
    if refusal is not None:
        found.append(RefusalDelta(refusal))
    if usage is not None:
        found.append(UsageReport(usage))
    return [*found, Finished(draw(st.sampled_from(REASONS)), "")]


def replies() -> st.SearchStrategy[LLMResponse]:
    """Return replies with all that any API has a field for."""
    return events().map(lambda each: fold("a:model", each, "api"))


def in_pieces(whole: Iterable[Event], seed: int) -> Iterator[Event]:
    """Cut the texts and arguments of a reply anywhere."""
    dice = random.Random(seed)
    for event in whole:
        match event:
            case TextDelta(text=text):
                yield from map(TextDelta, _cut(text, dice))
            case CommentaryDelta(text=text):
                yield from map(CommentaryDelta, _cut(text, dice))
            case RefusalDelta(text=text):
                yield from map(RefusalDelta, _cut(text, dice))
            case ReasoningDelta(text=text, signature=signature, id=id_):
                *first, last = _cut(text, dice) or [""]
                yield from (ReasoningDelta(piece, None, id_) for piece in first)
                yield ReasoningDelta(last, signature, id_)
            case ToolCallDelta(arguments=arguments):
                yield ToolCallDelta(
                    event.index, event.id, event.name, "", event.signature, event.kind
                )
                for piece in _cut(arguments, dice):
                    yield ToolCallDelta(event.index, arguments=piece, kind=event.kind)
            case _:
                yield event


def _cut(text: str, dice: random.Random) -> list[str]:
    pieces = []
    while text:
        length = dice.randint(1, max(1, min(len(text), 6)))
        pieces.append(text[:length])
        text = text[length:]
    return pieces
