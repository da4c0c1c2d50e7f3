"""Records of calls in the ledger: usage and cost, but no texts by default."""

import asyncio
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from ledgers import wait_for
from llmring import LLMRequest, LLMRing
from llmring.exceptions import (
    AliasNotFoundError,
    LimitExceededError,
    ProviderError,
    SchemaValidationError,
)
from llmring.ledger.entry import LedgerEntry
from loopback import Answer, Loopback, Pause, as_json, as_stream
from rings import KEY, MODEL, environ_of, run_program, start_program

FIRST, SECOND = "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"

Kept = Callable[..., list[LedgerEntry]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture
def kept(path: Path) -> Kept:
    """Return the calls in the ledger, once there are so many."""

    def look(count: int = 1) -> list[LedgerEntry]:
        found = wait_for(path, count)
        assert len(found) == count
        return found

    return look


@pytest.fixture
def ring_of(
    serve: Callable[..., Loopback], lockfile: Callable[..., Path], tmp_path: Path
) -> Callable[..., LLMRing]:
    """Build a ring with an alias `fast` of two models, which give these answers."""

    def make(*first: Answer, second: Answer | None = None, **environ: str) -> LLMRing:
        server, other = serve(*first), serve(second or answers.anthropic())
        return LLMRing(
            lockfile(fast=[FIRST, SECOND]),
            environ={
                **environ_of(server),
                "ANTHROPIC_BASE_URL": other.url,
                "ANTHROPIC_API_KEY": "sk-ant-second-0123456789",
                "XDG_STATE_HOME": str(tmp_path / "state"),
                **environ,
            },
        )

    return make


Rings = Callable[..., LLMRing]


def test_a_call_is_entered(ring_of: Rings, way: Way, kept: Kept) -> None:
    response = way.chat(ring_of(answers.openai()), "fast", "Hello")

    [call] = kept()
    assert (call.kind, call.alias, call.profile, call.stream) == ("chat", "fast", "default", False)
    assert (call.model, call.served_model) == (FIRST, "gpt-4o-mini-2024-07-18")
    assert (call.outcome, call.error, call.finish_reason) == ("ok", None, "stop")
    assert call.usage == response.usage
    assert (call.cost, call.cost_reason) == (Decimal("0.0000027"), None)
    assert (call.attempts, call.fell_back) == (1, False)
    assert [(result.model, result.outcome, result.status) for result in call.story] == [
        (FIRST, "ok", 200)
    ]
    assert call.ms >= call.story[0].ms > 0
    assert call.first_ms is None
    assert (call.prompt, call.answer) == (None, None)


def test_a_streamed_call_is_entered_like_a_whole_one(ring_of: Rings, way: Way, kept: Kept) -> None:
    way.chat(ring_of(answers.openai()), "fast", "Hello")
    way.stream(ring_of(answers.openai_stream("He", "llo")), "fast", "Hello")

    whole, streamed = kept(2)
    assert streamed.stream
    assert streamed.first_ms is not None
    assert 0 < streamed.first_ms <= streamed.ms
    for name in ("alias", "model", "served_model", "usage", "cost", "finish_reason", "outcome"):
        assert getattr(streamed, name) == getattr(whole, name)


def test_a_fallback_is_recorded_with_the_failed_attempt(ring_of: Rings, kept: Kept) -> None:
    ring_of(answers.openai_error(500, "the prompt was: Hello")).chat("fast", "Hello").result()

    [call] = kept()
    assert (call.model, call.attempts, call.fell_back) == (SECOND, 2, True)
    result = [(each.model, each.outcome, each.status, each.reason) for each in call.story]
    assert result == [
        (FIRST, "failed", 500, "ProviderResponseError"),
        (SECOND, "ok", 200, None),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_failed_call_is_recorded_with_a_known_cost(
    ring_of: Rings, kept: Kept, way: Way, stream: bool
) -> None:
    failure = answers.openai_error(500)
    ring = ring_of(failure, second=failure)

    with pytest.raises(ProviderError):
        (way.stream if stream else way.chat)(ring, "fast", "Hello")

    [call] = kept()
    assert (call.outcome, call.model, call.attempts, call.alias) == ("failed", None, 2, "fast")
    assert call.error == "AllModelsFailedError"
    assert (call.cost, call.cost_reason) == (None, None)


def test_an_answer_that_breaks_off_has_an_unknown_cost(
    ring_of: Rings, kept: Kept, way: Way
) -> None:
    broken = as_stream(answers.ROLE, answers.openai_event(content="He"))

    with pytest.raises(ProviderError):
        way.stream(ring_of(broken), MODEL, "Hello")

    [call] = kept()
    assert (call.outcome, call.alias, call.cost) == ("failed", None, None)
    assert call.cost_reason is not None


def test_a_call_of_an_unknown_alias_is_refused(ring_of: Rings, kept: Kept) -> None:
    with pytest.raises(AliasNotFoundError):
        ring_of(answers.openai()).chat("slow", "Hello").result()

    [call] = kept()
    assert (call.outcome, call.alias, call.error) == ("refused", "slow", "AliasNotFoundError")
    assert (call.attempts, call.cost, call.cost_reason) == (0, None, None)


def test_a_call_beyond_a_limit_of_the_lockfile_is_refused(
    ring_of: Rings, kept: Kept, tmp_path: Path
) -> None:
    ring = ring_of(answers.openai())
    text = (tmp_path / "llmring.lock").read_text()
    (tmp_path / "llmring.lock").write_text(text + "rpm = 1\n")
    request = LLMRequest(model="fast", messages="Hello", timeout=0.5)

    ring.chat(request).result()
    with pytest.raises(LimitExceededError):
        ring.chat(request).result()

    assert [call.outcome for call in kept(2)] == ["ok", "refused"]


def test_an_abandoned_call_is_recorded_as_cancelled(ring_of: Rings, kept: Kept) -> None:
    async def call() -> None:
        async with ring_of(Answer([Pause(30)])) as ring:
            await asyncio.wait_for(ring.chat("fast", "Hello"), 0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(call())

    [cancelled] = kept()
    assert (cancelled.outcome, cancelled.error) == ("cancelled", "CancelledError")
    assert cancelled.cost is None
    assert cancelled.cost_reason is not None


@pytest.mark.parametrize(
    ("read", "outcome"), [(1, "cancelled"), (3, "ok")], ids=["in the middle", "at the end"]
)
def test_a_stream_that_is_left_is_cancelled_unless_it_was_complete(
    ring_of: Rings, kept: Kept, read: int, outcome: str
) -> None:
    with ring_of(answers.openai_stream("He", "llo")) as ring:
        stream = ring.chat_stream("fast", "Hello")
        for number, _ in enumerate(stream, 1):
            if number == read:
                break
        stream.close()

    assert [call.outcome for call in kept()] == [outcome]


SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "schema": {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
            "additionalProperties": False,
        },
    },
}


def test_repairs_are_counted_into_their_call(ring_of: Rings, kept: Kept) -> None:
    ring = ring_of(answers.openai('{"n": "x"}'), answers.openai('{"n": 1}'))
    ring.chat("fast", "Hello", response_format=SCHEMA).result()

    [call] = kept()
    assert (call.attempts, call.outcome, call.fell_back) == (2, "ok", False)
    assert call.usage is not None
    assert call.usage.prompt_tokens == 20
    assert call.cost == Decimal("0.0000054")


def test_an_answer_that_does_not_fit_has_failed_and_has_cost(ring_of: Rings, kept: Kept) -> None:
    with pytest.raises(SchemaValidationError):
        ring_of(answers.openai("{}")).chat("fast", "Hi", response_format=SCHEMA).result()

    [call] = kept()
    assert (call.outcome, call.error, call.model) == ("failed", "SchemaValidationError", FIRST)
    assert call.cost == Decimal("0.0000054")


def test_each_turn_of_run_tools_is_a_call(ring_of: Rings, kept: Kept) -> None:
    def weather(city: str) -> str:
        """The weather."""
        return f"fine in {city}"

    asks = as_json(
        {
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "c1",
                                "type": "function",
                                "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
                            }
                        ],
                    },
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        }
    )
    ring_of(asks, answers.openai()).run_tools("fast", "Hello", tools=[weather]).result()

    assert [call.finish_reason for call in kept(2)] == ["tool_calls", "stop"]


