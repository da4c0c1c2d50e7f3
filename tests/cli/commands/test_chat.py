import json
import os
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from cli.terminal import FIRST, PYTHON, SECOND, Call, is_plain_error, lockfile_of, run, write
from llmring.cli.main import main
from llmring.providers.table import PROVIDERS
from lockfile.texts import EXAMPLE, REGIONS
from loopback import Loopback, as_json, as_stream

Vendors = Callable[..., Loopback]


def asked(server: Loopback) -> object:
    """Return the message that the model received."""
    return server.requests[-1].json["messages"]


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_S091_the_message_is_sent_and_the_answer_printed(openai: Vendors) -> None:
    server = openai()

    assert run("chat", "Hello") == (0, "Hi\n", "")
    assert asked(server) == user("Hello")


# The request


@pytest.mark.parametrize(
    ("words", "piped", "question"),
    [
        ([], "Hello\n", "Hello"),
        (["Sum up"], "a report", "Sum up\n\na report"),
        (["Sum up"], "\n    indented\n\n", "Sum up\n\n    indented"),
        (["Hello"], "", "Hello"),
    ],
)
def test_piped_input_is_appended_to_the_message(
    call: Call, openai: Vendors, words: list[str], piped: str, question: str
) -> None:
    server = openai()

    result = call("chat", *words, stdin=piped)

    assert result.code == 0
    assert asked(server) == user(question)


def test_piped_input_is_read_as_utf_8(openai: Vendors) -> None:
    server = openai()

    result = run("chat", stdin="Grüße, 世界\n")

    assert result.code == 0
    assert asked(server) == user("Grüße, 世界")


@pytest.mark.parametrize("piped", ["", "\n", " \r\n"])
def test_an_empty_message_is_an_error(call: Call, openai: Vendors, piped: str) -> None:
    server = openai()

    result = call("chat", stdin=piped)

    assert (result.code, result.out) == (1, "")
    assert result.err == 'llmring: no message; write one: llmring chat "Hello"\n'
    assert server.requests == []


@pytest.mark.parametrize(("locale", "encoding"), [("C", ""), ("C.UTF-8", "utf-8")])
def test_binary_input_is_a_one_line_error(locale: str, encoding: str) -> None:
    result = run(
        *("chat", "--model", "mock:echo"),
        stdin=b"\xff\xfe\x00",
        LC_ALL=locale,
        PYTHONIOENCODING=encoding,
    )

    assert result == (1, "", "llmring: the message is not UTF-8 text\n")


