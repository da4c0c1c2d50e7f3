"""The options of `llmring chat`: files, placeholders, schemas, tools, code blocks, and going on."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from cli.terminal import FIRST, SECOND, Call, is_plain_error, run, run_on_terminal
from llmring.cli.chat.kept_chats import NAME
from llmring.config.settings import kept_state_folder
from loopback import Close, Loopback, Pause, as_stream

Vendors = Callable[..., Loopback]

KEEP = ["--keep", "--no-stream"]


def received(server: Loopback) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = server.requests[-1].json["messages"]
    return messages


def kept() -> Path:
    folder = kept_state_folder()
    assert folder is not None
    return folder / NAME


# The question


def test_values_replace_the_names_in_message_and_system_prompt(call: Call, openai: Vendors) -> None:
    server = openai()

    call("chat", "To {lang}: {x}", "-s", "You speak {lang}", "-t", "lang=French", stdin="{lang}")

    assert [each["content"] for each in received(server)] == [
        "You speak French",
        "To French: {x}\n\n{lang}",
    ]


def test_a_name_without_a_place_is_an_error(call: Call, openai: Vendors) -> None:
    server = openai()

    result = call("chat", "Hello", "-t", "lang=French")

    assert result.code == 1
    assert is_plain_error(result.err)
    assert server.requests == []


def test_files_and_urls_are_attached_before_the_message(call: Call, openai: Vendors) -> None:
    server = openai()
    Path("a.png").write_bytes(b"\x89PNG\r\n\x1a\n0000")
    Path("b.txt").write_text("notes")

    result = call(
        *("chat", "What is it?", "-a", "a.png", "-a", "b.txt"),
        *("-a", "https://example.com/c.jpg"),
    )

    assert result.code == 0
    *files, text = received(server)[0]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    assert [each["type"] for each in files] == ["image_url", "text", "image_url"]
    assert files[2]["image_url"]["url"] == "https://example.com/c.jpg"


def test_a_missing_file_is_an_error(call: Call, openai: Vendors) -> None:
    server = openai()

    result = call("chat", "What is it?", "-a", "a.png")

    assert result.code == 1
    assert is_plain_error(result.err)
    assert server.requests == []


# The answer


def test_a_schema_gives_the_answer_as_json(call: Call, openai: Vendors) -> None:
    server = openai(answers.openai('Here: {"name": "Ann", "age": 3}'))

    result = call("chat", "Who?", "--schema", "name str, age int")

    assert json.loads(result.out) == {"name": "Ann", "age": 3}
    form = server.requests[0].json["response_format"]
    assert form["json_schema"]["schema"]["properties"].keys() == {"name", "age"}


def test_a_schema_adds_the_data_to_the_whole_answer(call: Call, openai: Vendors) -> None:
    openai(answers.openai('{"name": "Ann"}'))

    result = call("chat", "Who?", "--schema", "name", "--json")

    assert json.loads(result.out)["parsed"] == {"name": "Ann"}


def test_the_last_code_block_is_printed_alone(call: Call, openai: Vendors) -> None:
    openai(answers.openai("Do:\n```sh\nls\n```\nor\n```sh\nls -l\n```\nBye"))

    assert call("chat", "List files", "-x") == (0, "ls -l\n", "")


def test_an_answer_without_a_code_block_is_printed_whole_with_a_note(
    call: Call, openai: Vendors
) -> None:
    openai(answers.openai("I can't."))

    result = call("chat", "List files", "--extract")

    assert (result.code, result.out) == (0, "I can't.\n")
    assert result.err == "the answer has no code block; this is all of it\n"


def test_a_part_and_the_whole_answer_are_not_both_printed(call: Call, openai: Vendors) -> None:
    server = openai()

    assert call("chat", "Hello", "--json", "--extract").code == 2
    assert server.requests == []


# Tools


TOOLS = """
def add(a: int, b: int) -> int:
    with open("called", "a") as file:
        file.write("x")
    return a + b
