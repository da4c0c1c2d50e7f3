"""The turns of a conversation stay with the model that answered last."""

from __future__ import annotations

import asyncio
import mmap
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import answers
from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.clock import Clock
from llmring.gateway.affinity import MOST, SECONDS, Affinity, SharedAffinity
from llmring.gateway.naming import CalledName
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.shared_table import SharedTable, size_of
from llmring.routing.call_wishes import CallWishes
from loopback import Answer, Loopback

Serve = Callable[..., Loopback]


class MovedClock(Clock, frozen=True, dict=True):
    """A clock that a test moves."""

    @property
    def time(self) -> float:
        return float(self.__dict__.get("moved", 1e9))

    def move(self, seconds: float) -> None:
        self.__dict__["moved"] = self.time + seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=self.time)

    def time_ns(self) -> int:
        return int(self.time * 10**9)


# --- The memory ---


def test_g025_the_model_that_answered_last_is_preferred() -> None:
    affinity = Affinity(MovedClock())

    assert affinity.preferred("a") is None
    affinity.answered("a", "openai:x")
    affinity.answered("b", "openai:y")
    affinity.answered("a", "openai:z")
    assert (affinity.preferred("a"), affinity.preferred("b")) == ("openai:z", "openai:y")


def test_g025_an_hour_after_its_last_answer_a_conversation_is_forgotten() -> None:
    clock = MovedClock()
    affinity = Affinity(clock)
    affinity.answered("a", "openai:x")

    clock.move(SECONDS - 1)
    assert affinity.preferred("a") == "openai:x"
    affinity.answered("a", "openai:x")
    clock.move(SECONDS - 1)
    assert affinity.preferred("a") == "openai:x"
    clock.move(1)
    assert affinity.preferred("a") is None
    assert len(affinity) == 0


def test_g025_conversations_that_ended_leave_no_memory() -> None:
    clock = MovedClock()
    affinity = Affinity(clock)
    for each in range(100):
        affinity.answered(str(each), "openai:x")
    clock.move(SECONDS)
    affinity.answered("new", "openai:x")

    assert len(affinity) == 1


def test_g025_of_too_many_conversations_the_one_silent_longest_is_forgotten() -> None:
    affinity = Affinity(MovedClock(), most=2)
    for each in ("a", "b", "a", "c"):
        affinity.answered(each, f"openai:{each}")

    assert [affinity.preferred(each) for each in "abc"] == ["openai:a", None, "openai:c"]


def test_g025_ten_thousand_conversations_are_remembered() -> None:
    affinity = Affinity(MovedClock())
    for each in range(MOST + 1):
        affinity.answered(str(each), "openai:x")

    assert len(affinity) == MOST == 10_000
    assert affinity.preferred("0") is None
    assert affinity.preferred("1") == "openai:x"


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.integers(0, 40))))
def test_g025_the_memory_agrees_with_a_simple_one(steps: list[tuple[str, str, int]]) -> None:
    clock = MovedClock()
    affinity = Affinity(clock, most=3, seconds=60)
    simple: dict[str, tuple[str, float]] = {}
    for conversation, target, seconds in steps:
        clock.move(seconds)
        alive = {each: row for each, row in simple.items() if clock.time - row[1] < 60}
        assert affinity.preferred(conversation) == alive.get(conversation, (None,))[0]
        affinity.answered(conversation, target)
        alive.pop(conversation, None)
        alive[conversation] = (target, clock.time)
        simple = dict([*alive.items()][-3:])
        assert len(affinity) <= 3


# --- The memory of several processes ---


def test_g025_a_conversation_stays_with_its_model_in_all_processes() -> None:
    clock = MovedClock()
    memory = mmap.mmap(-1, size_of(4))
    one, other = (SharedAffinity(clock, SharedTable(memory, 0, 4)) for _ in range(2))
    one.answered("a", "openai:x")
    assert (one.preferred("a"), other.preferred("a")) == ("openai:x", "openai:x")
    assert other.preferred("b") is None

    clock.move(SECONDS - 1)
    other.answered("a", "openai:y")
    clock.move(SECONDS - 1)
    assert one.preferred("a") == "openai:y"
    clock.move(1)
    assert (one.preferred("a"), other.preferred("a")) == (None, None)


