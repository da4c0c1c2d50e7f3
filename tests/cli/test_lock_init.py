from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, run, write
from llmring.lockfile.document import ModelRef, parse
from llmring.registry import bundled
from lockfile.texts import EXAMPLE


@pytest.fixture(autouse=True)
def no_local_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests may have pulled one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


def models(path: str = "llmring.lock") -> dict[str, tuple[ModelRef, ...]]:
    lockfile = parse(Path(path).read_text(encoding="utf-8"))
    found = lockfile.profiles["default"].bindings
    return {alias: binding.models for alias, binding in found.items()}


def test_S004_S031_S035_S038_without_key_network_or_home_it_makes_a_lockfile_here(
    tmp_path: Path,
) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("")

    told = run("lock", "init", HOME=str(nowhere / "home"), HTTPS_PROXY="http://127.0.0.1:1")

    assert told.code == 0
    assert told.err.startswith("llmring.lock created (no key is set, so of all vendors; catalog ")
    assert told.out == run("aliases").out
    assert [path.name for path in Path().iterdir()] == ["llmring.lock"]


def test_S003_S036_the_usual_aliases_are_bound_in_the_default_profile(call: Call) -> None:
    call("lock", "init")

    assert {"fast", "balanced", "deep"} <= models().keys()


def test_S035_every_model_is_one_of_the_catalog(call: Call) -> None:
    call("lock", "init")

    refs = [ref for refs in models().values() for ref in refs]
    assert [ref for ref in refs if bundled.facts(ref) is None] == []


def test_W025_it_says_that_nothing_was_fetched_where_nothing_was(call: Call) -> None:
    told = call("lock", "init")

    day = bundled.bundled().date
    assert f"catalog of {day} that came with llmring, nothing fetched)" in told.err


def test_without_keys_every_alias_has_a_fallback_of_another_vendor(call: Call) -> None:
    call("lock", "init")

    assert [alias for alias, refs in models().items() if len({r.provider for r in refs}) < 2] == []


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_the_keys_that_are_set_decide_on_the_vendors(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"{name.upper()}_API_KEY", "sk-secret-0123456789")

    told = call("lock", "init")

    assert {ref.provider for refs in models().values() for ref in refs} == {name}
    assert f"for your keys: {name};" in told.err
    assert "secret" not in told.out + told.err + Path("llmring.lock").read_text(encoding="utf-8")


def test_a_local_model_gets_an_alias_of_its_own(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LOCAL_MODEL", "/models/qwen.gguf")

    call("lock", "init")

    assert models()["local"] == (ModelRef("local", "qwen"),)


def test_a_package_beside_it_is_told_how_to_ship_one(call: Call) -> None:
    Path("src/mine").mkdir(parents=True)
    Path("src/mine/__init__.py").write_text("")

    said = call("lock", "init")

    assert f"llmring lock init --file {Path('src/mine/llmring.lock')}" in said.err


def test_the_result_is_good(call: Call) -> None:
    call("lock", "init")

    assert call("lock", "validate") == (0, "", "llmring.lock: good\n")


def test_S033_a_file_that_is_there_is_left_alone(call: Call) -> None:
    path = write(EXAMPLE)

    told = call("lock", "init")

    assert (told.code, told.out) == (1, "")
    assert told.err == "llmring: llmring.lock: exists already; --force replaces it\n"
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_S032_force_overwrites_it(call: Call) -> None:
    write("not even TOML")

    told = call("lock", "init", "--force")

    assert told.code == 0
    assert "fast" in models()


def test_S034_a_path_can_be_named_whose_folders_are_made(call: Call) -> None:
    told = call("lock", "init", "--file", "path/to/llmring.lock")

    assert told.code == 0
    assert "fast" in models("path/to/llmring.lock")
    assert not Path("llmring.lock").exists()


def test_a_file_that_is_not_the_one_in_force_gets_a_note(call: Call) -> None:
    told = call("lock", "init", "--file", "other.lock")

    assert told.err.endswith("; LLMRING_LOCKFILE_PATH=other.lock makes it so\n")


def test_C004_it_writes_here_whatever_the_variable_says_and_tells_so(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(EXAMPLE, "other.lock")
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "other.lock")

    told = call("lock", "init")

    assert "fast" in models()
    assert told.err.splitlines()[1].startswith("it is not the one in force here; ")


@pytest.mark.parametrize("place", ["file/llmring.lock", "folder"])
def test_W032_a_place_that_can_t_be_written_is_one_plain_line(call: Call, place: str) -> None:
    Path("file").write_text("")
    Path("folder").mkdir()

    told = call("lock", "init", "--file", place, "--force")

    assert (told.code, told.out) == (1, "")
    assert is_plain_error(told.err), told.err
