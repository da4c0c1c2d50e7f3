"""Contradictions in the contract, and the behavior that satisfies both sides."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from cli.terminal import Call, lockfile_of, run, write
from conftest import Way
from contract.conftest import MakePackage
from llmring import (
    AliasNotFoundError,
    InvalidModelReferenceError,
    LLMRequest,
    LLMResponse,
    LLMRing,
    LockfileNotFoundError,
    LockfileParseError,
    Message,
    MissingAliasesError,
    ModelNotFoundError,
    ProviderRequestError,
    ValidationError,
)
from llmring.lockfile.default_lockfile import BUNDLED
from lockfile.texts import EXAMPLE
from loopback import Loopback

Serve = Callable[..., Loopback]

# --- C1: one chat for `await` and for plain code -----------------------------------------------


@pytest.fixture
def counted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Serve a vendor that counts requests; alias `fast` is bound to it."""
    server = serve(answers.openai("Hi"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}))
    return server


REQUEST = LLMRequest(model="fast", messages="Hello")


async def _in_a_group(call: Any) -> LLMResponse:
    async with asyncio.TaskGroup() as group:
        task: asyncio.Task[LLMResponse] = group.create_task(call)
    return task.result()


async def _gathered(call: Any) -> LLMResponse:
    (response,) = await asyncio.gather(call)
    return response  # type: ignore[no-any-return]


async def _awaited(call: Any) -> LLMResponse:
    return await call  # type: ignore[no-any-return]


WAYS_TO_AWAIT: dict[str, Callable[[Any], Awaitable[LLMResponse]]] = {
    "await": _awaited,
    "create_task": asyncio.create_task,
    "gather": _gathered,
    "wait_for": lambda call: asyncio.wait_for(call, 30),
    "ensure_future": asyncio.ensure_future,
    "TaskGroup": _in_a_group,
}


@pytest.mark.parametrize("await_", WAYS_TO_AWAIT.values(), ids=WAYS_TO_AWAIT.keys())
def test_C01_a_call_is_awaited_as_a_coroutine_is(
    counted: Loopback, await_: Callable[[Any], Awaitable[LLMResponse]]
) -> None:
    async def main() -> str:
        async with LLMRing() as ring:
            return (await await_(ring.chat(REQUEST))).content

    assert asyncio.run(main()) == "Hi"


def test_C01_a_call_can_be_handed_to_asyncio_run(counted: Loopback) -> None:
    call = LLMRing().chat(REQUEST)

    assert asyncio.iscoroutine(call)
    assert asyncio.run(call).content == "Hi"


def test_C01_awaiting_and_reading_twice_sends_once(counted: Loopback) -> None:
    async def main() -> list[str]:
        async with LLMRing() as ring:
            call = ring.chat(REQUEST)
            return [(await call).content, (await call).content, call.content]

    assert asyncio.run(main()) == ["Hi"] * 3
    assert len(counted.requests) == 1


def test_C01_an_alias_in_plain_code_is_sent_on_its_line_and_a_request_when_read(
    counted: Loopback,
) -> None:
    ring = LLMRing()
    ring.chat("fast", messages="Hello")
    assert len(counted.requests) == 1

    call = ring.chat(REQUEST)
    assert len(counted.requests) == 1
    assert call.content == "Hi"
    assert len(counted.requests) == 2


def test_C01_an_error_surfaces_on_the_line_of_the_alias() -> None:
    write(EXAMPLE)

    with pytest.raises(ModelNotFoundError):
        LLMRing().chat("nothing", messages="Hello")


def test_C01_a_call_that_is_never_sent_warns(counted: Loopback) -> None:
    call = LLMRing().chat(REQUEST)

    with pytest.warns(RuntimeWarning, match="never sent"):
        del call


def test_C01_reading_inside_a_running_loop_answers_and_warns(counted: Loopback) -> None:
    async def main() -> str:
        async with LLMRing() as ring:
            return ring.chat("fast", messages="Hello").content

    with pytest.warns(RuntimeWarning, match="blocks the event loop"):
        assert asyncio.run(main()) == "Hi"


def test_C01_a_ring_is_a_plain_context_manager_too(counted: Loopback) -> None:
    with LLMRing() as ring:
        assert ring.chat("fast", messages="Hello").content == "Hi"


