"""Scripted faults in real answers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from answers import anthropic_stream, openai, openai_stream
from llmring import LLMRing
from llmring.dialects.dialect import Dialect
from llmring.exceptions import (
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    UnreadableResponseError,
)
from llmring.routing.fault_script import ScriptedFault
from llmring.routing.policy import Policy
from llmring.wire import HttpHead
from loopback import Answer, Loopback, as_stream
from replay.interceptor_calls import asking, interceptor_in, played, target_at, until_broken
from rings import MODEL, environ_of

Serve = Callable[..., Loopback]

_OK = HttpHead(200, {"content-type": "application/json"})


@pytest.fixture
def meet(serve: Serve, tmp_path: Path) -> Callable[..., list[bytes]]:
    """Return a function that gets the pieces of an answer with a fault."""

    def call(answer: Answer, *, stream: bool = True, seconds: float = 30, **fault: Any) -> Any:
        target = target_at(serve(answer))
        policy = Policy(faults=(ScriptedFault(**fault),))
        request = asking(target, stream=stream)
        return played(interceptor_in(tmp_path), policy, target, request, seconds=seconds)[1]

    return call


EVENTS = [step for step in openai_stream("a", "b", "c").steps if isinstance(step, bytes)]
WHOLE = b"".join(step for step in openai().steps if isinstance(step, bytes))


def read_until_error(
    meet: Callable[..., list[bytes]], answer: Answer, **fault: Any
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        meet(answer, **fault)
    return caught.value


@pytest.mark.parametrize(
    ("connection", "message"),
    [("refused", "connection refused"), ("reset", "connection reset"), ("dns", "find the host")],
)
def test_a_connection_fails_before_anything_is_sent(
    serve: Serve, tmp_path: Path, connection: Any, message: str
) -> None:
    server = serve(openai())
    target = target_at(server)
    policy = Policy(faults=(ScriptedFault(connection=connection),))

    with pytest.raises(ProviderConnectionError, match=message):
        played(interceptor_in(tmp_path), policy, target, asking(target))
    assert server.requests == []


def test_a_connection_that_times_out_takes_as_long_as_the_attempt_has(meet: Any) -> None:
    error = read_until_error(meet, openai(), connection="timeout", seconds=0.02)

    assert isinstance(error, ProviderTimeoutError)


def test_latency_that_is_longer_than_the_attempt_has_is_a_timeout(meet: Any) -> None:
    error = read_until_error(meet, openai(), latency=60, seconds=0.02)

    assert isinstance(error, ProviderTimeoutError)


def test_latency_delays_an_answer_and_changes_nothing_of_it(meet: Any) -> None:
    assert b"".join(meet(openai(), latency=0.01, stream=False)) == WHOLE


@pytest.mark.parametrize("before", range(len(EVENTS) + 1))
def test_a_stream_is_cut_after_so_many_events(serve: Serve, tmp_path: Path, before: int) -> None:
    target = target_at(serve(as_stream(*EVENTS)))
    policy = Policy(faults=(ScriptedFault(cut=before),))
    request = asking(target, stream=True)

    got, error = until_broken(interceptor_in(tmp_path), policy, target, request)

    assert got == b"".join(EVENTS[:before])
    assert isinstance(error, ProviderConnectionError)


@pytest.mark.parametrize("width", [1, 7, 10_000])
def test_events_are_counted_in_whatever_pieces_they_come(
    serve: Serve, tmp_path: Path, width: int
) -> None:
    whole = b"".join(EVENTS)
    pieces = [whole[at : at + width] for at in range(0, len(whole), width)]
    target = target_at(serve(as_stream(*pieces)))
    policy = Policy(faults=(ScriptedFault(malformed=2),))

    _, got = played(interceptor_in(tmp_path), policy, target, asking(target, stream=True))

    damaged = [*EVENTS[:2], b'data: {"malformed": \n\n', *EVENTS[2:]]
    assert b"".join(got) == b"".join(damaged)


def test_a_fault_after_the_end_of_the_answer_does_not_happen(meet: Any) -> None:
    assert b"".join(meet(as_stream(*EVENTS), cut=len(EVENTS) + 1)) == b"".join(EVENTS)


def test_a_stall_lasts_as_long_as_configured(meet: Any) -> None:
    assert b"".join(meet(as_stream(*EVENTS), stall=1, stall_seconds=0.01)) == b"".join(EVENTS)


def test_a_short_stall_is_none_for_a_caller_that_takes_longer_than_a_stall_may(
    serve: Serve, lockfile: Callable[..., Path]
) -> None:
    path = lockfile(fast=[MODEL])
    path.write_text(
        path.read_text()
        + "stall_timeout = 0.2\nretries = 0\n"
        + "[[profiles.default.faults]]\nstall = 2\nstall_seconds = 0.01\n"
    )
    ring = LLMRing(path, environ=environ_of(serve(as_stream(*EVENTS))))
    text = ""

    for chunk in ring.chat_stream("fast", "Hello"):
        text += chunk.delta
        time.sleep(0.4)

    assert text == "abc"


def test_a_stall_without_an_end_is_a_timeout(meet: Any) -> None:
    error = read_until_error(meet, as_stream(*EVENTS), stall=1, seconds=0.3)

    assert isinstance(error, ProviderTimeoutError)


def test_a_malformed_line_of_ollama_is_a_line(serve: Serve, tmp_path: Path) -> None:
    lines = [b'{"message": {"content": "a"}}\n', b'{"done": true}\n']
    target = target_at(
        serve(as_stream(*lines, content_type="application/x-ndjson")), "ollama:llama3"
    )
    policy = Policy(faults=(ScriptedFault(malformed=1),))

    _, got = played(interceptor_in(tmp_path), policy, target, asking(target, stream=True))

    assert b"".join(got) == lines[0] + b'{"malformed": \n' + lines[1]


def test_pings_count_as_events_but_the_space_between_events_does_not(meet: Any) -> None:
    answer = as_stream(EVENTS[0], b"\n\n", b": ping\n\n", *EVENTS[1:])

    got = b"".join(meet(answer, malformed=2))

    assert got.startswith(EVENTS[0] + b"\n\n: ping\n\n" + b'data: {"malformed"')


@pytest.mark.parametrize(("before", "length"), [(0, 0), (3, len(WHOLE) // 2)])
def test_a_whole_answer_is_cut_before_it_or_in_its_middle(
    serve: Serve, tmp_path: Path, before: int, length: int
) -> None:
    target = target_at(serve(openai()))
    policy = Policy(faults=(ScriptedFault(cut=before),))

    got, error = until_broken(interceptor_in(tmp_path), policy, target, asking(target))

    assert got == WHOLE[:length]
    assert isinstance(error, ProviderConnectionError)


def test_a_malformed_whole_answer_can_t_be_read(meet: Any, serve: Serve) -> None:
    body = b"".join(meet(openai(), malformed=1, stream=False))
    dialect: Dialect = target_at(serve(openai())).dialect

    assert body == WHOLE[: len(WHOLE) // 2]
    with pytest.raises(UnreadableResponseError):
        dialect.decode(_OK, body)


def test_faults_of_one_answer_come_in_its_order(meet: Any) -> None:
    error = read_until_error(
        meet, as_stream(*EVENTS), malformed=1, stall=2, stall_seconds=0.01, cut=3
    )

    assert isinstance(error, ProviderConnectionError)
    assert error.status == 200


@pytest.mark.parametrize(
    "model",
    [MODEL, "anthropic:claude-sonnet-4-5", "google:gemini-2.5-flash", "ollama:llama3"],
)
def test_an_error_is_written_as_its_api_writes_errors(
    serve: Serve, tmp_path: Path, model: str
) -> None:
    server = serve(anthropic_stream("no"))
    target = target_at(server, model)
    fault = ScriptedFault(status=429, message="slow down", retry_after=2)

    head, body = played(interceptor_in(tmp_path), Policy(faults=(fault,)), target, asking(target))
    error = target.dialect.explain(head, b"".join(body))

    assert isinstance(error, ProviderRateLimitError)
    assert (error.status, error.provider_message, error.retry_after) == (429, "slow down", 2)
    assert server.requests == []


def test_an_error_has_the_fault_s_code(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai()))
    fault = ScriptedFault(status=429, code="insufficient_quota")

    head, body = played(interceptor_in(tmp_path), Policy(faults=(fault,)), target, asking(target))

    assert target.dialect.explain(head, b"".join(body)).code == "insufficient_quota"


def test_faults_are_counted_over_all_calls_of_a_ring(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai()))
    interceptor = interceptor_in(tmp_path)
    policy = Policy(faults=(ScriptedFault(status=503, times=1),))

    statuses = [played(interceptor, policy, target, asking(target))[0].status for _ in range(2)]

    assert statuses == [503, 200]


def test_faults_do_not_apply_to_uploads(serve: Serve, tmp_path: Path) -> None:
    target = target_at(serve(openai()))
    policy = Policy(faults=(ScriptedFault(status=503),))

    assert played(interceptor_in(tmp_path), policy, None, asking(target))[0].status == 200
