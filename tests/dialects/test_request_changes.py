"""Changes to refused requests."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.request_changes import (
    ChooseLevel,
    Clamp,
    LeaveOut,
    LeaveOutItem,
    LeaveOutOfTools,
    LeaveOutValue,
    Rename,
    Replace,
    RequestChange,
    changed_request,
)
from llmring.wire import HttpRequest


def request(body: Any, **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return HttpRequest("POST", "http://x/v1", named, json.dumps(body).encode())


def notes(change: RequestChange, body: Any, **headers: str) -> tuple[str, ...]:
    changed = changed_request(request(body, **headers), [change])
    return () if changed is None else changed.notes


EFFORT = (("effort",),)

CHANGES: list[tuple[RequestChange, dict[str, Any], str]] = [
    (
        LeaveOut(name="seed", paths=(("seed",),)),
        {"seed": 1},
        "seed left out: the model refuses it",
    ),
    (
        LeaveOutValue(name="effort", paths=EFFORT),
        {"effort": "low"},
        "effort low left out: the model refuses this value",
    ),
    (
        LeaveOutItem(path=("include",), item="a"),
        {"include": ["a", "b"]},
        "a left out: the model refuses it",
    ),
    (
        LeaveOutOfTools("b"),
        {"tools": [{"a": 1, "b": 2}, {"b": 3}, {"a": 1}]},
        "b of tools left out: the model refuses it",
    ),
    (Rename(name="a", to="b"), {"a": 1}, "a sent as b: the model refuses the other name"),
    (
        Replace(name="thinking", path=("thinking",), value={"type": "adaptive"}),
        {},
        'thinking set to {"type":"adaptive"}: the model demands it',
    ),
    (
        Clamp(name="budget", paths=(("budget",),), most=10),
        {"budget": 20},
        "budget 10 for 20: the model takes no other",
    ),
    (
        ChooseLevel(name="effort", paths=EFFORT, levels=("low", "high")),
        {"effort": "xhigh"},
        "effort high for xhigh: the model has no xhigh",
    ),
]


@pytest.mark.parametrize(("change", "body", "note"), CHANGES)
def test_each_change_says_what_it_did(change: RequestChange, body: Any, note: str) -> None:
    assert notes(change, body) == (note,)


@pytest.mark.parametrize(("change", "body", "note"), CHANGES)
def test_a_change_that_was_made_has_nothing_more_to_change(
    change: RequestChange,
    body: Any,
    note: str,
) -> None:
    changed = changed_request(request(body), [change])

    assert changed is not None
    assert changed_request(changed.http, changed.changes) is None


def test_the_request_itself_stays_as_it_was() -> None:
    http = request({"seed": 1}, x_a="b")
    changed_request(http, [LeaveOut(name="seed", paths=(("seed",),))])

    assert (json.loads(http.body), http.headers) == ({"seed": 1}, {"x-a": "b"})


def test_a_table_that_is_empty_without_a_parameter_goes_with_it() -> None:
    change = LeaveOut(name="level", paths=(("config", "thinking", "level"),))
    changed = changed_request(request({"config": {"thinking": {"level": 1}}, "n": 1}), [change])

    assert changed is not None
    assert json.loads(changed.http.body) == {"n": 1}


def test_a_level_turns_reasoning_neither_on_nor_off() -> None:
    change = ChooseLevel(name="effort", paths=EFFORT, levels=("none",))

    assert notes(change, {"effort": "high"}) == ("effort left out: the model has no high",)


def test_levels_keep_the_case_of_the_api() -> None:
    change = ChooseLevel(name="level", paths=EFFORT, levels=("low", "high"))
    changed = changed_request(request({"effort": "MINIMAL"}), [change])

    assert changed is not None
    assert json.loads(changed.http.body) == {"effort": "LOW"}


def test_a_parameter_beside_another_is_left_out_only_with_it() -> None:
    change = LeaveOut(name="top_p", paths=(("top_p",),), together_with=("temperature",))

    assert notes(change, {"top_p": 1, "temperature": 1})
    assert not notes(change, {"top_p": 1})


def test_a_body_that_is_not_json_is_left_alone() -> None:
    http = HttpRequest("POST", "http://x", {}, b"--boundary\r\n")

    assert changed_request(http, [LeaveOut(name="a", paths=(("a",),))]) is None


@given(st.dictionaries(st.sampled_from("abc"), st.integers(-9, 9)), st.integers(-5, 0))
def test_clamped_numbers_are_within_the_range(body: dict[str, int], least: int) -> None:
    change = Clamp(name="a", paths=(("a",),), least=least, most=3)
    changed = changed_request(request(body), [change])
    after = body if changed is None else json.loads(changed.http.body)

    assert {**body, **({"a": min(3, max(least, body["a"]))} if "a" in body else {})} == after
