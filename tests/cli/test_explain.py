"""llmring explain, and llmring chat --explain."""

import json
from collections.abc import Callable

import pytest

import answers
from cli.terminal import FIRST, SECOND, Call, lockfile_of, write
from loopback import Loopback

Vendors = Callable[..., Loopback]


def test_the_models_are_printed_in_the_order_of_their_trial(call: Call, openai: Vendors) -> None:
    server = openai()

    told = call("explain", "fast", "--tokens", "1000", "--max-tokens", "500")

    assert (told.code, told.err) == (0, "")
    # Below a model stands when its provider retires it, where that is known.
    lines = [line for line in told.out.splitlines() if not line.startswith("      ")]
    assert lines[:3] == [
        "fast (ordered), for a prompt of 1,000 tokens, an answer of 500 at most:",
        f"  1  {FIRST}           context 128,000  $0.15/$0.60 per million tokens   "
        "at most $0.00045",
        f"  2  {SECOND}  context 200,000  $3.00/$15.00 per million tokens  at most $0.0105",
    ]
    assert server.requests == []


def test_a_missing_key_is_told_with_its_variable(call: Call) -> None:
    write(lockfile_of(default={"fast": [FIRST]}))

    told = call("explain", "fast")

    assert told.code == 1
    assert "skipped: no key; set OPENAI_API_KEY" in told.out
    assert told.err == "no model of fast can be used for this\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--image"], "no vision"),
        (["--document"], "no documents"),
        (["--audio"], "no audio"),
        (["--schema"], "no json_schema"),
        (["--tokens", "20000"], "no prompt of more than 16,385 tokens"),
        (["--max-tokens", "5000"], "no max_tokens above 4,096"),
        (["--tools"], None),
    ],
)
def test_what_the_request_would_have_decides_who_is_skipped(
    call: Call, openai: Vendors, words: list[str], reason: str | None
) -> None:
    openai()

    told = call("explain", "openai:gpt-3.5-turbo", *words)

    assert told.code == (0 if reason is None else 1)
    assert ("skipped: " in told.out) == (reason is not None)
    assert reason is None or reason in told.out


def test_json_has_all_of_it(call: Call, openai: Vendors) -> None:
    openai()

    told = call("explain", "fast", "--tokens", "10", "--max-tokens", "1", "--json")

    plan = json.loads(told.out)
    assert plan["alias"] == "fast"
    assert plan["size"] == {"prompt": 10, "method": "as given", "answer": 1}
    assert [step["turn"] for step in plan["steps"]] == [1, 2]
    assert plan["steps"][0]["rates"]["output"] == "0.6"
    assert float(plan["steps"][0]["cost"]) == pytest.approx(2.1e-6)
    assert "E" not in plan["steps"][0]["cost"]


def test_what_is_not_known_of_a_model_is_said(call: Call) -> None:
    told = call("explain", "mock:echo")

    assert "context unknown  price unknown  cost unknown" in told.out
    assert "it is in no catalog" in told.out


@pytest.mark.parametrize("words", [["--tokens", "0"], ["--max-tokens", "many"]])
def test_a_number_that_is_none_is_wrong_usage(call: Call, words: list[str]) -> None:
    told = call("explain", "fast", *words)

    assert told.code == 2
    assert "no whole number above 0" in told.err


def test_chat_tells_after_the_answer_what_became_of_each_model(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(404, "gone"))

    told = call("chat", "Hello", "--explain")

    assert (told.code, told.out) == (0, "Salve\n")
    first, second = told.err.splitlines()
    assert first.split()[:2] == [FIRST, "failed"]
    assert "no cost" in first
    assert first.endswith("gone")
    assert second.split()[:2] == [SECOND, "ok"]
    assert "$0.00006" in second


def test_chat_tells_it_where_no_model_answers_too(call: Call) -> None:
    write(lockfile_of(default={"fast": [FIRST]}))

    told = call("chat", "Hello", "--explain")

    assert told.code == 1
    assert f"{FIRST}  skipped" in told.err.splitlines()[0]
