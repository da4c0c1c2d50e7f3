"""A ring's aliases: lookup, listing, required aliases, binding and unbinding."""

import asyncio
import importlib
import logging
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import (
    AliasNotFoundError,
    AllModelsFailedError,
    ConfigurationError,
    InvalidModelReferenceError,
    LLMRequest,
    LLMRing,
    LockfileError,
    LockfileNotFoundError,
    LockfileParseError,
    MissingAliasesError,
    ModelNotFoundError,
    ProviderNotFoundError,
)
from llmring.lockfile.default_lockfile import BUNDLED
from loopback import Loopback

Lock = Callable[..., Path]
Serve = Callable[..., Loopback]

MINI = "openai:gpt-4o-mini"
OPUS = "anthropic:claude-opus-4"
LOCAL = Path("llmring.lock")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that packages are imported from."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in {each for each in sys.modules if not each.startswith("llmring")} - before:
        del sys.modules[name]


@pytest.fixture
def library(site: Path, lockfile: Lock) -> Callable[..., Path]:
    """Return a function that creates a package with a lockfile and returns the lockfile's path."""

    def write(name: str, code: str = "", **aliases: list[str]) -> Path:
        folder = site / name
        folder.mkdir()
        (folder / "__init__.py").write_text(code)
        importlib.invalidate_caches()
        return Path(shutil.move(lockfile(**aliases), folder / "llmring.lock"))

    return write


def extend(path: Path, *packages: str) -> Path:
    """List packages in a lockfile."""
    path.write_text(f"{path.read_text()}[extends]\npackages = {list(packages)}\n")
    return path


# Lookup


def test_S071_an_alias_resolves_to_its_first_model(lockfile: Lock) -> None:
    ring = LLMRing(lockfile(fast=[MINI, OPUS]))

    assert ring.resolve_alias("fast") == MINI


def test_C06_the_first_model_with_a_key_is_preferred(lockfile: Lock) -> None:
    ring = LLMRing(lockfile(fast=[MINI, OPUS]), environ={"ANTHROPIC_API_KEY": "sk-ant-1"})

    assert ring.resolve_alias("fast") == OPUS


def test_a_model_resolves_to_itself(lockfile: Lock) -> None:
    assert LLMRing(lockfile()).resolve_alias("openai:gpt-9") == "openai:gpt-9"


def test_S133_an_unknown_alias_is_model_not_found_with_a_suggestion(lockfile: Lock) -> None:
    ring = LLMRing(lockfile(summarizer=[MINI]))

    with pytest.raises(ModelNotFoundError, match="did you mean 'summarizer'"):
        ring.resolve_alias("sumarizer")


def test_a_profile_that_does_not_exist_is_an_error(lockfile: Lock) -> None:
    with pytest.raises(ConfigurationError, match="unknown profile 'dve'"):
        LLMRing(lockfile(fast=[MINI])).resolve_alias("fast", profile="dve")


def test_S076_aliases_are_listed_with_their_first_model_in_the_order_of_the_file(
    lockfile: Lock,
) -> None:
    listed = LLMRing(lockfile(zeta=[MINI, OPUS], alpha=[OPUS])).list_aliases()

    assert list(listed.items()) == [("zeta", MINI), ("alpha", OPUS)]


