import json
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from advisor.fakes import LOCKFILE, MINI, calling, saying
from cli.terminal import Call, run, write
from llmring.cli.main import main
from loopback import Loopback, as_stream

Serve = Callable[..., Loopback]
HERE = Path("llmring.lock")
BIND = calling(("bind", {"alias": "dev", "models": [MINI], "reason": "cheap"}))


class _Typing:
    """Piped input that writes the lockfile before its second line."""

    closed = False

    def __init__(self, text: str, *lines: str) -> None:
        self._text = text
        self._lines = [*lines]
        self._first = True

    def isatty(self) -> bool:
        return False

    def readline(self, _: int = -1) -> str:
        if not self._first:
            write(self._text)
        self._first = False
        return f"{self._lines.pop(0)}\n"


def test_a_setting_that_changes_in_a_conversation_needs_consent_before_the_next_turn(
    model: Callable[..., Loopback],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(LOCKFILE)
    server = model(saying("Hello."))
    text = f'{LOCKFILE}\n[registry]\nurl = "https://h.example/m.json"\n'
    monkeypatch.setattr("sys.stdin", _Typing(text, "Hi", "And now?"))

    code = main(["lock", "chat", "--model", MINI])

    shown = capsys.readouterr()
    assert code == 1
    assert "Advisor: Hello." in shown.out
    assert "llmring.lock is not trusted: it takes prices and facts about models" in shown.err
    assert "And now?" not in str([request.body for request in server.requests])


def test_a_lockfile_that_becomes_unreadable_fails_a_turn_and_not_the_conversation(
    model: Callable[..., Loopback],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(LOCKFILE)
    model(saying("Hello."))
    monkeypatch.setattr("sys.stdin", _Typing("[", "Hi", "And now?", "/quit"))

    code = main(["lock", "chat", "--model", MINI])

    assert code == 0
    assert "That failed: " in capsys.readouterr().out


# --- one message ---------------------------------------------------------------------------------


def test_W34_a_message_with_yes_makes_the_change_and_prints_only_json(
    call: Call, model: Callable[..., Loopback]
) -> None:
    model(BIND, saying("Done! Added binding dev → openai:gpt-4o-mini"))

    done = call("lock", "chat", "bind it", "--yes", "--json", "--model", MINI)

    result = json.loads(done.out)
    assert done.code == 0
    assert result["answer"] == "Done! Added binding dev → openai:gpt-4o-mini"
    assert (result["done"], result["mode"], result["model"]) == (True, "model", MINI)
    assert float(result["cost"]) > 0
    [change] = result["changes"]
    assert change["applied"]
    assert '+alias = "dev"' in change["diff"]
    assert "$0.15/$0.60 per million tokens" in change["evidence"][0]
    assert "# " in HERE.read_text()
    assert ": cheap\n" in HERE.read_text()


def test_without_yes_a_message_only_proposes_and_exits_with_1(
    call: Call, model: Callable[..., Loopback]
) -> None:
    server = model(BIND, saying("I propose to bind dev."))

    done = call("lock", "chat", "bind it", "--model", MINI)

    assert done.code == 1
    assert "No user is present to agree" in server.requests[-1].json["messages"][-1]["content"]
    assert '+alias = "dev"' in done.out
    assert "--yes" in done.err
    assert not HERE.exists()


def test_the_guided_mode_needs_no_model_and_introduces_itself(call: Call) -> None:
    done = call("lock", "chat", "bind gpt-4o-mini to dev", "--guided", "--yes")

    assert done.code == 0
    assert done.out.startswith("Done! Added binding dev → openai:gpt-4o-mini\n")
    assert "guided mode" in done.err


def test_W36_the_arrow_is_ascii_on_an_ascii_output() -> None:
    options = ("--guided", "--yes")
    done = run(
        "lock", "chat", *options, stdin="bind gpt-4o-mini to dev\n", PYTHONIOENCODING="ascii"
    )

    assert done.code == 0
    assert "Advisor: Done! Added binding dev -> openai:gpt-4o-mini\n" in done.out


def test_an_impossible_request_is_exit_code_1(call: Call) -> None:
    write(LOCKFILE)

    done = call("lock", "chat", "remove the nothing alias", "--guided", "--yes", "--json")

    assert done.code == 1
    assert not json.loads(done.out)["done"]
    assert HERE.read_text() == LOCKFILE


def test_an_unknown_cost_is_null_with_a_reason(call: Call, model: Callable[..., Loopback]) -> None:
    model(
        as_stream(
            answers.ROLE,
            answers.openai_event(content="Hi"),
            answers.openai_event(finish_reason="stop"),
            answers.DONE,
        )
    )

    result = json.loads(call("lock", "chat", "hello", "--json", "--model", MINI).out)

    assert result["cost"] is None
    assert "usage" in result["cost_reason"]


@pytest.mark.parametrize("options", [["--json"], ["--guided", "--model", "fast"]])
def test_conflicting_options_are_wrong_usage(call: Call, options: list[str]) -> None:
    done = call("lock", "chat", *options)

    assert done.code == 2
    assert done.err.count("\n") == 1


def test_an_invalid_lockfile_is_left_unchanged(call: Call) -> None:
    write("version = ")

    done = call("lock", "chat", "bind gpt-4o-mini to dev", "--guided", "--yes")

    assert done.code == 1
    assert "llmring.lock:1" in done.err
    assert HERE.read_text() == "version = "


def test_a_model_s_text_can_t_control_the_terminal(
    call: Call, model: Callable[..., Loopback]
) -> None:
    model(saying("\x1b]0;evil\x07Hello\x1b[2J"))

    assert "\x1b" not in call("lock", "chat", "hi", "--model", MINI).out
    assert "\x1b" not in call("lock", "chat", "--model", MINI, stdin="hi\n").out


# --- a conversation through a pipe ---------------------------------------------------------------


def test_a_change_is_shown_confirmed_made_and_undone(call: Call) -> None:
    typed = ["bind gpt-4o-mini to dev", "y", "/aliases", "/diff", "/cost", "/undo", "/what"]

    done = call("lock", "chat", "--guided", stdin="\n".join([*typed, "/quit", ""]))

    assert '+alias = "dev"\n+models = ["openai:gpt-4o-mini"]' in done.out
    assert "  openai:gpt-4o-mini: $0.15/$0.60 per million tokens" in done.out
    assert "\n/help lists commands; /quit ends.\nYou: bind gpt-4o-mini to dev\n" in done.out
    assert "Apply? [y/N] y\nAdvisor: Done! Added binding dev → openai:gpt-4o-mini\n" in done.out
    assert "You: /aliases\ndev → openai:gpt-4o-mini\n" in done.out
    assert done.out.count('+alias = "dev"') == 2
    assert "The conversation has cost nothing." in done.out
    assert "Undone: Added binding dev → openai:gpt-4o-mini" in done.out
    assert "Unknown command /what" in done.out
    assert done.out.endswith("Nothing was changed.\n")
    assert not HERE.exists()


@pytest.mark.parametrize("word", ["/quit", "/exit", "quit", "Exit", "bye"])
def test_a_word_of_leaving_ends_the_conversation(call: Call, word: str) -> None:
    done = call("lock", "chat", "--guided", stdin=f"{word}\nbind gpt-4o-mini to dev\ny\n")

    assert done.code == 0
    assert done.out.endswith(f"You: {word}\nNothing was changed.\n")
    assert not HERE.exists()


def test_each_of_several_changes_is_on_a_line_of_its_own(call: Call) -> None:
    done = call("lock", "chat", "--guided", "--yes", "bind dev to gpt-4o-mini and retry it 3 times")

    assert done.code == 0
    assert done.out.startswith(
        "Done!\n  Added binding dev → openai:gpt-4o-mini\n  Set retries of alias dev to 3\n"
    )
    assert "\nAdded binding dev → openai:gpt-4o-mini.\nSet retries of alias dev to 3:\n" in done.out


@pytest.mark.parametrize("answer", ["", "n", "what?"])
def test_only_yes_confirms_a_change(call: Call, answer: str) -> None:
    done = call("lock", "chat", "--guided", stdin=f"bind gpt-4o-mini to dev\n{answer}\n")

    assert done.code == 0
    assert not HERE.exists()


def test_a_price_that_was_not_looked_up_is_flagged(
    call: Call, model: Callable[..., Loopback]
) -> None:
    model(saying("It costs $3."))

    done = call("lock", "chat", "--model", MINI, stdin="what does it cost?\n")

    assert "not from the registry: $3\n" in done.out