def test_embeddings_are_entered(ring_of: Rings, kept: Kept) -> None:
    answer = as_json(
        {
            "data": [{"index": 0, "embedding": [0.5, 0.25]}],
            "model": "text-embedding-3-small",
            "usage": {"prompt_tokens": 5, "total_tokens": 5},
        }
    )
    ring = ring_of(answer, answers.openai_error(500))
    ring.embed("openai:text-embedding-3-small", "Hello").result()
    with pytest.raises(ProviderError):
        ring.embed("openai:text-embedding-3-small", "Hello").result()

    good, bad = kept(2)
    assert (good.kind, good.model) == ("embed", "openai:text-embedding-3-small")
    assert good.usage is not None
    assert good.usage.prompt_tokens == 5
    assert good.cost is not None
    assert (bad.kind, bad.outcome, bad.attempts) == ("embed", "failed", 1)


@pytest.mark.parametrize(
    ("tags", "kept_as"),
    [
        (["a", "b", "a"], ("a", "b")),
        ({"team": "blue", "n": 1}, ("team=blue", "n=1")),
        ("one", ("one",)),
        (5, ()),
        (["a", object(), None], ("a",)),
        ({"a": object(), "b": True}, ("b=True",)),
        ([f"key {KEY}"], ("key ***",)),
    ],
)
def test_tags_are_recorded_and_the_user_is_not(
    ring_of: Rings, kept: Kept, path: Path, tags: Any, kept_as: tuple[str, ...]
) -> None:
    ring = ring_of(answers.openai())
    ring.chat("fast", "Hello", metadata={"tags": tags, "user": "somebody@example"}).result()

    assert kept()[0].tags == kept_as
    assert b"somebody" not in bytes_of(path)