def test_S072_S094_S095_S096_the_profile_is_the_call_s_then_the_environment_s_then_the_file_s(
    lockfile: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = LLMRing(lockfile(fast=["mock:default"]))
    ring.bind_alias("fast", "mock:dev", profile="dev")
    ring.bind_alias("fast", "mock:prod", profile="prod")

    by_file = ring.resolve_alias("fast")
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    assert (by_file, ring.resolve_alias("fast"), ring.resolve_alias("fast", "prod")) == (
        "mock:default",
        "mock:dev",
        "mock:prod",
    )


@pytest.mark.parametrize(("alias", "there"), [("fast", True), ("slow", False), (MINI, False)])
def test_S118_has_alias_is_true_for_bound_aliases_only(
    lockfile: Lock, alias: str, there: bool
) -> None:
    assert LLMRing(lockfile(fast=[MINI])).has_alias(alias) is there


@pytest.mark.parametrize("alias", [None, 7, b"fast", ["fast"], "", ":", "a:", "nolib:x", "\0"])
def test_S118_has_alias_never_raises(lockfile: Lock, alias: Any) -> None:
    ring = LLMRing(extend(lockfile(fast=[MINI]), "nolib"))

    assert ring.has_alias(alias) is False


@pytest.mark.parametrize("profile", ["dve", 7, ["dev"]])
def test_S118_has_alias_does_not_raise_for_an_unknown_profile(lockfile: Lock, profile: Any) -> None:
    assert LLMRing(lockfile(fast=[MINI])).has_alias("fast", profile) is False


def test_alias_methods_work_inside_a_running_event_loop(lockfile: Lock) -> None:
    async def use() -> str:
        async with LLMRing(lockfile(fast=[MINI])) as ring:
            ring.require_aliases(["fast"])
            ring.bind_alias("deep", OPUS)
            ring.clear_alias_cache()
            return ring.resolve_alias("deep")

    assert asyncio.run(use()) == OPUS


# Required aliases


def test_S114_existing_required_aliases_pass(lockfile: Lock) -> None:
    LLMRing(lockfile(fast=[MINI])).require_aliases(["fast"], context="my-library")


def test_S115_S119_the_message_has_exactly_three_lines(lockfile: Lock) -> None:
    path = lockfile(summarizer=[MINI])

    with pytest.raises(ValueError, match="missing") as caught:
        LLMRing(path).require_aliases(["summarizer", "analyzer"], context="my-library")

    assert str(caught.value).split("\n") == [
        "Lockfile missing required aliases for my-library: analyzer.",
        f"Lockfile path: {path}",
        "Please ensure your lockfile defines these aliases.",
    ]


def test_S119_without_a_context_the_message_names_none(lockfile: Lock) -> None:
    with pytest.raises(ValueError, match=r"^Lockfile missing required aliases: a, b\.\n"):
        LLMRing(lockfile()).require_aliases(["a", "b"])


def test_S119_the_path_is_absolute(lockfile: Lock) -> None:
    shutil.move(lockfile(), LOCAL)

    with pytest.raises(ValueError, match="missing") as caught:
        LLMRing().require_aliases(["a"])

    assert f"\nLockfile path: {LOCAL.resolve()}\n" in str(caught.value)


def test_C12_another_profile_than_default_is_named_in_the_second_line(lockfile: Lock) -> None:
    with pytest.raises(ValueError, match=r"\nLockfile path: .* \(profile: dev\)\n"):
        LLMRing(lockfile(a=[MINI])).require_aliases(["a"], profile="dev")


def test_S120_missing_aliases_are_listed_in_the_requested_order(lockfile: Lock) -> None:
    with pytest.raises(MissingAliasesError) as caught:
        LLMRing(lockfile(b=[MINI])).require_aliases(["c", "b", "a"])

    assert caught.value.missing == ("c", "a")


def test_S123_a_single_string_is_one_alias(lockfile: Lock) -> None:
    with pytest.raises(ValueError, match=r"aliases: balanced\.\n"):
        LLMRing(lockfile()).require_aliases("balanced")


def test_a_missing_alias_of_a_package_comes_with_what_is_missing(lockfile: Lock) -> None:
    with pytest.raises(MissingAliasesError) as caught:
        LLMRing(lockfile(a=[MINI])).require_aliases(["b", "my-lib:x", MINI])

    about_package, about_model = str(caught.value).splitlines()[3:]
    assert caught.value.missing == ("b", "my-lib:x", MINI)
    assert '[extends] packages = ["my_lib"]' in about_package
    assert about_model == f"{MINI} is a model, not an alias"


# Binding


@pytest.mark.parametrize(
    "models",
    [f"{MINI},{OPUS}", f"{MINI} , {OPUS}", [MINI, OPUS], (MINI, OPUS), iter([MINI, OPUS])],
    ids=repr,
)
def test_S073_models_to_bind_can_be_a_comma_separated_string_or_a_list(
    lockfile: Lock, models: Any
) -> None:
    ring = LLMRing(lockfile())
    ring.bind_alias("fast", models)

    assert ring.list_bindings() == {"fast": (MINI, OPUS)}


def test_S075_a_binding_is_there_at_once_and_for_every_other_ring(lockfile: Lock) -> None:
    path = lockfile(fast=[MINI])
    ring, other = LLMRing(path), LLMRing(path)
    other.list_aliases()

    ring.bind_alias("fast", OPUS)

    assert (ring.resolve_alias("fast"), other.resolve_alias("fast")) == (OPUS, OPUS)


def test_S078_unbinding_undoes_binding(lockfile: Lock) -> None:
    path = lockfile(fast=[MINI])
    before = path.read_bytes()
    ring = LLMRing(path)
    ring.bind_alias("deep", OPUS)
    ring.unbind_alias("deep")

    assert (path.read_bytes(), ring.has_alias("deep")) == (before, False)


def test_S079_an_alias_is_unbound_in_the_profile_named(lockfile: Lock) -> None:
    ring = LLMRing(lockfile(fast=[MINI]))
    ring.bind_alias("fast", OPUS, profile="dev")
    ring.unbind_alias("fast", profile="dev")

    assert (ring.has_alias("fast", "dev"), ring.list_aliases()) == (False, {"fast": MINI})


def test_S080_an_alias_that_is_not_bound_can_t_be_unbound(lockfile: Lock) -> None:
    with pytest.raises(ModelNotFoundError, match="no alias 'deep'"):
        LLMRing(lockfile(fast=[MINI])).unbind_alias("deep")


@pytest.mark.parametrize(
    ("models", "error"),
    [
        ("gpt-4o-mini", InvalidModelReferenceError),
        ("", InvalidModelReferenceError),
        ([], InvalidModelReferenceError),
        ("opnai:gpt-4o-mini", ConfigurationError),
    ],
)
def test_an_invalid_model_reference_is_not_bound(lockfile: Lock, models: Any, error: type) -> None:
    path = lockfile(fast=[MINI])
    before = path.read_bytes()

    with pytest.raises(error):
        LLMRing(path).bind_alias("fast", models)

    assert path.read_bytes() == before


def test_S074_S077_binding_creates_a_missing_profile(lockfile: Lock) -> None:
    ring = LLMRing(lockfile(fast=[MINI]))
    ring.bind_alias("fast", OPUS, profile="dev")

    assert ring.list_aliases("dev") == {"fast": OPUS}


def test_C11_binding_with_llmring_s_own_lockfile_creates_one_here() -> None:
    before = BUNDLED.read_bytes()
    ring = LLMRing()

    ring.bind_alias("fast", MINI)

    assert ring.lockfile_path == LOCAL.resolve()
    assert (ring.lockfile_source, ring.list_aliases()) == ("folder", {"fast": MINI})
    assert BUNDLED.read_bytes() == before


def test_C11_binding_with_a_package_s_lockfile_creates_one_here(
    library: Callable[..., Path],
) -> None:
    path = library("liba", summarizer=[MINI])
    before = path.read_bytes()
    ring = LLMRing(path)

    ring.bind_alias("summarizer", OPUS)

    assert ring.lockfile_path == LOCAL.resolve()
    assert (path.read_bytes(), ring.resolve_alias("summarizer")) == (before, OPUS)


def test_C11_the_changed_file_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    ring = LLMRing()

    with caplog.at_level(logging.INFO, "llmring"):
        ring.bind_alias("fast", MINI)

    assert f"using the lockfile {LOCAL.resolve()}" in caplog.text


def test_C11_a_lockfile_created_in_the_meantime_is_extended(lockfile: Lock) -> None:
    ring = LLMRing()
    shutil.move(lockfile(deep=[OPUS]), LOCAL)

    ring.bind_alias("fast", MINI)

    assert ring.list_aliases() == {"deep": OPUS, "fast": MINI}


def test_C11_nothing_is_unbound_in_a_lockfile_that_belongs_to_a_package() -> None:
    ring = LLMRing()

    with pytest.raises(LockfileError, match="belongs to a package"):
        ring.unbind_alias("fast")

    assert not LOCAL.exists()


def test_C11_unbinding_does_not_touch_an_inactive_lockfile(
    library: Callable[..., Path], lockfile: Lock
) -> None:
    ring = LLMRing(library("liba", summarizer=[MINI]))
    shutil.move(lockfile(summarizer=[OPUS]), LOCAL)
    before = LOCAL.read_bytes()

    with pytest.raises(LockfileError):
        ring.unbind_alias("summarizer")

    assert LOCAL.read_bytes() == before


# New lockfiles


def test_S081_a_new_lockfile_is_used_at_once() -> None:
    ring = LLMRing()
    ring.init_lockfile()

    assert (ring.lockfile_path, ring.has_alias("fast")) == (LOCAL.resolve(), True)


def test_S082_S083_C10_a_lockfile_that_is_there_is_not_overwritten_unless_forced(
    lockfile: Lock,
) -> None:
    path = lockfile(mine=[MINI])
    ring = LLMRing(path)

    with pytest.raises(FileExistsError, match="pass force=True to replace it"):
        ring.init_lockfile()
    kept = ring.list_aliases()
    ring.init_lockfile(force=True)

    assert (kept, ring.has_alias("mine"), ring.has_alias("fast")) == ({"mine": MINI}, False, True)


def test_C11_a_new_lockfile_never_overwrites_a_package_s(
    library: Callable[..., Path],
) -> None:
    path = library("liba", summarizer=[MINI])
    before = path.read_bytes()

    LLMRing(path).init_lockfile(force=True)

    assert (path.read_bytes(), LOCAL.exists()) == (before, True)


# Changes of the file


def test_C07_a_file_edited_on_disk_is_noticed_by_the_next_call(lockfile: Lock) -> None:
    ring = LLMRing(lockfile(fast=[MINI]))
    before = ring.resolve_alias("fast")
    lockfile(fast=[OPUS])

    assert (before, ring.resolve_alias("fast")) == (MINI, OPUS)


def test_S085_S086_C07_clearing_the_cache_reads_even_a_file_that_looks_unchanged(
    lockfile: Lock,
) -> None:
    import os

    old = 1_600_000_000
    path = lockfile(fast=["mock:aaaa"])
    os.utime(path, (old, old))
    ring = LLMRing(path)
    ring.resolve_alias("fast")
    with path.open("r+") as stream:
        text = stream.read()
        stream.seek(0)
        stream.write(text.replace("mock:aaaa", "mock:bbbb"))
    os.utime(path, (old, old))

    before = ring.resolve_alias("fast")
    ring.clear_alias_cache()

    assert (before, ring.resolve_alias("fast")) == ("mock:aaaa", "mock:bbbb")


def test_a_broken_file_leaves_the_last_good_reading_active_and_warns_once(
    lockfile: Lock, caplog: pytest.LogCaptureFixture
) -> None:
    path = lockfile(fast=[MINI])
    ring = LLMRing(path)
    path.write_text("fast = \n")

    seen = [ring.resolve_alias("fast") for _ in range(3)]

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert (seen, len(warnings)) == ([MINI] * 3, 1)
    assert f"{path}:1:8: not TOML" in warnings[0].getMessage()


def test_a_repaired_file_is_used_again(lockfile: Lock) -> None:
    path = lockfile(fast=[MINI])
    ring = LLMRing(path)
    path.unlink()
    kept = ring.resolve_alias("fast")
    lockfile(fast=[OPUS])

    assert (kept, ring.resolve_alias("fast")) == (MINI, OPUS)


def test_a_file_broken_from_the_start_is_an_error(lockfile: Lock) -> None:
    path = lockfile()
    path.write_text("fast = \n")

    with pytest.raises(LockfileParseError, match="1:8: not TOML"):
        LLMRing(path)


# Extended packages


@pytest.fixture
def consumer(library: Callable[..., Path], lockfile: Lock) -> Path:
    """Write a lockfile that extends `liba`, which has the aliases summarizer and checker."""
    library("liba", "raise RuntimeError", summarizer=["mock:first"], checker=["mock:second"])
    return extend(lockfile(fast=[MINI]), "liba")


def test_R45_the_alias_of_a_package_exists_and_resolves(consumer: Path) -> None:
    ring = LLMRing(consumer)
    ring.require_aliases(["liba:summarizer", "fast"])

    assert ring.resolve_alias("liba:summarizer") == "mock:first"
    assert ring.has_alias("liba:summarizer") is True


def test_R45_a_missing_alias_of_a_package_is_reported_by_its_full_name(consumer: Path) -> None:
    with pytest.raises(ValueError, match=r"aliases for app: liba:nothing\.\n"):
        LLMRing(consumer).require_aliases(["liba:summarizer", "liba:nothing"], context="app")


def test_R43_the_alias_of_a_package_is_overridden_by_binding_its_full_name(consumer: Path) -> None:
    ring = LLMRing(consumer)
    ring.bind_alias("liba:summarizer", "mock:mine")

    assert ring.resolve_alias("liba:summarizer") == "mock:mine"
    assert ring.resolve_alias("liba:checker") == "mock:second"


def test_R43_removing_the_override_restores_the_package_s_alias(consumer: Path) -> None:
    ring = LLMRing(consumer)
    ring.bind_alias("liba:summarizer", "mock:mine")
    ring.unbind_alias("liba:summarizer")

    assert ring.resolve_alias("liba:summarizer") == "mock:first"


def test_the_aliases_of_packages_are_not_listed_among_one_s_own(consumer: Path) -> None:
    assert LLMRing(consumer).list_aliases() == {"fast": MINI}


@pytest.fixture
def served(
    serve: Serve, library: Callable[..., Path], lockfile: Lock, monkeypatch: pytest.MonkeyPatch
) -> LLMRing:
    """Return a ring that extends `liba`, whose summarizer is openai (down), then anthropic."""
    down, up = serve(answers.openai_error(503)), serve(answers.anthropic("a summary"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{down.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", up.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
    library("liba", "raise RuntimeError", summarizer=[MINI, OPUS], alone=[MINI])
    return LLMRing(extend(lockfile(), "liba"))


def test_R45_a_chat_through_the_alias_of_a_package_fails_over(way: Way, served: LLMRing) -> None:
    response = way.chat(served, LLMRequest(model="liba:summarizer", messages="Hello"))

    assert (response.content, response.model) == ("a summary", OPUS)
    assert [attempt.outcome for attempt in response.attempts] == ["failed", "ok"]


def test_R45_an_alias_of_a_package_is_called_by_its_name_alone(served: LLMRing) -> None:
    with served:
        assert served.chat("liba:summarizer", messages="Hello").content == "a summary"


def test_R45_an_error_names_the_alias_of_the_package(way: Way, served: LLMRing) -> None:
    with pytest.raises(AllModelsFailedError, match="the only model of alias 'liba:alone' failed"):
        way.chat(served, "liba:alone", messages="Hello")


def test_an_unknown_prefix_is_reported_as_neither_provider_nor_package(
    way: Way, lockfile: Lock
) -> None:
    with pytest.raises(
        ProviderNotFoundError, match=r"unknown provider 'libX', and .* no package 'libX'"
    ):
        way.chat(LLMRing(lockfile()), "libX:sum", messages="Hello")


def test_an_unknown_alias_of_a_package_is_model_not_found(way: Way, consumer: Path) -> None:
    with pytest.raises(AliasNotFoundError, match="did you mean liba:summarizer"):
        way.chat(LLMRing(consumer), "liba:sumarizer", messages="Hello")


# The calling package's lockfile

MAKES_A_RING = "from llmring import LLMRing\ndef ring(**options):\n    return LLMRing(**options)\n"


def test_C03_S110_a_bare_ring_in_a_package_uses_the_lockfile_of_the_package(
    library: Callable[..., Path],
) -> None:
    path = library("liba", MAKES_A_RING, summarizer=[MINI])
    ring = importlib.import_module("liba").ring()

    assert (ring.lockfile_path, ring.lockfile_source) == (path, "package")


def test_C03_a_module_deep_in_a_package_uses_the_package_s_lockfile(
    library: Callable[..., Path],
) -> None:
    path = library("liba", "", summarizer=[MINI])
    (path.parent / "deep").mkdir()
    (path.parent / "deep" / "core.py").write_text(MAKES_A_RING)

    assert importlib.import_module("liba.deep.core").ring().lockfile_path == path


def test_C03_a_package_in_a_namespace_uses_its_own_lockfile(
    library: Callable[..., Path], site: Path
) -> None:
    path = library("liba", MAKES_A_RING, summarizer=[MINI])
    (site / "acme").mkdir()
    shutil.move(path.parent, site / "acme" / "liba")

    ring = importlib.import_module("acme.liba").ring()

    assert ring.lockfile_path == site / "acme" / "liba" / "llmring.lock"


def test_C03_a_package_uses_its_lockfile_while_it_is_imported(
    library: Callable[..., Path],
) -> None:
    path = library("liba", "from llmring import LLMRing\nring = LLMRing()\n", summarizer=[MINI])

    assert importlib.import_module("liba").ring.lockfile_path == path


def test_C03_a_package_uses_its_lockfile_when_it_is_run(library: Callable[..., Path]) -> None:
    path = library("liba", "", summarizer=[MINI])
    (path.parent / "__main__.py").write_text("from llmring import LLMRing\nring = LLMRing()\n")

    assert runpy.run_module("liba", run_name="__main__")["ring"].lockfile_path == path


def test_C03_a_subclass_in_a_package_uses_the_package_s_lockfile(
    library: Callable[..., Path],
) -> None:
    code = (
        "from llmring import LLMRing\n"
        "class Ring(LLMRing):\n    def __init__(self):\n        super().__init__()\n"
    )
    path = library("liba", code, summarizer=[MINI])

    assert importlib.import_module("liba").Ring().lockfile_path == path


def test_C03_a_caller_outside_of_packages_uses_llmring_s_own_lockfile() -> None:
    globals_: dict[str, Any] = {"LLMRing": LLMRing}
    exec("ring = LLMRing()", globals_)  # noqa: S102 -- as an interactive session does

    assert globals_["ring"].lockfile_source == "bundled"


def test_C03_S016_the_working_folder_comes_before_the_package(
    library: Callable[..., Path], lockfile: Lock
) -> None:
    library("liba", MAKES_A_RING, summarizer=[MINI])
    shutil.move(lockfile(summarizer=[OPUS]), LOCAL)

    assert importlib.import_module("liba").ring().lockfile_path == LOCAL.resolve()


def test_S111_the_argument_comes_before_the_package(
    library: Callable[..., Path], lockfile: Lock
) -> None:
    library("liba", MAKES_A_RING, summarizer=[MINI])
    mine = lockfile(summarizer=[OPUS])

    assert importlib.import_module("liba").ring(lockfile_path=mine).lockfile_path == mine


def test_C03_which_rule_found_the_lockfile_is_logged(
    library: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = library("liba", MAKES_A_RING, summarizer=[MINI])

    with caplog.at_level(logging.INFO, "llmring"):
        importlib.import_module("liba").ring()

    assert f"using the lockfile {path} (found by: package)" in caplog.text


@pytest.mark.parametrize("package", ["liba", "liba.core"])
def test_C03_the_package_can_be_named_instead(library: Callable[..., Path], package: str) -> None:
    path = library("liba", "raise RuntimeError", summarizer=[MINI])

    assert LLMRing(package=package).lockfile_path == path


def test_C03_llmring_named_as_the_package_gives_the_bundled_lockfile() -> None:
    assert LLMRing(package="llmring").lockfile_source == "bundled"


@pytest.mark.parametrize(
    ("package", "why"), [("nolib", "is not installed"), ("json", "ships no lockfile")]
)
def test_C03_a_named_package_without_a_lockfile_is_an_error(package: str, why: str) -> None:
    with pytest.raises(LockfileNotFoundError, match=why):
        LLMRing(package=package)


def test_C11_binding_from_within_a_package_leaves_the_package_s_lockfile_alone(
    library: Callable[..., Path],
) -> None:
    path = library("liba", MAKES_A_RING, summarizer=[MINI])
    before = path.read_bytes()
    ring = importlib.import_module("liba").ring()

    ring.bind_alias("summarizer", OPUS)

    assert (path.read_bytes(), ring.lockfile_path) == (before, LOCAL.resolve())


def test_after_its_working_folder_was_removed_a_program_still_calls_models(
    tmp_path: Path, lockfile: Lock
) -> None:
    own = lockfile(fast=["mock:echo"])
    code = f"""
import os
os.mkdir("gone"); os.chdir("gone"); os.rmdir("../gone")
from llmring import LLMRing, LLMRingError
print(LLMRing().chat("mock:echo", "one").content, LLMRing({str(own)!r}).chat("fast", "two").content)
for act in (lambda: LLMRing("llmring.lock"), lambda: LLMRing().bind_alias("a", "mock:echo")):
    try:
        act()
    except LLMRingError as error:
        print(type(error).__name__)
"""

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["one", "two", "LockfileNotFoundError", "LockfileError"], (
        done.stderr
    )


def test_further_look_ups_hash_no_address_of_a_registry(tmp_path: Path) -> None:
    path = tmp_path / "llmring.lock"
    path.write_text('[registry]\nurl = "https://h.example/m.json"\n')
    hashed: list[str] = []

    def watch(_: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and "sha256" in called.__name__:
            hashed.append(called.__name__)

    with LLMRing(path, environ={}) as ring:
        ring.explain("mock:echo")
        sys.setprofile(watch)
        try:
            ring.explain("mock:echo")
        finally:
            sys.setprofile(None)

    assert hashed == []
