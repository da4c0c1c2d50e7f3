"""The plan of a call: its time, its models and those who follow it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ModelNotFoundError, ProviderTimeoutError, ValidationError
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
