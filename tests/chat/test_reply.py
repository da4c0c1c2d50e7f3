"""Assembly of replies from events, whole and streamed."""

from hypothesis import given
from hypothesis import strategies as st

from llmring import Citation, CommentaryPart, ReasoningPart, TextPart, Usage
from llmring.chat.events import (
    Cited,
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    ShownAsAnswer,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.chat.reply import Reply, fold
from llmring.chat.response import StreamChunk

CALLS: list[Event] = [
    Started(id="r1"),
    ToolCallDelta(0, "c0", "add"),
    ToolCallDelta(0, arguments='{"a":'),
    ToolCallDelta(0, arguments="1}"),
    ToolCallDelta(1, "c1", "sub", "{}"),
    Finished("tool_calls", "tool_use"),
]


def test_a_reply_is_assembled_from_its_events() -> None:
    reply = fold(
        "openai:x",
        [
            Started("x-2026", "r1"),
            ReasoningDelta("Hm. "),
            TextDelta("Hel"),
            TextDelta("lo"),
            RefusalDelta("No."),
            UsageReport(Usage(prompt_tokens=3, completion_tokens=2)),
            Finished("stop", "end_turn"),
        ],
    )

    assert (reply.content, reply.reasoning, reply.refusal) == ("Hello", "Hm. ", "No.")
    assert (reply.finish_reason, reply.native_finish_reason) == ("stop", "end_turn")
    assert (reply.served_model, reply.id, reply.total_tokens) == ("x-2026", "r1", 5)


def test_R25_the_last_chunk_of_a_stream_has_all_tool_calls() -> None:
    reply = Reply("openai:x")
    chunks = [chunk for event in CALLS if (chunk := reply.add(event))] + [reply.last_chunk()]

    seen = [[call["function"]["name"] for call in chunk.tool_calls or []] for chunk in chunks]

    assert seen == [["add"], ["add", "sub"]]
    assert chunks[-1].tool_calls == fold("openai:x", CALLS).tool_calls


def test_a_call_without_an_id_gets_a_stable_id() -> None:
    def call_id(reply_id: str) -> str:
        events: list[Event] = [Started(id=reply_id), ToolCallDelta(0, None, "add", "{}")]
        calls = fold("google:x", events).tool_calls
        assert calls
        return calls[0]["id"]

    assert call_id("r1") == call_id("r1")
    assert call_id("r1") != call_id("r2")


def test_stop_with_tool_calls_becomes_the_finish_reason_tool_calls() -> None:
    events: list[Event] = [ToolCallDelta(0, "c0", "add", "{}"), Finished("stop", "STOP")]

    assert fold("google:x", events).finish_reason == "tool_calls"


def test_R13_the_content_of_a_chunk_is_its_delta() -> None:
    assert StreamChunk(delta="Hi").content == "Hi"


def test_R07_usage_reads_like_a_mapping() -> None:
    usage = Usage(prompt_tokens=10, completion_tokens=2, cached_tokens=4)

    assert usage["prompt_tokens"] == 10
    assert usage.get("total_tokens") == 12
    assert usage.get("nothing", 7) == 7
    assert dict(usage)["cached_tokens"] == 4
    assert "nothing" not in usage


def test_text_that_turns_out_to_be_commentary_is_taken_back() -> None:
    reply = Reply("a:model", "api")
    for event in (TextDelta("Pa"), ReasoningDelta("Hm."), TextDelta("Let me "), TextDelta("look.")):
        reply.add(event)

    chunk = reply.add(ShownAsAnswer(2, len("Let me look.")))

    assert chunk is not None
    assert (chunk.restart, chunk.delta, chunk.reasoning) == (True, "Pa", "Hm.")
    assert chunk.commentary == "Let me look."
    reply.add(TextDelta("ris."))
    whole = reply.response()
    assert (whole.content, whole.commentary) == ("Paris.", "Let me look.")
    assert whole.parts == (
        TextPart("Pa"),
        ReasoningPart("Hm.", dialect="api"),
        CommentaryPart("Let me look."),
        TextPart("ris."),
    )


@given(st.text(max_size=8), st.text(min_size=1, max_size=8), st.text(max_size=8), st.integers(1, 4))
def test_any_part_of_a_text_or_all_may_be_taken_back(
    begin: str, remark: str, end: str, size: int
) -> None:
    reply = Reply("a:model", "api")
    text = begin + remark + end
    for at in range(0, len(text), size):
        reply.add(TextDelta(text[at : at + size]))

    chunk = reply.add(ShownAsAnswer(len(begin), len(remark)))

    assert (reply.response().content, reply.response().commentary) == (begin + end, remark)
    assert chunk is not None
    assert (chunk.delta, chunk.commentary) == (begin + end, remark)
    assert reply.length == len(begin + end)
    expected = (TextPart(begin), CommentaryPart(remark), TextPart(end))
    assert reply.response().parts == tuple(part for part in expected if part.text)


def test_a_remark_within_the_text_leaves_the_other_parts_in_order() -> None:
    reply = Reply("a:model", "api")
    source = Citation(url="https://example.org/a", start=9, end=14)
    for event in (
        ReasoningDelta("1"),
        TextDelta("Remark."),
        ReasoningDelta("2"),
        TextDelta("I see"),
        Cited((source,)),
        ReasoningDelta("3"),
        TextDelta(" it."),
    ):
        reply.add(event)

    reply.add(ShownAsAnswer(0, len("Remark.")))

    assert reply.response().parts == (
        ReasoningPart("1", dialect="api"),
        CommentaryPart("Remark."),
        ReasoningPart("2", dialect="api"),
        TextPart("I see"),
        ReasoningPart("3", dialect="api"),
        TextPart(" it."),
    )
    assert reply.response().citations == (Citation(url=source.url, start=2, end=7),)


def test_a_source_is_shown_once() -> None:
    reply = Reply("a:model", "api")
    source = Citation(url="https://example.org/a")

    shown = [reply.add(Cited((source,))) for _ in range(2)]

    assert [chunk and chunk.citations for chunk in shown] == [(source,), None]
    assert reply.last_chunk().citations == reply.response().citations == (source,)
