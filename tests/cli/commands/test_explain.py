"""llmring explain, and llmring chat --explain."""

import json
from collections.abc import Callable

import pytest

import answers
from cli.terminal import FIRST, SECOND, Call, lockfile_of, write
from loopback import Loopback

Vendors = Callable[..., Loopback]


def test_models_are_printed_in_the_order_they_would_be_tried(call: Call, openai: Vendors) -> None:
    server = openai()

    result = call("explain", "fast", "--tokens", "1000", "--max-tokens", "500")

    assert (result.code, result.err) == (0, "")
    # A model's line is followed by its retirement date, if known.
    lines = [line for line in result.out.splitlines() if not line.startswith("      ")]
    assert lines[:3] == [
        "fast (ordered), for a prompt of 1,000 tokens, an answer of 500 at most:",
        f"  1  {FIRST}           context 128,000  $0.15/$0.60 per million tokens   "
        "at most $0.00045",
        f"  2  {SECOND}  context 200,000  $3.00/$15.00 per million tokens  at most $0.0105",
    ]
    assert server.requests == []


def test_a_missing_key_is_reported_with_its_variable(call: Call) -> None:
    write(lockfile_of(default={"fast": [FIRST]}))

    result = call("explain", "fast")

    assert result.code == 1
    assert "skipped: no key; set OPENAI_API_KEY" in result.out
    assert result.err == "no model of fast is usable for this request\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--image"], "no vision"),
        (["--document"], "no documents"),
        (["--audio"], "no audio"),
        (["--tokens", "20000"], "no prompt of more than 16,385 tokens"),
        (["--max-tokens", "5000"], "no max_tokens above 4,096"),
        (["--tools"], None),
        (["--schema"], None),
    ],
)
def test_the_content_of_the_request_decides_which_models_are_skipped(
    call: Call, openai: Vendors, words: list[str], reason: str | None
) -> None:
    openai()

    result = call("explain", "openai:gpt-3.5-turbo", *words)

    assert result.code == (0 if reason is None else 1)
    assert ("skipped: " in result.out) == (reason is not None)
    assert reason is None or reason in result.out


def test_json_contains_the_whole_plan(call: Call, openai: Vendors) -> None:
    openai()

    result = call("explain", "fast", "--tokens", "10", "--max-tokens", "1", "--json")

    plan = json.loads(result.out)
    assert plan["alias"] == "fast"
    assert plan["size"] == {"prompt": 10, "method": "as given", "answer": 1}
    assert [step["turn"] for step in plan["steps"]] == [1, 2]
    assert plan["steps"][0]["rates"]["output"] == "0.6"
    assert float(plan["steps"][0]["cost"]) == pytest.approx(2.1e-6)
    assert "E" not in plan["steps"][0]["cost"]


def test_unknown_facts_about_a_model_are_marked(call: Call) -> None:
    result = call("explain", "mock:echo")

    assert "context unknown  price unknown  cost unknown" in result.out
    assert "not in the catalog" in result.out


@pytest.mark.parametrize("words", [["--tokens", "0"], ["--max-tokens", "many"]])
def test_an_invalid_number_is_wrong_usage(call: Call, words: list[str]) -> None:
    result = call("explain", "fast", *words)

    assert result.code == 2
    assert "not a whole number above 0" in result.err


def test_chat_explain_reports_every_attempt_after_the_answer(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(404, "gone"))

    result = call("chat", "Hello", "--explain")

    assert (result.code, result.out) == (0, "Salve\n")
    first, second = result.err.splitlines()
    assert first.split()[:2] == [FIRST, "failed"]
    assert "no cost" in first
    assert first.endswith("gone")
    assert second.split()[:2] == [SECOND, "ok"]
    assert "$0.00006" in second


def test_chat_explain_reports_every_attempt_of_a_failed_call(call: Call) -> None:
    write(lockfile_of(default={"fast": [FIRST]}))

    result = call("chat", "Hello", "--explain")

    assert result.code == 1
    assert f"{FIRST}  skipped" in result.err.splitlines()[0]
