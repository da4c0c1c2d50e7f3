"""What `llmring chat` says when no answer comes, or not all of it."""

import subprocess
from collections.abc import Callable

import pytest

import answers
from cli.terminal import FIRST, PYTHON, SECOND, Call, is_plain_error, lockfile_of, run, write
from loopback import Close, Loopback, as_stream

Vendors = Callable[..., Loopback]


def test_W032_an_error_of_the_only_model_is_one_plain_line(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(500, "went wrong"))

    told = call("chat", "Hello", "--model", "solo")

    assert (told.code, told.out) == (1, "")
    assert is_plain_error(told.err), told.err
    assert "500 server_error went wrong" in told.err


def test_where_all_fail_each_reason_is_in_the_line(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(429, "slow down"), second=answers.openai_error(529, "overloaded"))

    told = call("chat", "Hello")

    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "llmring: all models of alias 'fast' failed: "
        f"{FIRST} failed: 429 rate_limit_exceeded slow down; "
        f"{SECOND} failed: 529 server_error overloaded\n"
    )


def test_json_of_a_failure_is_nothing_and_exit_code_1(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(400, "no"))

    told = call("chat", "Hello", "--json")

    assert (told.code, told.out) == (1, "")
    assert is_plain_error(told.err), told.err


BROKEN = as_stream(answers.ROLE, answers.openai_event(content="Hel"), Close())


def streamed() -> subprocess.CompletedProcess[str]:
    """What a terminal shows, output and errors as they come."""
    return subprocess.run(
        [*PYTHON, "chat", "Hello", "--stream"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_stream_that_breaks_leaves_what_has_come_and_says_so_on_its_own_line(
    openai: Vendors,
) -> None:
    openai(BROKEN, second=answers.openai_error(500))

    told = streamed()

    lines = told.stdout.splitlines()
    assert told.returncode == 1
    assert lines[0] == "Hel"
    assert lines[1].startswith("llmring: all models of alias 'fast' failed: ")
    assert len(lines) == 2


def test_a_stream_that_another_model_goes_on_with_says_so_at_its_end(openai: Vendors) -> None:
    openai(BROKEN, second=answers.anthropic_stream("lo"))

    told = streamed()

    assert told.returncode == 0
    assert told.stdout.splitlines()[:2] == [
        "Hello",
        f"{FIRST} broke off; {SECOND} went on from there",
    ]


def test_a_stream_that_begins_anew_says_so_between_the_two(openai: Vendors) -> None:
    openai(BROKEN, second=answers.anthropic_stream("Hi"))
    text = lockfile_of(default={"fast": [FIRST, SECOND]})
    write(text + 'on_stream_failure = "restart"\n')

    told = streamed()

    assert told.stdout.splitlines()[:3] == [
        "Hel",
        f"{FIRST} broke off; {SECOND} begins anew",
        "Hi",
    ]


def test_the_time_for_a_call_can_be_limited(call: Call) -> None:
    told = call("chat", "Hello", "--model", "mock:stall", "--timeout", "0.05")

    assert (told.code, told.out) == (1, "")
    assert "took too long" in told.err


@pytest.mark.parametrize("model", ["fast", FIRST], ids=["an alias", "a model"])
def test_where_no_key_is_set_the_way_without_one_is_shown(call: Call, model: str) -> None:
    write(lockfile_of(default={"fast": [FIRST, SECOND]}))

    told = call("chat", "Hello", "--model", model)

    assert (told.code, told.out) == (1, "")
    error, hint = told.err.splitlines()
    assert "no key; set OPENAI_API_KEY" in error
    assert hint.startswith("without a key: llmring local pull, then llmring chat --model local:")


@pytest.mark.parametrize("status", [401, 500])
def test_a_failure_with_a_key_gets_no_such_hint(call: Call, openai: Vendors, status: int) -> None:
    openai(answers.openai_error(status), second=answers.openai_error(status))

    assert "without a key" not in call("chat", "Hello").err


@pytest.mark.parametrize("status", [401, 429])
def test_no_key_is_ever_shown(call: Call, openai: Vendors, status: int) -> None:
    leaky = answers.openai_error(status, "Incorrect API key: sk-first-0123456789abcdef")
    openai(leaky, second=leaky)

    told = call("chat", "Hello", "--verbose")

    assert "0123456789abcdef" not in told.out + told.err


def test_debug_shows_the_traceback_of_a_failed_call() -> None:
    told = run("chat", "Hello", "--model", "mock:fail", "--debug")

    assert told.code == 1
    assert told.err.startswith("Traceback (most recent call last)")
    assert "ProviderResponseError" in told.err
