"""The plan of a call: its time, its models and those who follow it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRequest, LLMRing, ModelNotFoundError, ProviderTimeoutError, ValidationError
from llmring.chat.parsed_request import parse_request
from llmring.routing.call_wishes import CallWishes
from loopback import Answer, Loopback, Pause
from rings import LASTING, MODEL, ring_at

Serve = Callable[..., Loopback]

NEVER = "mock:slow?ms=60000"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a lockfile that binds `fast` to a model, with these lines of policy."""

    def make(model: str, *policy: str) -> Path:
        path = tmp_path / "llmring.lock"
        lines = ["[[profiles.default.bindings]]", 'alias = "fast"', f'models = ["{model}"]']
        path.write_text("\n".join([*lines, *policy, LASTING]))
        return path

    return make


Write = Callable[..., Path]


# How long the ring, the alias and the request itself let the call take.
TIMES: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "the ring's": (0.05, "", {}),
    "the alias's before the ring's": (60, "timeout = 0.05", {}),
    "the request's before both": (60, "timeout = 60", {"timeout": 0.05}),
    "the request's where the alias has none": (60, "", {"timeout": 0.05}),
}


@pytest.mark.parametrize(("own", "policy", "fields"), TIMES.values(), ids=TIMES.keys())
def test_the_closest_setting_decides_how_long_a_call_may_take(
    way: Way, write: Write, own: float, policy: str, fields: dict[str, Any]
) -> None:
    ring, began = LLMRing(write(NEVER, policy), timeout=own), time.monotonic()

    with pytest.raises(ProviderTimeoutError):
        way.chat(ring, "fast", "Hello", **fields)

    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("policy", "fields"),
    [("timeout = 60", {}), ("", {"timeout": 60}), ("timeout = 0.01", {"timeout": None})],
    ids=["alias", "request", "request without a limit"],
)
def test_the_closest_setting_may_give_a_call_more_time_than_the_ring(
    way: Way, serve: Serve, write: Write, policy: str, fields: dict[str, Any]
) -> None:
    [body] = answers.openai("Hi").steps
    server = serve(Answer([Pause(0.2), body], headers={"content-type": "application/json"}))
    ring = ring_at(server, lockfile_path=write(MODEL, policy), timeout=0.05)

    assert way.chat(ring, "fast", "Hello", **fields).content == "Hi"


@pytest.mark.parametrize("model", ["", None])
def test_a_request_without_a_model_is_refused(way: Way, model: Any) -> None:
    with pytest.raises(ValidationError, match="names no model"):
        way.chat(LLMRing(), model, "Hello")


def test_a_request_without_messages_is_refused_before_its_alias_is_looked_up(way: Way) -> None:
    with pytest.raises(ValidationError, match="no messages"):
        way.chat(LLMRing(), "no-such-alias", [])


def test_an_alias_that_is_removed_between_two_calls_is_not_called_again(write: Write) -> None:
    path = write("mock:echo")
    ring = LLMRing(path)
    assert ring.chat("fast", "Hello").content == "Hello"

    LLMRing(path).unbind_alias("fast")

    with pytest.raises(ModelNotFoundError):
        ring.chat("fast", "Hello")


def test_profiles_of_one_alias_are_planned_separately(tmp_path: Path) -> None:
    path = tmp_path / "llmring.lock"
    path.write_text(
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["mock:echo"]\n'
        '[[profiles.dev.bindings]]\nalias = "fast"\nmodels = ["mock:fixed?text=dev"]\n'
    )
    ring = LLMRing(path)

    found = [ring.chat("fast", "Hi", profile=profile).content for profile in (None, "dev", None)]

    assert found == ["Hi", "dev", "Hi"]


def test_each_ring_plans_by_its_own_keys(serve: Serve) -> None:
    server = serve(answers.openai("Hi"))
    without = LLMRing(environ={"OPENAI_BASE_URL": f"{server.url}/v1"})

    assert ring_at(server).chat(MODEL, "Hello").content == "Hi"
    assert [each.model for each in without.explain(MODEL, "Hello").skipped] == [MODEL]