"""


def called(name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": "call_1", "type": "function", "function": function}


def calling(name: str, **arguments: Any) -> Any:
    made = [called(name, **arguments)]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    return answers.openai(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])


def test_a_function_is_called_and_its_result_sent_back(openai: Vendors) -> None:
    server = openai(calling("add", a=1, b=2), answers.openai("It is 3."))
    Path("sums.py").write_text(TOOLS)

    assert run("chat", "1 + 2?", "--tool", "sums:add") == (0, "It is 3.\n", "")
    assert received(server)[-1]["content"] == "3"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("typed", "called"), [("y", True), ("", False), ("\x03", False)])
def test_on_a_terminal_the_user_is_asked_before_a_call(
    openai: Vendors, typed: str, called: bool
) -> None:
    pexpect = pytest.importorskip("pexpect")
    openai(calling("add", a=1, b=2), answers.openai("Well."))
    Path("sums.py").write_text(TOOLS)
    words = ["-m", "llmring", "chat", "1 + 2?", "--tool", "sums:add"]
    child = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=30)
    child.expect(r"the model calls add\(a=1, b=2\)")
    child.expect(r"\[y/N\]")
    if typed == "\x03":
        child.sendintr()
    else:
        child.sendline(typed)
        child.expect("Well.")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == (130 if typed == "\x03" else 0)
    assert Path("called").exists() == called


def test_with_stream_the_text_of_all_turns_is_printed_and_the_calls_are_notes(
    openai: Vendors,
) -> None:
    server = openai(
        as_stream(
            answers.ROLE,
            answers.openai_event(content="Let me add."),
            answers.openai_event(tool_calls=[{"index": 0, **called("add", a=1, b=2)}]),
            answers.openai_event(finish_reason="tool_calls"),
            answers.USAGE,
            answers.DONE,
        ),
        answers.openai_stream("It is ", "3."),
    )
    Path("sums.py").write_text(TOOLS)

    result = run("chat", "1 + 2?", "--tool", "sums:add", "--stream")

    assert result == (0, "Let me add.\nIt is 3.\n", "calls add\n")
    assert [each.json.get("stream") for each in server.requests] == [True, True]


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_json_of_a_schema_is_indented_as_it_arrives(openai: Vendors) -> None:
    server = openai(answers.openai_stream('{"name":', '"Ann"}'))

    code, shown = run_on_terminal("chat", "Who?", "--schema", "name")

    assert code == 0
    assert '{\r\n  "name": "Ann"\r\n}\r\n' in shown
    assert server.requests[0].json["stream"]


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_an_answer_that_does_not_fit_is_asked_for_once_more(openai: Vendors) -> None:
    server = openai(answers.openai_stream('{"nam": 3}'), answers.openai('{"name": "Ann"}'))

    code, shown = run_on_terminal("chat", "Who?", "--schema", "name")

    assert code == 0
    assert "asking once more" in shown
    assert shown.endswith('{\r\n  "name": "Ann"\r\n}\r\n')
    assert len(server.requests) == 2


def test_a_program_gets_the_whole_json_of_a_schema(call: Call, openai: Vendors) -> None:
    server = openai(answers.openai('Here: {"name": "Ann"}'))

    result = call("chat", "Who?", "--schema", "name", "--stream")

    assert json.loads(result.out) == {"name": "Ann"}
    assert not server.requests[0].json.get("stream")


# Going on


def test_a_kept_conversation_goes_on_with_its_model_and_system_prompt(
    call: Call, openai: Vendors
) -> None:
    server = openai(answers.openai("I am one."), answers.openai("I am two."))
    call("chat", "first", "-s", "Be brief", "-m", "solo", *KEEP)

    assert call("chat", "-c", "second") == (0, "I am two.\n", "")
    assert [(each["role"], each["content"]) for each in received(server)] == [
        ("system", "Be brief"),
        ("user", "first"),
        ("assistant", "I am one."),
        ("user", "second"),
    ]
    data = json.loads(kept().read_text())
    assert (data["model"], len(data["messages"])) == ("solo", 5)


def test_a_new_system_prompt_replaces_the_kept_one(call: Call, openai: Vendors) -> None:
    server = openai(answers.openai("I am one."), answers.openai("I am two."))
    call("chat", "first", "-s", "Be brief", *KEEP)
    call("chat", "-c", "second", "-s", "Be long", "--no-keep")

    assert [each["content"] for each in received(server) if each["role"] == "system"] == ["Be long"]
    assert len(json.loads(kept().read_text())["messages"]) == 3


@pytest.mark.parametrize(
    ("options", "variable", "keeps"),
    [
        ([], None, False),
        ([], "1", True),
        (["--keep"], None, True),
        (["--no-keep"], "1", False),
        (["--keep"], "0", True),
        (["--stream", "--keep"], None, True),
    ],
)
def test_a_call_of_a_program_is_kept_if_it_asks_for_it(
    call: Call,
    openai: Vendors,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variable: str | None,
    keeps: bool,
) -> None:
    openai(answers.openai_stream("Hi") if "--stream" in options else answers.openai("Hi"))
    if variable is not None:
        monkeypatch.setenv("LLMRING_KEEP_CHATS", variable)

    assert call("chat", "Hello", *options) == (0, "Hi\n", "")
    assert kept().exists() == keeps


def test_the_key_of_the_environment_is_not_kept(call: Call, openai: Vendors) -> None:
    openai(answers.openai("Your key is sk-first-0123456789abcdef."))

    call("chat", "Hello", *KEEP)

    assert "0123456789abcdef" not in kept().read_text()


def test_without_a_kept_conversation_going_on_is_an_error(call: Call, openai: Vendors) -> None:
    server = openai()

    result = call("chat", "-c", "Hello")

    assert result.code == 1
    assert is_plain_error(result.err)
    assert server.requests == []


# Variables from a file


def test_variables_are_read_from_the_file_that_is_named_and_from_no_other(
    serve: Callable[..., Loopback],
) -> None:
    server = serve(answers.openai("Hi"))
    text = f"OPENAI_API_KEY=sk-of-the-file\nOPENAI_BASE_URL={server.url}/v1\n"
    Path(".env").write_text(text)
    words = ["chat", "Hello", "-m", "openai:gpt-4o-mini"]

    assert run(*words).code == 1
    assert run(*words, "--env-file", ".env") == (0, "Hi\n", "")
    assert server.requests[-1].headers["authorization"] == "Bearer sk-of-the-file"
    assert run(*words, "--env-file", ".env", OPENAI_API_KEY="sk-set").code == 0
    assert server.requests[-1].headers["authorization"] == "Bearer sk-set"


# The terminal


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_markdown_is_rendered_and_the_conversation_kept(openai: Vendors) -> None:
    pexpect = pytest.importorskip("pexpect")
    openai(answers.openai_stream("It is ", "**bold**."))
    env = {**os.environ, "TERM": "xterm"}
    words = ["-m", "llmring", "chat", "Hello"]
    child = pexpect.spawn(sys.executable, words, env=env, encoding="utf-8", timeout=30)
    child.expect(pexpect.EOF)

    assert "bold" in child.before
    assert "**" not in child.before
    assert kept().exists()


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_wait_and_a_failover_are_shown(openai: Vendors) -> None:
    pexpect = pytest.importorskip("pexpect")
    slow = as_stream(Pause(1.5), *answers.anthropic_stream("Salve").steps)
    openai(answers.openai_error(500, "broken"), second=slow)
    words = ["-m", "llmring", "chat", "Hello"]
    env = {**os.environ, "TERM": "dumb", "COLUMNS": "200"}
    child = pexpect.spawn(sys.executable, words, env=env, encoding="utf-8", timeout=30)
    child.expect(f"{FIRST} failed: .*; trying {SECOND}\r\n")
    child.expect(rf"\r\x1b\[2Kfast -> {SECOND}  \d s")
    child.expect("\r\x1b\\[2KSalve")
    child.expect(pexpect.EOF)

    assert "failed" not in child.before


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_an_answer_that_starts_over_replaces_the_first(openai: Vendors) -> None:
    pexpect = pytest.importorskip("pexpect")
    broken = as_stream(answers.ROLE, answers.openai_event(content="Hel"), Close())
    openai(broken, second=answers.anthropic_stream("Salve"))
    path = Path("llmring.lock")
    text = path.read_text().replace(
        'alias = "fast"', 'alias = "fast"\non_stream_failure = "restart"'
    )
    path.write_text(text)
    env = {**os.environ, "TERM": "xterm"}
    words = ["-m", "llmring", "chat", "Hello"]
    child = pexpect.spawn(sys.executable, words, env=env, encoding="utf-8", timeout=30)
    child.expect(f"{FIRST} failed; {SECOND} starts over")
    child.expect("Salve")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0