def bytes_of(path: Path) -> bytes:
    """Return all bytes of a ledger's files."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))


def test_the_ledger_file_holds_no_text_of_a_call_and_no_key(
    ring_of: Rings, kept: Kept, path: Path
) -> None:
    echo = answers.openai_error(400, f"you said: Marmalade, with the key {KEY}")
    ring = ring_of(answers.openai("Chutney"), answers.openai_stream("Chut", "ney"), echo)
    ring.chat("fast", "Marmalade").result()
    list(ring.chat_stream("fast", "Marmalade"))
    with pytest.raises(ProviderError):
        ring.chat(MODEL, "Marmalade").result()
    kept(3)

    written = bytes_of(path)
    assert b"gpt-4o-mini" in written
    for word in (b"armalade", b"hutney", b"Chut", KEY.encode(), b"you said"):
        assert word not in written


def test_where_it_is_asked_for_the_texts_are_entered_without_keys(
    ring_of: Rings, kept: Kept, path: Path, way: Way
) -> None:
    own = {"LLMRING_LOG_CONTENT": "1", "OPENAI_API_KEY": "no-shape-of-a-key"}
    prompt = "Marmalade and no-shape-of-a-key"
    way.chat(ring_of(answers.openai(f"Chutney {KEY}"), **own), "fast", prompt)
    way.stream(ring_of(answers.openai_stream("Chut", "ney"), **own), "fast", prompt)

    whole, streamed = kept(2)
    assert whole.prompt is not None
    assert '"Marmalade and ***"' in whole.prompt
    assert (whole.answer, streamed.answer) == ("Chutney ***", "Chutney")
    assert KEY.encode() not in bytes_of(path)
    assert b"no-shape" not in bytes_of(path)


def test_the_digest_of_the_pins_is_recorded(ring_of: Rings, kept: Kept, tmp_path: Path) -> None:
    ring = ring_of(answers.openai())
    text = (tmp_path / "llmring.lock").read_text()
    digest = "sha256:" + "0" * 64
    (tmp_path / "llmring.lock").write_text(f'{text}\n[registry]\ndigest = "{digest}"\n')
    ring.chat("fast", "Hello").result()

    assert kept()[0].digest == digest


@pytest.mark.parametrize("off", [{"LLMRING_LEDGER": "0"}, {"XDG_STATE_HOME": ""}])
def test_no_ledger_is_kept_if_it_is_off_or_there_is_no_home_folder(
    ring_of: Rings, path: Path, off: dict[str, str]
) -> None:
    assert ring_of(answers.openai(), **off).chat("fast", "Hello").content == "from openai"

    assert not path.exists()


def test_calls_succeed_though_the_ledger_can_t_be_written(
    ring_of: Rings, tmp_path: Path, way: Way
) -> None:
    (tmp_path / "state").write_text("a file")

    assert way.chat(ring_of(answers.openai()), "fast", "Hello").content == "from openai"


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(3)",
        "raise RuntimeError",
        "ring.close()",
        "threading.Thread(target=lambda: ring.chat(MODEL, 'Hello').result()).start()",
        "os.waitpid(os.fork(), 0) if ring.chat(MODEL, 'Hello').content else 0",
    ],
)
def test_calls_are_recorded_when_the_program_ends(
    serve: Callable[..., Loopback], path: Path, kept: Kept, end: str
) -> None:
    calls = "for _ in range(5): ring.chat(MODEL, 'Hello').result()\n"
    run_program(calls + end, serve(answers.openai()))

    assert len(kept(6 if "Hello" in end else 5)) >= 5


def test_calls_made_a_second_before_the_program_is_killed_are_recorded(
    serve: Callable[..., Loopback], kept: Kept
) -> None:
    code = (
        "for _ in range(5): ring.chat(MODEL, 'Hello').result()\n"
        "time.sleep(1); print(flush=True); time.sleep(60)\n"
    )
    with start_program(code, serve(answers.openai())) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, 9)
        process.communicate(timeout=30)

    kept(5)
