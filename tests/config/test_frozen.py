"""Frozen lockfiles, and warnings about models that come once, through the public API."""

import logging
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import FrozenLockfileError, LLMRequest, LLMRing, LockfileError, MissingAliasesError
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.edit.pins import pinned
from llmring.lockfile.pins import Pin
from loopback import Answer, Loopback, as_stream
from rings import LASTING, MODEL, environ_of

Serve = Callable[..., Loopback]
Lock = Callable[..., Path]

REF = ModelRef.parse(MODEL)
PIN = Pin(
    ref=REF,
    model="gpt-4o-mini",
    context_window=128_000,
    capabilities=("tools",),
    prices={"input": Decimal(100_000), "output": Decimal(200_000)},
)
STREAM = as_stream(
    answers.ROLE + answers.openai_event(content="Hi") + answers.openai_event(finish_reason="stop"),
    answers.USAGE + answers.DONE,
)


def pin(path: Path, *pins: Pin) -> None:
    text = path.read_text()
    path.write_text(pinned(text, {each.ref: each for each in pins}, date(2026, 11, 23)))


@pytest.fixture
def ring(serve: Serve, lockfile: Lock) -> Callable[..., LLMRing]:
    """Return a function that makes a ring on a server; its lockfile is pinned and frozen."""

    def make(
        *replies: Answer, pins: tuple[Pin, ...] | None = (PIN,), frozen: bool = True
    ) -> LLMRing:
        path = lockfile(fast=[MODEL], other=[MODEL])
        path.write_text(path.read_text() + LASTING)
        if pins is not None:
            pin(path, *pins)
        environ = environ_of(serve(*(replies or (answers.openai(),))))
        return LLMRing(path, environ=environ | ({"LLMRING_FROZEN": "1"} if frozen else {}))

    return make


Make = Callable[..., LLMRing]


def test_a_pinned_model_is_called_at_the_price_that_was_pinned(way: Way, ring: Make) -> None:
    response = way.chat(ring(), "fast", "Hello")

    # 10 tokens in, 2 out.
    assert response.cost == Decimal("1.4")


def test_a_stream_costs_what_was_pinned(way: Way, ring: Make) -> None:
    assert way.stream(ring(STREAM), "fast", "Hello")[-1].cost == Decimal("1.4")


def test_without_the_switch_the_price_is_the_catalog_s(way: Way, ring: Make) -> None:
    response = way.chat(ring(frozen=False), "fast", "Hello")

    assert response.cost is not None
    assert response.cost < Decimal("0.001")


def test_pinned_facts_decide_what_a_model_can_do(way: Way, ring: Make) -> None:
    [step] = ring().explain("fast").steps

    assert (step.context_window, step.max_output) == (128_000, None)


def test_an_unpinned_model_has_no_price(way: Way, ring: Make) -> None:
    made = ring(pins=())

    response = way.chat(made, "fast", "Hello")

    assert response.cost is None


def test_a_model_that_the_lockfile_names_can_be_called_by_its_name(way: Way, ring: Make) -> None:
    assert way.chat(ring(), MODEL, "Hello").content == "from openai"


def test_a_model_that_the_lockfile_does_not_name_is_refused(way: Way, ring: Make) -> None:
    made = ring()

    with pytest.raises(FrozenLockfileError) as caught:
        way.chat(made, "openai:gpt-4o", "Hello")

    assert caught.value.path == made.lockfile_path
    assert str(caught.value) == (
        f"{made.lockfile_path}: openai:gpt-4o is not in the lockfile, which is frozen: no binding "
        "of profile 'default' names it; bind it and run llmring lock pin, or call "
        "without LLMRING_FROZEN and --frozen"
    )


def test_a_model_of_another_profile_is_refused(way: Way, ring: Make) -> None:
    made = ring(pins=None)
    path = made.lockfile_path
    path.write_text(
        path.read_text() + '[[profiles.dev.bindings]]\nalias = "x"\nmodels = "openai:gpt-4o"\n'
    )
    pin(path, PIN)

    with pytest.raises(FrozenLockfileError, match="no binding of profile 'default' names it"):
        way.chat(made, "openai:gpt-4o", "Hello")