# --- C2: which exception -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (AliasNotFoundError, ValueError),
        (MissingAliasesError, ValueError),
        (LockfileNotFoundError, FileNotFoundError),
        (LockfileParseError, ValueError),
        (InvalidModelReferenceError, ValueError),
    ],
)
def test_C02_errors_are_also_what_older_code_catches(
    error: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


def test_C02_an_unknown_alias_is_model_not_found_and_a_value_error(example: Path) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        LLMRing().resolve_alias("myalias")

    assert isinstance(caught.value, ValueError)


# --- C3, C4: whose lockfile, and where it is written -------------------------------------------

OWN = lockfile_of(default={"here": ["mock:package"]})
MAKES_RINGS = "from llmring import LLMRing\n\ndef ring(**options):\n    return LLMRing(**options)\n"


def made_by(package: str, **options: str) -> LLMRing:
    import importlib

    ring = importlib.import_module(package).ring(**options)
    assert isinstance(ring, LLMRing)
    return ring


def test_C03_the_calling_package_s_lockfile_comes_before_llmring_s(package: MakePackage) -> None:
    package("mypackage", MAKES_RINGS, OWN)

    assert made_by("mypackage").resolve_alias("here") == "mock:package"


def test_C03_the_current_directory_comes_before_the_package(package: MakePackage) -> None:
    package("mypackage", MAKES_RINGS, OWN)
    write(lockfile_of(default={"here": ["mock:folder"]}))

    assert made_by("mypackage").resolve_alias("here") == "mock:folder"


def test_C03_a_package_can_be_named_and_is_not_imported(package: MakePackage) -> None:
    package("loud", "raise RuntimeError('imported')", OWN)

    ring = LLMRing(package="loud")

    assert (ring.resolve_alias("here"), ring.lockfile_source) == ("mock:package", "package")


def test_C03_what_chose_the_lockfile_is_logged(
    example: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="llmring"):
        LLMRing()

    assert any(str(example) in text and "folder" in text for text in caplog.messages)


def test_C03_the_package_s_lockfile_is_never_written(package: MakePackage) -> None:
    root = package("mypackage", MAKES_RINGS, OWN)

    made_by("mypackage").bind_alias("here", "mock:echo")

    assert (root / "llmring.lock").read_text() == OWN
    assert LLMRing("llmring.lock").list_aliases() == {"here": "mock:echo"}


def test_C04_what_lock_init_writes_is_what_is_read_also_next_to_a_package(call: Call) -> None:
    Path("src/mine").mkdir(parents=True)
    Path("src/mine/__init__.py").touch()

    call("lock", "init")

    assert not Path("src/mine/llmring.lock").exists()
    assert call("lock", "validate").code == 0
    assert LLMRing().lockfile_path == Path.cwd() / "llmring.lock"


# --- C5, C6, C7: profiles, keys, caches --------------------------------------------------------


@pytest.mark.parametrize(
    ("explicit", "environment", "expected"),
    [
        ("dev", "staging", "dev"),
        (None, "staging", "staging"),
        (None, "", "prod"),
        (None, None, "prod"),
    ],
)
def test_C05_the_profile_is_chosen_alike_for_reads_writes_python_and_commands(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    explicit: str | None,
    environment: str | None,
    expected: str,
) -> None:
    profiles = {name: {"who": [f"mock:{name}"]} for name in ("dev", "staging", "prod")}
    write(lockfile_of("prod", **profiles))
    if environment is not None:
        monkeypatch.setenv("LLMRING_PROFILE", environment)
    option = ["--profile", explicit] if explicit else []

    LLMRing().bind_alias("by-python", "mock:echo", profile=explicit)
    message = call("bind", "by-command", "mock:echo", *option)

    assert LLMRing().resolve_alias("who", profile=explicit) == f"mock:{expected}"
    assert f"profile {expected}" in message.err
    for alias in ("by-python", "by-command"):
        assert f"{alias} → mock:echo\n" in call("aliases", *option).out
        assert LLMRing().has_alias(alias, profile=expected)


def test_C06_without_any_key_the_primary_is_resolved(example: Path) -> None:
    assert LLMRing().resolve_alias("balanced") == "anthropic:claude-3-5-sonnet"


def test_C06_the_first_model_with_a_key_is_preferred(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")

    assert LLMRing().resolve_alias("balanced") == "openai:gpt-4o"


def test_C07_an_edit_on_disk_is_seen_without_clearing_anything(example: Path) -> None:
    ring = LLMRing()
    ring.resolve_alias("fast")

    LLMRing().bind_alias("fast", "openai:gpt-4o")

    assert ring.resolve_alias("fast") == "openai:gpt-4o"


# --- C8, C9: models the catalog does not know; chat in a profile without `fast` ----------------


def test_C08_models_that_no_catalog_knows_do_not_fail_validation(call: Call) -> None:
    write(EXAMPLE.replace("openai:gpt-4o-mini", "openai:not-yet-released"))

    assert call("lock", "validate").code == 0


def test_C09_chat_takes_fast_where_the_profile_has_it(call: Call) -> None:
    write(lockfile_of(dev={"other": ["mock:empty"], "fast": ["mock:echo"]}))

    assert call("chat", "Hello", "--profile", "dev") == (0, "Hello\n", "")


def test_C09_without_fast_chat_takes_the_first_alias_of_the_profile_with_one_note(
    call: Call,
) -> None:
    write(lockfile_of(dev={"assistant": ["mock:echo"], "b": ["mock:empty"]}))

    message = call("chat", "Hello", "--profile", "dev")

    assert message.out == "Hello\n"
    assert re.fullmatch(r".*alias assistant of profile dev.*\n", message.err)


def test_C09_in_a_profile_without_aliases_chat_takes_fast_of_the_default_profile(
    call: Call,
) -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}, dev={}))

    message = call("chat", "Hello", "--profile", "dev")

    assert (message.out, message.err.count("\n")) == ("Hello\n", 1)


