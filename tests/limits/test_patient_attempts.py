"""Calls that wait for rate limits to end, over real connections."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from limited_server import DOWN, LIMITED, OK, OVERLOADED, USED_UP, ChosenServer, LimitedServer
from llmring import (
    AllModelsFailedError,
    BudgetExceededError,
    CircuitState,
    EmbeddingResponse,
    LLMRequest,
    LLMResponse,
    LLMRing,
    LLMRingError,
    Message,
)
from llmring.chat.parsed_request import parse_request
from llmring.client.operations.embed import EmbeddingRequest
from llmring.pacing.pacer import Pacer
from llmring.routing.account import Account, Budget
from llmring.routing.call_wishes import CallWishes
from loopback import Answer, Loopback, Pause, as_json
from rings import MODEL, TODAY, ring_at

FIRST, SECOND = "deepseek:first", "groq:second"
SHORTLY = as_json({"error": {"message": "Rate limit reached"}}, 429, retry_after_ms="100")


def ring_of(
    tmp_path: Path, first: Loopback, second: Loopback | None = None, *, policy: str = ""
) -> LLMRing:
    models = f'"{FIRST}"' if second is None else f'"{FIRST}", "{SECOND}"'
    lockfile = tmp_path / "llmring.lock"
    lockfile.write_text(
        f'[[profiles.default.bindings]]\nalias = "a"\nmodels = [{models}]\n{policy}\n'
    )
    environ = {
        "DEEPSEEK_BASE_URL": f"{first.url}/v1",
        "DEEPSEEK_API_KEY": "sk-0123456789abcdef",
        "LLMRING_TODAY": TODAY,
    }
    if second is not None:
        environ |= {"GROQ_BASE_URL": f"{second.url}/v1", "GROQ_API_KEY": "gsk-0123456789abcdef"}
    return LLMRing(str(lockfile), environ=environ)


async def asked(ring: LLMRing, wishes: CallWishes, timeout: float = 60.0) -> LLMResponse:
    request = LLMRequest("a", [Message("user", "Hi")], timeout=timeout)
    return await ring._send(parse_request(request), None, wishes)


class Answers(Struct):
    """The outcomes of calls, and the circuits afterwards."""

    found: list[LLMResponse | LLMRingError]
    circuits: list[CircuitState]

    @property
    def responses(self) -> list[LLMResponse]:
        return [each for each in self.found if isinstance(each, LLMResponse)]

    @property
    def error(self) -> LLMRingError:
        (error,) = [each for each in self.found if isinstance(each, LLMRingError)]
        return error

    @property
    def outcomes(self) -> list[list[str]]:
        return [[attempt.outcome for attempt in each.attempts] for each in self.responses]


def answer(
    tmp_path: Path,
    first: Callable[[int], Answer],
    second: Callable[[int], Answer] | None = None,
    *,
    policy: str = "",
    timeout: float = 60.0,
    pacer: Pacer | None = None,
    calls: int = 1,
) -> Answers:
    """Make calls, one after the other, by a ring with these servers."""

    async def main(*servers: Loopback) -> Answers:
        found: list[LLMResponse | LLMRingError] = []
        wishes = CallWishes(patience=pacer or Pacer())
        async with ring_of(tmp_path, *servers, policy=policy) as ring:
            for _ in range(calls):
                try:
                    found.append(await asked(ring, wishes, timeout))
                except LLMRingError as error:
                    found.append(error)
            return Answers(found, await ring._circuits.snapshot())

    with contextlib.ExitStack() as stack:
        chosen = [each for each in (first, second) if each is not None]
        return asyncio.run(main(*(stack.enter_context(ChosenServer(each)) for each in chosen)))


def after(count: int, *answers: Answer) -> Callable[[int], Answer]:
    """Answer well after this many others."""
    return lambda number: answers[number % len(answers)] if number < count else OK


@pytest.mark.parametrize("limit", [SHORTLY, OVERLOADED], ids=["429", "503 overloaded"])
def test_b21_a_limit_is_no_failure_and_holds_the_call_on_its_model(
    tmp_path: Path, limit: Answer
) -> None:
    answers = answer(tmp_path, after(2, limit), lambda _: OK)

    (attempt,) = answers.responses[0].attempts
    assert (attempt.model, attempt.outcome) == (FIRST, "ok")
    assert len(attempt.notes) == 1
    assert attempt.notes[0].startswith("waited ")
    assert attempt.notes[0].endswith(" s for the rate limit, 2 times")
    assert answers.circuits == []


def test_b21_faults_fall_over_as_always_and_open_circuits(tmp_path: Path) -> None:
    answers = answer(tmp_path, lambda _: DOWN, lambda _: OK, calls=4)

    assert [response.model for response in answers.responses] == [SECOND] * 4
    assert answers.outcomes == [["failed", "ok"]] * 3 + [["skipped", "ok"]]
    assert [circuit.model for circuit in answers.circuits] == [FIRST]


def test_b21_a_quota_that_is_used_up_is_a_failure_at_once(tmp_path: Path) -> None:
    answers = answer(tmp_path, lambda _: USED_UP, lambda _: OK)

    assert answers.outcomes == [["failed", "ok"]]


def test_b21_a_limit_that_never_ends_fails_with_its_error(tmp_path: Path) -> None:
    began = time.monotonic()
    error = answer(tmp_path, lambda _: SHORTLY, pacer=Pacer(most_wait=0.5)).error

    assert isinstance(error, AllModelsFailedError)
    assert 0.4 <= time.monotonic() - began < 20
    (attempt,) = error.attempts
    assert attempt.status == 429
    assert "for the rate limit" in attempt.notes[0]


def test_b21_each_model_is_asked_in_one_round_alone(tmp_path: Path) -> None:
    error = answer(tmp_path, lambda _: DOWN, lambda _: DOWN, policy="policy.retries = 3").error

    assert isinstance(error, AllModelsFailedError)
    assert [attempt.model for attempt in error.attempts] == [FIRST, SECOND]


def test_b10_the_wait_for_a_turn_counts_for_no_time_limit(tmp_path: Path) -> None:
    answers = answer(tmp_path, after(1, LIMITED), timeout=0.8)

    (attempt,) = answers.responses[0].attempts
    assert attempt.ms < 800
    assert attempt.notes[0].endswith(" s for the rate limit, once")


def test_b10_a_request_keeps_its_time_limit(tmp_path: Path) -> None:
    slow = Answer([Pause(5.0), b"{}"])
    error = answer(tmp_path, lambda number: SHORTLY if number == 0 else slow, timeout=0.3).error

    assert isinstance(error, AllModelsFailedError)
    assert 250 <= error.attempts[0].ms < 4000


@pytest.mark.parametrize("policy", ["max_concurrency = 1", "rpm = 100\ntpm = 100000"])
def test_b18_limits_of_the_lockfile_are_waited_for_without_an_end(
    tmp_path: Path, policy: str
) -> None:
    async def main(server: Loopback) -> list[LLMResponse]:
        wishes = CallWishes(patience=Pacer())
        async with ring_of(tmp_path, server, policy=policy) as ring:
            return await asyncio.gather(*(asked(ring, wishes, 0.35) for _ in range(4)))

    with ChosenServer(lambda _: Answer([Pause(0.15), *OK.steps], 200, OK.headers)) as server:
        found = asyncio.run(main(server))

    assert [[each.outcome for each in response.attempts] for response in found] == [["ok"]] * 4


def test_b15_a_budget_is_not_waited_for_and_gives_the_turn_back(tmp_path: Path) -> None:
    async def main(server: Loopback, pacer: Pacer) -> None:
        budget = Account(
            key=f"batch {tmp_path}",
            name="the batch",
            budgets=(Budget("total", Decimal("0.000001")),),
            waits=False,
        )
        wishes = CallWishes(patience=pacer, accounts=(budget,))
        async with ring_at(server) as ring:
            request = LLMRequest(MODEL, [Message("user", "Hi")])
            with pytest.raises(BudgetExceededError):
                await ring._send(parse_request(request), None, wishes)

    pacer = Pacer()
    with ChosenServer(lambda _: OK) as server:
        asyncio.run(main(server, pacer))

        assert [state.in_flight for state in pacer.states()] == [0]
        assert server.requests == []


def test_a_limited_request_counts_once_against_a_budget(tmp_path: Path) -> None:
    async def main(server: Loopback) -> LLMResponse:
        budget = Account(
            key=f"batch of one {tmp_path}",
            name="the batch",
            # Enough for the estimate of one request, but not of two.
            budgets=(Budget("total", Decimal("0.001")),),
            waits=False,
        )
        wishes = CallWishes(patience=Pacer(), accounts=(budget,))
        async with ring_at(server) as ring:
            request = LLMRequest(MODEL, [Message("user", "Hi")])
            return await ring._send(parse_request(request), None, wishes)

    with ChosenServer(after(3, SHORTLY)) as server:
        response = asyncio.run(main(server))

    assert [attempt.outcome for attempt in response.attempts] == ["ok"]


def test_b21_where_all_circuits_are_open_the_first_probe_is_waited_for(tmp_path: Path) -> None:
    async def main() -> tuple[list[LLMResponse], float]:
        with ChosenServer(after(3, DOWN)) as server:
            async with ring_of(tmp_path, server) as ring:
                wishes = CallWishes(patience=Pacer())
                for _ in range(3):
                    with pytest.raises(AllModelsFailedError):
                        await asked(ring, wishes)
                circuits: Any = ring._circuits
                for circuit in circuits._circuits.values():
                    circuit.until = time.monotonic() + 0.4
                began = time.monotonic()
                found = await asyncio.gather(*(asked(ring, wishes, 0.3) for _ in range(5)))
                return list(found), time.monotonic() - began

    found, seconds = asyncio.run(main())

    assert seconds >= 0.35
    assert [[attempt.outcome for attempt in each.attempts] for each in found] == [["ok"]] * 5


def test_b21_rows_in_line_for_a_model_that_fails_meanwhile_cost_no_attempts(
    tmp_path: Path,
) -> None:
    async def main(first: Loopback, second: Loopback) -> list[LLMResponse]:
        wishes = CallWishes(patience=Pacer(1))
        async with ring_of(tmp_path, first, second) as ring:
            return await asyncio.gather(*(asked(ring, wishes) for _ in range(12)))

    with ChosenServer(lambda _: DOWN) as first, ChosenServer(lambda _: OK) as second:
        found = asyncio.run(main(first, second))

        assert len(first.requests) == 3
    assert {response.model for response in found} == {SECOND}
    reasons = [response.attempts[0].outcome for response in found]
    assert sorted(reasons) == ["failed"] * 3 + ["skipped"] * 9


def test_b21_rows_in_line_for_the_only_model_wait_for_its_probe(tmp_path: Path) -> None:
    async def main(server: Loopback) -> list[LLMResponse | BaseException]:
        wishes = CallWishes(patience=Pacer(1))
        async with ring_of(tmp_path, server) as ring:
            calls = [asyncio.ensure_future(asked(ring, wishes, 0.3)) for _ in range(8)]
            while len(server.requests) < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            circuits: Any = ring._circuits
            for circuit in circuits._circuits.values():
                circuit.until = time.monotonic() + 0.3
            return await asyncio.gather(*calls, return_exceptions=True)

    with ChosenServer(after(3, DOWN)) as server:
        found = asyncio.run(main(server))

    responses = [each for each in found if isinstance(each, LLMResponse)]
    assert len(responses) == 5
    assert [[attempt.outcome for attempt in each.attempts] for each in responses] == [["ok"]] * 5


@pytest.mark.parametrize("spills", [False, True])
def test_b21_only_a_batch_that_spills_sends_the_overflow_to_the_next_model(
    tmp_path: Path, *, spills: bool
) -> None:
    async def main(first: Loopback, second: Loopback) -> list[LLMResponse]:
        wishes = CallWishes(patience=Pacer(2, spills=spills))
        async with ring_of(tmp_path, first, second) as ring:
            return await asyncio.gather(*(asked(ring, wishes) for _ in range(6)))

    slow = Answer([Pause(0.1), *OK.steps], 200, OK.headers)
    with ChosenServer(lambda _: slow) as first, ChosenServer(lambda _: slow) as second:
        found = asyncio.run(main(first, second))

    models = {response.model for response in found}
    assert models == ({FIRST, SECOND} if spills else {FIRST})
    assert all(len(response.attempts) == 1 for response in found)


def test_a_stream_has_no_patience(tmp_path: Path) -> None:
    async def main(server: Loopback, pacer: Pacer) -> None:
        async with ring_of(tmp_path, server, policy="policy.retries = 0") as ring:
            request = parse_request(LLMRequest("a", [Message("user", "Hi")]))
            with pytest.raises(AllModelsFailedError):
                async for _ in ring._stream(request, None, CallWishes(patience=pacer)):
                    pass

    pacer = Pacer()
    with ChosenServer(lambda _: LIMITED) as server:
        asyncio.run(main(server, pacer))

    assert pacer.states() == []


def test_b21_embeddings_wait_for_limits_as_well(tmp_path: Path) -> None:
    vectors = as_json(
        {
            "data": [{"index": 0, "embedding": [0.5, 0.25], "object": "embedding"}],
            "model": "any",
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
    )

    async def main() -> EmbeddingResponse:
        choose = after(2, SHORTLY)
        with ChosenServer(lambda number: vectors if number >= 2 else choose(number)) as server:
            async with ring_of(tmp_path, server) as ring:
                request = EmbeddingRequest(texts=["Hi"])
                return await ring._embed(request, "a", None, 0.5, CallWishes(patience=Pacer()))

    response = asyncio.run(main())

    assert response.vectors == [[0.5, 0.25]]
    assert response.attempts[0].notes[0].endswith("2 times")


def test_b20_an_upstream_s_limit_costs_no_row_and_moves_none_to_another_model(
    tmp_path: Path,
) -> None:
    async def main(first: Loopback, second: Loopback) -> tuple[list[LLMResponse], float]:
        pacer = Pacer()
        wishes = CallWishes(patience=pacer)
        found: list[LLMResponse] = []
        async with ring_of(tmp_path, first, second) as ring:
            began = time.monotonic()

            async def worker() -> None:
                while time.monotonic() - began < 4.0:
                    found.append(await asked(ring, wishes))

            await asyncio.gather(*(worker() for _ in range(64)))
            seconds = time.monotonic() - began
            assert await ring._circuits.snapshot() == []
            assert pacer.states()[0].limits > 0
        return found, seconds

    first = LimitedServer(100)
    with first, ChosenServer(lambda _: OK) as second:
        found, seconds = asyncio.run(main(first, second))

        assert {response.model for response in found} == {FIRST}
        assert all(len(response.attempts) == 1 for response in found)
        assert second.requests == []
        assert first.admitted == len(found)
        assert len(found) >= 0.7 * 100 * seconds