def test_a_lockfile_that_is_not_pinned_is_refused(way: Way, ring: Make) -> None:
    with pytest.raises(FrozenLockfileError, match=r"frozen, but is not pinned; .*: llmring lock"):
        way.chat(ring(pins=None), "fast", "Hello")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (f"models = ['{MODEL}']", "models = ['openai:gpt-4o']", "the bindings or the pins differ"),
        ("input = 100000", "input = 1", "the pin of openai:gpt-4o-mini was changed"),
        ("digest =", "x-digest =", "the pin of openai:gpt-4o-mini has no digest|have no digest"),
    ],
)
def test_W06_a_lockfile_that_was_changed_is_refused_at_the_next_call(
    way: Way, ring: Make, old: str, new: str, what: str
) -> None:
    made = ring(answers.openai(), answers.openai())
    way.chat(made, "fast", "Hello")
    path = made.lockfile_path
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(FrozenLockfileError, match=what):
        way.chat(made, "fast", "Hello")


def test_a_repaired_frozen_lockfile_is_used_again(way: Way, ring: Make) -> None:
    made = ring(pins=None)
    with pytest.raises(LockfileError):
        way.chat(made, "fast", "Hello")

    pin(made.lockfile_path, PIN)

    assert way.chat(made, "fast", "Hello").content == "from openai"


def test_embeddings_are_frozen_too(ring: Make) -> None:
    with pytest.raises(FrozenLockfileError):
        ring().embed("openai:text-embedding-3-small", "text")


def test_missing_aliases_are_not_confused_with_a_changed_lockfile(
    ring: Make,
) -> None:
    made = ring()
    made.require_aliases(["fast", "other"])
    with pytest.raises(MissingAliasesError):
        made.require_aliases(["nothing"])
    path = made.lockfile_path
    path.write_text(path.read_text().replace("input = 100000", "input = 1"))

    with pytest.raises(FrozenLockfileError):
        made.require_aliases(["fast"])


def served_as(name: str) -> Answer:
    return answers.openai(model=name)


def test_a_served_model_other_than_the_pinned_one_is_warned_of_once(
    way: Way, ring: Make, caplog: pytest.LogCaptureFixture
) -> None:
    moved = Pin(ref=REF, model="gpt-4o-mini", snapshot="gpt-4o-mini-2024-01-01")
    made = ring(served_as("gpt-4o-mini-2"), served_as("gpt-4o-mini-2"), pins=(moved,), frozen=False)

    with caplog.at_level(logging.WARNING, "llmring"):
        attempts = [way.chat(made, "fast", "Hello").attempts[-1] for _ in range(2)]

    result = "served as gpt-4o-mini-2; the lockfile has pinned gpt-4o-mini-2024-01-01"
    assert [attempt.notes for attempt in attempts] == [(result,), ()]
    assert caplog.messages == [f"{MODEL} {result}"]


def test_a_stream_served_by_another_model_than_before_is_warned_of(way: Way, ring: Make) -> None:
    made = ring(served_as("gpt-4o-mini-1"), STREAM, pins=None, frozen=False)
    assert way.chat(made, "fast", "Hello").attempts[-1].notes == ()

    last = way.stream(made, "fast", "Hello")[-1]

    assert last.attempts[-1].notes == (
        "served as gpt-4o-mini-2024-07-18, and as gpt-4o-mini-1 before",
    )


RETIRED = """
[registry.models."openai:gpt-4o-mini"]
retires = 2020-01-01
"""


@pytest.fixture
def two(serve: Serve, lockfile: Lock) -> LLMRing:
    """Return a ring whose first model is retired."""
    path = lockfile(fast=[MODEL, "openai:some-model"])
    path.write_text(path.read_text() + RETIRED)
    return LLMRing(path, environ=environ_of(serve(answers.openai(), answers.openai())))


def test_a_retired_model_is_asked_last_with_one_warning(
    way: Way, two: LLMRing, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "llmring"):
        request = [way.chat(two, LLMRequest(model="fast", messages="Hi")) for _ in range(2)]

    assert [response.model for response in request] == ["openai:some-model"] * 2
    assert caplog.messages == [
        "openai:gpt-4o-mini was retired by its provider on 2020-01-01, so it is tried last; "
        "run `llmring lock upgrade` to bind another model"
    ]


def test_explain_shows_a_retired_model_last_and_why(two: LLMRing) -> None:
    first, second = two.explain("fast").steps

    assert (first.model, second.model) == ("openai:some-model", MODEL)
    assert second.remarks == ("retired by its provider on 2020-01-01, so it is tried last",)


def test_a_pinned_lockfile_reads_without_warnings(ring: Make) -> None:
    made = ring(frozen=False)

    assert parse(made.lockfile_path.read_text()).warnings == ()
    assert made.list_aliases() == {"fast": MODEL, "other": MODEL}
