"""Failures of `llmring chat`: errors, broken streams and timeouts."""

import subprocess
from collections.abc import Callable

import pytest

import answers
from cli.terminal import FIRST, PYTHON, SECOND, Call, is_plain_error, lockfile_of, run, write
from loopback import Close, Loopback, as_stream

Vendors = Callable[..., Loopback]


def test_W032_a_failure_of_the_only_model_is_a_one_line_error(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(500, "went wrong"))

    result = call("chat", "Hello", "--model", "solo")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err
    assert "500 server_error went wrong" in result.err


def test_if_all_models_fail_the_error_gives_each_reason(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(429, "slow down"), second=answers.openai_error(529, "overloaded"))

    result = call("chat", "Hello")

    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "llmring: all models of alias 'fast' failed:\n"
        f"  {FIRST:<27}  failed  429 rate_limit_exceeded slow down\n"
        f"  {SECOND}  failed  529 server_error overloaded\n"
        "fix: retry later, or bind another model: llmring bind fast PROVIDER:MODEL\n"
    )


def test_json_prints_nothing_on_failure_and_exits_with_1(call: Call, openai: Vendors) -> None:
    openai(answers.openai_error(400, "no"))

    result = call("chat", "Hello", "--json")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err


BROKEN = as_stream(answers.ROLE, answers.openai_event(content="Hel"), Close())


def streamed() -> subprocess.CompletedProcess[str]:
    """Run a streamed chat; return output and errors merged in order."""
    return subprocess.run(
        [*PYTHON, "chat", "Hello", "--stream"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_broken_stream_keeps_its_text_and_reports_the_error_on_a_new_line(
    openai: Vendors,
) -> None:
    openai(BROKEN, second=answers.openai_error(500))

    result = streamed()

    lines = result.stdout.splitlines()
    assert result.returncode == 1
    assert lines[0] == "Hel"
    assert lines[1].startswith("llmring: all models of alias 'fast' failed:")
    assert [line.split()[0] for line in lines[2:]] == [FIRST, SECOND, "fix:"]


def test_a_stream_continued_by_another_model_is_reported_at_its_end(openai: Vendors) -> None:
    openai(BROKEN, second=answers.anthropic_stream("lo"))

    result = streamed()

    assert result.returncode == 0
    assert result.stdout.splitlines()[:2] == [
        "Hello",
        f"{FIRST} failed; {SECOND} continued the answer",
    ]


def test_a_restarted_stream_is_reported_between_the_two_answers(openai: Vendors) -> None:
    openai(BROKEN, second=answers.anthropic_stream("Hi"))
    text = lockfile_of(default={"fast": [FIRST, SECOND]})
    write(text + 'on_stream_failure = "restart"\n')

    result = streamed()

    assert result.stdout.splitlines()[:3] == [
        "Hel",
        f"{FIRST} failed; {SECOND} starts over",
        "Hi",
    ]


def test_timeout_limits_the_whole_call(call: Call) -> None:
    result = call("chat", "Hello", "--model", "mock:stall", "--timeout", "0.05")

    assert (result.code, result.out) == (1, "")
    assert "took too long" in result.err


@pytest.mark.parametrize("model", ["fast", FIRST], ids=["an alias", "a model"])
@pytest.mark.usefixtures("no_local_model")
def test_without_any_key_the_error_shows_how_to_do_without(call: Call, model: str) -> None:
    write(lockfile_of(default={"fast": [FIRST, SECOND]}))

    result = call("chat", "Hello", "--model", model)

    assert (result.code, result.out) == (1, "")
    *error, hint = result.err.splitlines()
    assert "no key; set OPENAI_API_KEY" in "".join(error)
    assert hint.startswith("without a key: ")
    assert "llmring local pull, then llmring chat --model local:" in hint
    assert hint.endswith("llmring auth set openai")


def test_a_local_model_that_is_here_is_not_to_be_pulled_again(call: Call, local_model: str) -> None:
    hint = call("chat", "Hello", "--model", FIRST).err.splitlines()[-1]

    assert hint.startswith(f"without a key: llmring chat --model {local_model}; ")


@pytest.mark.parametrize("status", [401, 500])
def test_a_failure_with_a_key_lacks_that_hint(call: Call, openai: Vendors, status: int) -> None:
    openai(answers.openai_error(status), second=answers.openai_error(status))

    assert "without a key" not in call("chat", "Hello").err


@pytest.mark.parametrize("status", [401, 429])
def test_no_key_is_ever_shown(call: Call, openai: Vendors, status: int) -> None:
    leaky = answers.openai_error(status, "Incorrect API key: sk-first-0123456789abcdef")
    openai(leaky, second=leaky)

    result = call("chat", "Hello", "--verbose")

    assert "0123456789abcdef" not in result.out + result.err


def test_debug_shows_the_traceback_of_a_failed_call() -> None:
    result = run("chat", "Hello", "--model", "mock:fail", "--debug")

    assert result.code == 1
    assert result.err.startswith("Traceback (most recent call last)")
    assert "ProviderResponseError" in result.err