def test_a_call_that_chooses_its_model_by_price_asks_the_cheapest_first(
    way: Way, serve: Serve, tmp_path: Path
) -> None:
    server = serve(answers.openai("Hi"))
    path = tmp_path / "llmring.lock"
    path.write_text(
        '[[profiles.default.bindings]]\nalias = "fast"\nstrategy = "cheapest"\n'
        'models = ["openai:dear", "openai:cheap"]\n'
        '[registry.models."openai:dear"]\nprices = { input = 9, output = 9 }\n'
        '[registry.models."openai:cheap"]\nprices = { input = 1, output = 1 }\n'
    )

    assert way.chat(ring_at(server, lockfile_path=path), "fast", "Hi").model == "openai:cheap"


# --- The caller's wishes ---

PRICED = """
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:dear", "openai:cheap", "openai:old"]
{policy}
[registry.models."openai:dear"]
prices = {{ input = 9, output = 9 }}
[registry.models."openai:cheap"]
prices = {{ input = 1, output = 1 }}
[registry.models."openai:old"]
prices = {{ input = 1, output = 1 }}
retires = 2026-11-01
"""


@pytest.fixture
def planned(serve: Serve, tmp_path: Path) -> Callable[..., list[str]]:
    """Plan a call with these wishes, and return the models that it would try."""
    server = serve(answers.openai("Hi"))
    path = tmp_path / "llmring.lock"

    def plan(policy: str = "", *, stream: bool = False, **wishes: Any) -> list[str]:
        path.write_text(PRICED.format(policy=policy))
        ring = ring_at(server, lockfile_path=path)
        request = parse_request(LLMRequest(model="fast", messages="Hi", max_tokens=1000))
        found = ring._planner.plan(request, None, stream=stream, wishes=CallWishes(**wishes))
        return [each.ref.model for each in found.targets]

    return plan


Planned = Callable[..., list[str]]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g025_a_call_tries_the_model_first_that_its_caller_prefers(
    planned: Planned, stream: bool
) -> None:
    assert planned(stream=stream) == ["dear", "cheap", "old"]
    assert planned(stream=stream, prefer="openai:cheap") == ["cheap", "dear", "old"]
    assert planned(stream=stream, prefer="openai:missing") == ["dear", "cheap", "old"]


@pytest.mark.parametrize(
    ("policy", "order"),
    [
        ('strategy = "cheapest"', ["dear", "cheap", "old"]),
        ('strategy = "weighted"\nweights = [0, 1, 0]', ["dear", "cheap", "old"]),
        ('strategy = "cheapest"\naffinity = false', ["cheap", "dear", "old"]),
        ("max_price_ratio = 0.5\naffinity = false", ["dear", "cheap", "old"]),
    ],
)
def test_g025_a_preferred_model_comes_before_the_strategy_s(
    planned: Planned, policy: str, order: list[str]
) -> None:
    assert planned(policy, prefer="openai:dear") == order


def test_g025_a_preferred_model_that_is_retired_still_comes_last(planned: Planned) -> None:
    assert planned(prefer="openai:old") == ["dear", "cheap", "old"]


def test_g025_a_preferred_model_that_costs_too_much_is_not_tried(planned: Planned) -> None:
    policy = "max_cost_per_request = 0.005"

    assert planned(policy, prefer="openai:dear") == ["cheap", "old"]


def test_g028_a_caller_can_only_lower_the_cost_of_a_call(planned: Planned) -> None:
    assert planned(max_cost=0.005) == ["cheap", "old"]
    assert planned("max_cost_per_request = 0.005", max_cost=1.0) == ["cheap", "old"]
    assert planned("max_cost_per_request = 1.0", max_cost=0.0001) == []
    assert planned(max_cost=1.0) == ["dear", "cheap", "old"]
