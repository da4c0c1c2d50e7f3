"""Cancelled calls in the ledger: their attempts, and what is known of their cost."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from ledgers import wait_for
from llmring import Attempt, LLMRequest, LLMRing
from llmring.exceptions import ProviderError
from llmring.ledger.entry import LedgerEntry
from loopback import Answer, Loopback, Pause, as_stream
from rings import environ_of, start_program

FIRST, SECOND = "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"
SILENT = Answer([Pause(30)])
PRICE = Decimal("0.0000027")

Seen = list[tuple[str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture
def entered(path: Path) -> Callable[[], LedgerEntry]:
    """Return the only call in the ledger."""

    def look() -> LedgerEntry:
        [found] = wait_for(path, 1)
        return found

    return look


Entered = Callable[[], LedgerEntry]


@pytest.fixture
def ring_of(
    serve: Callable[..., Loopback], lockfile: Callable[..., Path]
) -> Callable[..., LLMRing]:
    """Build a ring with an alias `fast` of two models, which give these answers."""

    def make(*first: Answer, second: Answer = SILENT, more: str = "", **options: object) -> LLMRing:
        server, other = serve(*first), serve(second)
        place = lockfile(fast=[FIRST, SECOND])
        place.write_text(place.read_text() + more)
        return LLMRing(
            place,
            environ={
                **os.environ,
                **environ_of(server),
                "ANTHROPIC_BASE_URL": other.url,
                "ANTHROPIC_API_KEY": "sk-ant-second-0123456789",
            },
            **options,  # type: ignore[arg-type]
        )

    return make


Rings = Callable[..., LLMRing]


def story(call: LedgerEntry) -> Seen:
    return [(each.model, each.outcome) for each in call.story]


async def give_up(ring: LLMRing, seconds: float = 0.5, **fields: object) -> None:
    """Call `fast`, and cancel the call after this time."""
    async with ring:
        await asyncio.wait_for(
            ring.chat(LLMRequest(model="fast", messages="Hello", **fields)),  # type: ignore[arg-type]
            seconds,
        )


def test_the_attempt_under_way_is_in_the_story_and_may_be_billed(
    ring_of: Rings, entered: Entered
) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(give_up(ring_of(SILENT)))

    call = entered()
    assert (call.outcome, call.attempts, story(call)) == ("cancelled", 1, [(FIRST, "dropped")])
    assert call.story[0].ms > 0
    assert call.cost is None
    assert call.cost_reason is not None
    assert "may still bill" in call.cost_reason


def test_attempts_before_the_one_under_way_are_in_the_story_too(
    ring_of: Rings, entered: Entered
) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(give_up(ring_of(answers.openai_error(500))))

    call = entered()
    assert story(call) == [(FIRST, "failed"), (SECOND, "dropped")]
    assert call.attempts == 2


def test_both_attempts_of_a_hedged_call_are_in_the_story(ring_of: Rings, entered: Entered) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(give_up(ring_of(SILENT, more="hedge_after = 0.1\n")))

    assert story(entered()) == [(FIRST, "dropped"), (SECOND, "dropped")]


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORM = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


def test_the_known_cost_of_an_answer_remains_when_its_repair_is_cancelled(
    ring_of: Rings, entered: Entered
) -> None:
    ring = ring_of(answers.openai('{"n": "x"}'), SILENT)
    with pytest.raises(TimeoutError):
        asyncio.run(give_up(ring, response_format=FORM))

    call = entered()
    assert story(call) == [(FIRST, "ok"), (FIRST, "dropped")]
    assert (call.cost, call.usage) == (PRICE, None)
    assert call.cost_reason == "without the cancelled attempt, which the provider may still bill"


def test_a_retry_that_was_never_sent_is_not_in_the_story_and_costs_nothing(
    ring_of: Rings, entered: Entered
) -> None:
    busy = answers.openai_error(429, retry_after="9")
    with pytest.raises(TimeoutError):
        asyncio.run(give_up(ring_of(busy, more="retries = 2\n"), timeout=60))

    call = entered()
    assert (call.outcome, story(call)) == ("cancelled", [(FIRST, "failed")])
    assert (call.cost, call.cost_reason) == (None, None)


def test_a_stream_that_is_left_early_has_its_attempt(ring_of: Rings, entered: Entered) -> None:
    with ring_of(answers.openai_stream("He", "llo")) as ring:
        stream = ring.chat_stream("fast", "Hello")
        next(iter(stream))
        stream.close()

    call = entered()
    assert (call.outcome, call.stream, story(call)) == ("cancelled", True, [(FIRST, "dropped")])
    assert call.first_ms is not None


def test_usage_that_was_reported_before_a_stream_is_cancelled_is_counted(
    ring_of: Rings, entered: Entered
) -> None:
    def event(**fields: object) -> bytes:
        return answers.sse({"type": "message_delta", **fields})

    text = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    piece = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "a"},
    }
    stream = as_stream(
        answers.sse({"type": "message_start", "message": {"usage": {"input_tokens": 10}}}),
        answers.sse(text),
        answers.sse(piece),
        event(delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
        Pause(30),
    )

    async def read() -> None:
        ring = ring_of(answers.openai_error(500), second=stream)
        async with asyncio.timeout(1), ring, ring.chat_stream("fast", "Hello") as chunks:
            async for _ in chunks:
                pass

    with pytest.raises(TimeoutError):
        asyncio.run(read())

    call = entered()
    assert (call.outcome, story(call)) == ("cancelled", [(FIRST, "failed"), (SECOND, "dropped")])
    assert call.usage is not None
    assert (call.usage.prompt_tokens, call.usage.completion_tokens) == (10, 2)
    assert (call.cost, call.cost_reason) == (Decimal("0.00006"), None)


def test_a_cancelled_embedding_has_its_attempt(ring_of: Rings, entered: Entered) -> None:
    async def embed() -> None:
        async with ring_of(SILENT) as ring:
            await asyncio.wait_for(ring.embed("openai:text-embedding-3-small", "Hello"), 0.5)

    with pytest.raises(TimeoutError):
        asyncio.run(embed())

    call = entered()
    assert (call.kind, call.outcome) == ("embed", "cancelled")
    assert story(call) == [("openai:text-embedding-3-small", "dropped")]


def test_hooks_get_the_attempt_of_a_cancelled_call(ring_of: Rings) -> None:
    seen: list[Attempt] = []
    with pytest.raises(TimeoutError):
        asyncio.run(give_up(ring_of(SILENT, on_attempt=seen.append)))

    assert [(each.outcome, each.reason) for each in seen] == [
        ("dropped", "the caller cancelled the call")
    ]


def test_a_hedged_attempt_is_named_by_the_error_that_ended_the_call(
    ring_of: Rings, entered: Entered
) -> None:
    # The second model refuses the request itself while the first is silent.
    wrong = Answer(
        [b'{"type": "error", "error": {"type": "invalid_request_error", "message": "bad"}}'],
        400,
        {"content-type": "application/json"},
    )
    ring = ring_of(SILENT, second=wrong, more="hedge_after = 0.1\n")
    with pytest.raises(ProviderError) as caught:
        ring.chat("fast", "Hello").result()

    assert [(each.model, each.outcome) for each in caught.value.attempts] == [
        (SECOND, "failed"),
        (FIRST, "dropped"),
    ]
    call = entered()
    assert call.outcome == "failed"
    assert call.cost is None
    assert call.cost_reason is not None


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_hook_that_leaves_is_not_the_caller_that_cancels(
    ring_of: Rings, kind: type[BaseException]
) -> None:
    seen: list[Attempt] = []

    def leave(attempt: Attempt) -> None:
        seen.append(attempt)
        if len(seen) == 1:
            raise kind

    # The first model is silent as the second one's failure is reported.
    ring = ring_of(
        SILENT,
        second=answers.openai_error(500),
        more="hedge_after = 0.1\nretries = 0\n",
        on_attempt=leave,
    )
    with ring, pytest.raises(kind):
        ring.chat("fast", "Hello").result()

    assert {each.reason for each in seen[1:]} == {"the call has failed"}


@pytest.mark.parametrize(
    "code",
    [
        "ring.chat(MODEL, 'Hello').result()",
        "for chunk in ring.chat_stream(MODEL, 'Hello'): print(chunk.delta, flush=True)",
        "asyncio.run(asyncio.wait_for(ring.chat(MODEL, 'Hello'), 60))",
    ],
    ids=["whole", "streamed", "asynchronous"],
)
def test_a_call_ended_by_ctrl_c_has_its_attempt(
    serve: Callable[..., Loopback], entered: Entered, code: str
) -> None:
    server = serve(as_stream(answers.ROLE, answers.openai_event(content="He"), Pause(30)))
    with start_program(code, server) as process:
        until = time.monotonic() + 20
        while not server.requests and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    call = entered()
    assert (call.outcome, story(call)) == ("cancelled", [("openai:some-model", "dropped")])
    assert call.cost_reason is not None


def test_a_stream_still_open_as_the_program_ends_has_its_attempt(
    serve: Callable[..., Loopback], entered: Entered
) -> None:
    server = serve(as_stream(answers.ROLE, answers.openai_event(content="He"), Pause(30)))
    code = "stream = iter(ring.chat_stream(MODEL, 'Hello')); next(stream)"
    with start_program(code, server) as process:
        process.communicate(timeout=30)

    call = entered()
    assert (call.outcome, story(call)) == ("cancelled", [("openai:some-model", "dropped")])