def test_closed_standard_input_counts_as_empty(
    openai: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = openai()
    monkeypatch.setattr("sys.stdin", None)

    assert main(["chat", "Hello"]) == 0
    assert asked(server) == user("Hello")


def test_a_system_prompt_can_be_given(call: Call, openai: Vendors) -> None:
    server = openai()

    call("chat", "Hello", "--system", "Be brief")

    assert asked(server) == [{"role": "system", "content": "Be brief"}, *user("Hello")]


def test_W034_only_requested_parameters_are_sent(call: Call, openai: Vendors) -> None:
    server = openai()

    call("chat", "Hello", "--no-stream")

    assert server.requests[0].json.keys() - {"stream"} == {"model", "messages"}


def test_temperature_and_length_are_sent_when_given(call: Call, openai: Vendors) -> None:
    server = openai()

    call("chat", "Hello", "--temperature", "0", "--max-tokens", "5")

    request = server.requests[0].json
    assert (request["temperature"], request["max_completion_tokens"]) == (0, 5)


# The choice of model


def test_the_model_can_be_an_alias(call: Call, openai: Vendors) -> None:
    server = openai()

    assert call("chat", "Hello", "--model", "solo") == (0, "Hi\n", "")
    assert server.requests[0].json["model"] == "gpt-4o-mini"


def test_a_model_can_be_called_without_a_lockfile(call: Call, openai: Vendors) -> None:
    server = openai()
    Path("llmring.lock").unlink()

    assert call("chat", "Hello", "-m", "openai:gpt-4o") == (0, "Hi\n", "")
    assert server.requests[0].json["model"] == "gpt-4o"


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_C009_S090_a_profile_without_fast_uses_its_first_alias(
    call: Call, openai: Vendors, stream: str
) -> None:
    server = openai(
        answers.openai("Hi") if stream == "--no-stream" else answers.openai_stream("Hi")
    )
    write(EXAMPLE)

    result = call("chat", "Hello", "--profile", "dev", stream)

    assert (result.code, result.out) == (0, "Hi\n")
    assert result.err == "using alias assistant of profile dev; choose another with --model\n"
    assert server.requests[0].json["model"] == "gpt-4o-mini"


def test_C009_a_profile_without_aliases_uses_fast_of_the_default_profile(
    call: Call, openai: Vendors
) -> None:
    openai()
    write(lockfile_of(default={"other": ["mock:echo"], "fast": [FIRST]}, empty={}))

    result = call("chat", "Hello", "--profile", "empty")

    assert result == (0, "Hi\n", "profile empty has no aliases; using fast of profile default\n")


def test_C009_a_named_alias_is_looked_up_in_the_chosen_profile_only(
    call: Call, openai: Vendors
) -> None:
    server = openai()
    write(EXAMPLE)

    result = call("chat", "Hello", "--profile", "dev", "--model", "fast")

    assert (result.code, result.out) == (1, "")
    assert "it is defined in profiles: default" in result.err
    assert server.requests == []


def test_an_error_without_any_alias_lists_the_profiles(call: Call) -> None:
    write(REGIONS)

    result = call("chat", "Hello")

    assert (result.code, result.out) == (1, "")
    assert "choose a profile with --profile (us-west, eu-central)" in result.err


@pytest.mark.parametrize(
    ("words", "variable", "model"),
    [
        ([], None, "of-default"),
        ([], "prod", "of-prod"),
        (["--profile", "dev"], None, "of-dev"),
        (["--profile", "dev"], "prod", "of-dev"),
        (["--profile", "dev", "--model", "fast"], "prod", "of-dev"),
    ],
)
def test_S090_S094_the_profile_option_overrides_the_variable(
    call: Call,
    openai: Vendors,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    variable: str | None,
    model: str,
) -> None:
    server = openai()
    profiles = {name: {"fast": [f"openai:of-{name}"]} for name in ("default", "dev", "prod")}
    write(lockfile_of(**profiles))
    if variable is not None:
        monkeypatch.setenv("LLMRING_PROFILE", variable)

    assert call("chat", "Hello", *words).code == 0
    assert server.requests[0].json["model"] == model


def test_the_file_option_selects_another_lockfile(call: Call, openai: Vendors) -> None:
    server = openai()
    write(lockfile_of(default={"fast": ["openai:gpt-4o"]}), "other.lock")

    assert call("chat", "Hello", "--file", "other.lock").code == 0
    assert server.requests[0].json["model"] == "gpt-4o"


# The form of the answer


def test_a_stream_is_printed_as_it_arrives(call: Call, openai: Vendors) -> None:
    server = openai(answers.openai_stream("Hel", "lo ", "you"))

    assert call("chat", "Hello", "--stream") == (0, "Hello you\n", "")
    assert server.requests[0].json["stream"] is True


def test_a_pipe_gets_the_answer_unstreamed(call: Call, openai: Vendors) -> None:
    server = openai()

    assert call("chat", "Hello") == (0, "Hi\n", "")
    assert "stream" not in server.requests[0].json or not server.requests[0].json["stream"]


@pytest.mark.parametrize("stream", [[], ["--stream"], ["--no-stream"]], ids=" ".join)
def test_W034_json_is_the_only_output(call: Call, openai: Vendors, stream: list[str]) -> None:
    openai(answers.openai_error(429, "slow down"), second=answers.anthropic("Grüße"))

    result = call("chat", "Hello", "--json", *stream)

    answer = json.loads(result.out)
    assert (result.code, answer["content"], answer["model"]) == (0, "Grüße", SECOND)
    assert answer["usage"]["total_tokens"] == 12
    assert Decimal(answer["cost"]) == Decimal("0.00006")
    assert [(attempt["model"], attempt["outcome"]) for attempt in answer["attempts"]] == [
        (FIRST, "failed"),
        (SECOND, "ok"),
    ]


def test_json_gives_the_reason_for_an_unknown_cost(call: Call) -> None:
    answer = json.loads(call("chat", "Hello", "--model", "mock:echo", "--json").out)

    assert (answer["cost"], answer["cost_reason"]) == (None, "the model is not in the catalog")


def test_characters_missing_in_the_output_encoding_are_escaped(openai: Vendors) -> None:
    openai(answers.openai("Grüße → 世界"))

    result = run("chat", "Hello", PYTHONIOENCODING="ascii")

    assert result == (0, "Gr\\xfc\\xdfe -> \\u4e16\\u754c\n", "")


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_verbose_reports_model_tokens_time_and_cost(
    call: Call, openai: Vendors, stream: str
) -> None:
    openai(answers.openai("Hi") if stream == "--no-stream" else answers.openai_stream("Hi"))

    result = call("chat", "Hello", "--verbose", stream)

    assert result.out == "Hi\n"
    assert result.err.startswith(f"{FIRST}: 10 tokens in, 2 out, ")
    assert result.err.endswith(" ms, $0.0000027\n")


# Notes about the answer


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_a_fallback_is_reported_on_standard_error(call: Call, openai: Vendors, stream: str) -> None:
    second = answers.anthropic("Hi") if stream == "--no-stream" else answers.anthropic_stream("Hi")
    openai(answers.openai_error(429, "slow down"), second=second)

    result = call("chat", "Hello", stream)

    assert (result.code, result.out) == (0, "Hi\n")
    assert result.err == f"{FIRST} failed: 429 rate_limit_exceeded slow down\n"


def test_a_skipped_model_is_reported(
    call: Call, openai: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    openai()
    monkeypatch.delenv("OPENAI_API_KEY")

    result = call("chat", "Hello")

    assert result == (0, "Salve\n", f"{FIRST} skipped: no key; set OPENAI_API_KEY\n")


def test_a_rejected_key_is_reported_once(openai: Vendors) -> None:
    openai(answers.openai_error(401, "bad key"))

    result = run("chat", "Hello")

    assert result == (0, "Salve\n", f"{FIRST} failed: 401 invalid_api_key bad key\n")


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_a_parameter_dropped_for_a_model_is_reported(
    call: Call, openai: Vendors, stream: str
) -> None:
    server = openai(
        answers.openai("Hi") if stream == "--no-stream" else answers.openai_stream("Hi")
    )

    result = call("chat", "Hello", "--model", "openai:o3", "--temperature", "0.5", stream)

    assert (result.code, result.out) == (0, "Hi\n")
    assert result.err == "openai:o3: temperature left out: the model does not take it\n"
    assert "temperature" not in server.requests[0].json


def test_an_answer_cut_off_at_its_length_limit_is_reported(call: Call, openai: Vendors) -> None:
    stopped = as_stream(
        answers.openai_event(content="Hel"), answers.openai_event(finish_reason="length")
    )
    openai(stopped)

    result = call("chat", "Hello", "--stream", "--max-tokens", "1")

    assert result == (0, "Hel\n", "the answer is incomplete: length\n")


def test_without_a_lockfile_the_bundled_one_is_used_with_a_note(
    call: Call, openai: Vendors
) -> None:
    openai()
    Path("llmring.lock").unlink()

    result = call("chat", "Hello")

    assert (result.code, result.out) == (0, "Hi\n")
    assert result.err == "no lockfile here; using llmring's own. Create yours: llmring lock init\n"


# The local model


def test_a_missing_local_model_is_an_error_with_the_fix(call: Call, no_local_model: None) -> None:
    result = call("chat", "Hello", "--model", "local:smollm2-135m")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err
    assert "llmring local pull" in result.err


def test_S128_the_local_model_answers_and_its_limits_are_always_noted(local_model: str) -> None:
    result = run("chat", "What is the capital of France?", "--model", local_model)

    assert result.code == 0
    assert result.out.strip() != ""
    assert result.err == f"{local_model}: {PROVIDERS['local'].note}\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_answer_is_streamed(openai: Vendors) -> None:
    import pty

    server = openai(answers.openai_stream("Hel", "lo"))
    ours, theirs = pty.openpty()

    done = subprocess.run(
        [*PYTHON, "chat", "Hello"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "dumb"},
        check=False,
    )
    os.close(theirs)

    assert (done.returncode, os.read(ours, 100)) == (0, b"Hello\r\n")
    assert server.requests[0].json["stream"] is True
    os.close(ours)


SOURCE = {"url": "https://example.org/a", "title": "A", "start_index": 0, "end_index": 2}
ANNOTATION = {"type": "url_citation", "url_citation": SOURCE}


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_sources_follow_the_answer(openai: Vendors) -> None:
    import pty

    events = [answers.openai_event(content="Hello"), answers.openai_event(annotations=[ANNOTATION])]
    openai(as_stream(answers.ROLE, *events, *answers.OPENAI_END))
    ours, theirs = pty.openpty()

    done = subprocess.run(
        [*PYTHON, "chat", "Hello"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "dumb"},
        check=False,
    )
    os.close(theirs)

    assert (os.read(ours, 100), done.stderr) == (b"Hello\r\n", b"[1] A: https://example.org/a\n")
    os.close(ours)


def test_sources_are_not_printed_off_a_terminal_but_in_json(openai: Vendors, call: Call) -> None:
    message = {"role": "assistant", "content": "Hello", "annotations": [ANNOTATION]}
    reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    openai(as_json(reply), as_json(reply))

    plain, data = call("chat", "Hello"), call("chat", "Hello", "--json")

    assert (plain.out, plain.err) == ("Hello\n", "")
    [citation] = json.loads(data.out)["citations"]
    assert (citation["url"], citation["start"], citation["end"]) == (SOURCE["url"], 0, 2)


def test_a_requested_tool_call_is_reported(call: Call) -> None:
    result = call("chat", "Hi", "--model", "mock:tool?name=f")

    assert "requests a tool call" in result.err