# --- The ID ---

FAST = CalledName(name="fast", profile="default", alias="fast")
TURNS = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]


class Two:
    """Two models of equal weight behind one alias, and the conversations with it."""

    def __init__(self, ring: ServedRing, servers: tuple[Loopback, Loopback]) -> None:
        self.ring = ring
        self.servers = servers
        self.affinity = Affinity(ring.clock)

    async def turn(self, session: str) -> str:
        """Make one turn of a conversation as the gateway does; return the model that answers."""
        conversation = session
        wishes = CallWishes(prefer=self.affinity.preferred(conversation))
        question = parse_request(LLMRequest(model="t", messages="Hello"))
        answer = await self.ring._send(question, None, wishes)
        self.affinity.answered(conversation, answer.model)
        return answer.model

    def turns(self, sessions: int, count: int) -> dict[str, list[str]]:
        """Make this number of turns in all, over all sessions in order."""

        async def make() -> dict[str, list[str]]:
            found: dict[str, list[str]] = {f"s{each}": [] for each in range(sessions)}
            async with self.ring:
                for at in range(count):
                    session = f"s{at % sessions}"
                    found[session].append(await self.turn(session))
            return found

        return asyncio.run(make())


@pytest.fixture
def two(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Two]:
    def make(*policy: str) -> Two:
        servers = serve(answers.openai("a")), serve(answers.openai("b"))
        for name, server in zip(("DEEPSEEK", "GROQ"), servers, strict=True):
            monkeypatch.setenv(f"{name}_BASE_URL", f"{server.url}/v1")
            monkeypatch.setenv(f"{name}_API_KEY", "sk-0123456789abcdef")
        path = tmp_path / "llmring.lock"
        lines = [
            "[[profiles.default.bindings]]",
            'alias = "t"',
            'models = ["deepseek:any", "groq:any"]',
            'strategy = "weighted"',
            *policy,
        ]
        path.write_text("\n".join(lines))
        return Two(ServedRing(path), servers)

    return make


def test_g025_two_hundred_turns_of_twenty_sessions_never_switch(two: Callable[..., Two]) -> None:
    found = two().turns(20, 200)

    assert [len({*models}) for models in found.values()] == [1] * 20
    assert [len(models) for models in found.values()] == [10] * 20


def test_g025_new_conversations_are_still_spread_by_weight(two: Callable[..., Two]) -> None:
    found = two().turns(200, 200)

    share = Counter(models[0] for models in found.values())
    # 200 draws are further from the half than this once in 10^11.
    assert 50 < share["groq:any"] < 150


def test_g025_a_model_that_fails_is_left_and_the_next_one_stays(two: Callable[..., Two]) -> None:
    here = two()
    before = {f"s{each}": ("deepseek:any", "groq:any")[each % 2] for each in range(20)}
    for session, model in before.items():
        here.affinity.answered(session, model)
    # Twice in a row, so that the model is healthy for its other conversations.
    broken = Answer([b'{"error":{"message":"overloaded"}}'], 503)
    here.servers[0].answers[:] = [broken, broken, answers.openai("a")]

    after = here.turns(20, 200)

    assert [each for each in before if before[each] != after[each][0]] == ["s0", "s2"]
    assert all(len({*models}) == 1 for models in after.values())


def test_g025_affinity_can_be_turned_off(two: Callable[..., Two]) -> None:
    found = two("affinity = false").turns(5, 200)

    # 40 draws of two models are all the same once in 10^11.
    assert [len({*models}) for models in found.values()] == [2] * 5


def test_g025_a_model_that_the_lockfile_rules_out_is_not_preferred(
    two: Callable[..., Two],
) -> None:
    here = two("weights = [1, 0]", "needs = ['tools']")
    here.affinity.answered("s0", "openai:not-of-this-alias")

    assert here.turns(1, 2)["s0"] == ["deepseek:any"] * 2