def test_C09_a_model_that_is_named_is_looked_up_in_the_profile_alone(
    call: Call, example: Path
) -> None:
    message = call("chat", "Hello", "--profile", "dev", "--model", "fast")

    assert message.code == 1
    assert "defined in profiles: default" in message.err


# --- C10, C11, C12: writing --------------------------------------------------------------------


def test_C10_init_then_init_with_force_works_in_one_block() -> None:
    ring = LLMRing()

    ring.init_lockfile()
    ring.init_lockfile(force=True)

    assert ring.has_alias("fast")


@pytest.mark.parametrize("force", [False, True])
def test_C10_init_never_writes_the_bundled_lockfile(force: bool) -> None:
    before = BUNDLED.read_bytes()

    LLMRing().init_lockfile(force=force)

    assert BUNDLED.read_bytes() == before
    assert Path("llmring.lock").exists()


def test_C10_init_writes_here_where_no_path_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = write(EXAMPLE, "shared.lock")
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "shared.lock")
    ring = LLMRing()

    ring.init_lockfile(force=True)

    assert shared.read_text() == EXAMPLE
    assert ring.lockfile_path == Path.cwd() / "llmring.lock"


def test_C11_binding_over_the_bundled_file_makes_one_here_with_that_binding_alone() -> None:
    ring = LLMRing()

    ring.bind_alias("myalias", "openai:gpt-4o")

    assert ring.lockfile_path == Path.cwd() / "llmring.lock"
    assert ring.list_aliases() == {"myalias": "openai:gpt-4o"}


def test_C11_the_command_reports_the_path() -> None:
    message = run("bind", "myalias", "openai:gpt-4o")

    assert "llmring.lock" in message.err


def test_C12_the_message_has_three_lines_no_indent_and_an_absolute_path(example: Path) -> None:
    with pytest.raises(MissingAliasesError) as caught:
        LLMRing("llmring.lock").require_aliases(["x"], context="my-library", profile="dev")

    assert str(caught.value) == (
        "Lockfile missing required aliases for my-library: x.\n"
        f"Lockfile path: {example} (profile: dev)\n"
        "Please ensure your lockfile defines these aliases."
    )


# --- C15, C16, C18, C20: mocks, triggers, messages, fallbacks in lists -------------------------


@pytest.mark.parametrize(
    ("model", "answer"), [("mock:echo", "Hello"), ("mock:fixed?text=as%20written", "as written")]
)
def test_C15_mocks_answer(way: Way, model: str, answer: str) -> None:
    assert way.chat(LLMRing(), model, "Hello").content == answer


def test_C15_mocks_fail_so_that_failover_can_be_tested(way: Way) -> None:
    write(lockfile_of(test={"assistant": ["mock:fail?status=429", "mock:echo"]}))

    response = way.chat(LLMRing(), "assistant", "Hello", profile="test")

    assert (response.model, response.attempts[0].status) == ("mock:echo", 429)


def test_C16_a_request_that_is_itself_wrong_is_not_sent_to_the_next_model(way: Way) -> None:
    write(lockfile_of(default={"fast": ["mock:fail?status=400", "mock:echo"]}))

    with pytest.raises(ProviderRequestError):
        way.chat(LLMRing(), "fast", "Hello")


@pytest.mark.parametrize(
    "messages",
    ["Hello", [{"role": "user", "content": "Hello"}], [Message("user", "Hello")]],
    ids=["text", "dictionaries", "Messages"],
)
def test_C18_an_alias_takes_messages_dictionaries_or_a_text(way: Way, messages: Any) -> None:
    assert way.chat(LLMRing(), "mock:echo", messages=messages).content == "Hello"


def test_C18_the_ellipsis_of_the_snippets_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValidationError, match="ellipsis"):
        LLMRing().chat("mock:echo", messages=[...])  # type: ignore[list-item]


def test_C20_the_dictionary_has_the_first_models_and_list_bindings_all(example: Path) -> None:
    ring = LLMRing()

    assert ring.list_aliases()["balanced"] == "anthropic:claude-3-5-sonnet"
    assert ring.list_bindings()["balanced"][1:] == ("openai:gpt-4o", "google:gemini-1.5-pro")
