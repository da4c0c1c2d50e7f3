from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, run, write
from llmring.lockfile.document import ModelRef, parse
from llmring.registry import bundled
from lockfile.texts import EXAMPLE


@pytest.fixture(autouse=True)
def no_local_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide a local model that may be installed on this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))


def models(path: str = "llmring.lock") -> dict[str, tuple[ModelRef, ...]]:
    lockfile = parse(Path(path).read_text(encoding="utf-8"))
    found = lockfile.profiles["default"].bindings
    return {alias: binding.models for alias, binding in found.items()}


def test_S004_S031_S035_S038_a_lockfile_is_created_without_key_network_or_home(
    tmp_path: Path,
) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("")

    result = run("lock", "init", HOME=str(nowhere / "home"), HTTPS_PROXY="http://127.0.0.1:1")

    assert result.code == 0
    assert result.err.startswith("llmring.lock created (no key is set, so all vendors; catalog ")
    assert result.out == run("aliases").out
    assert [path.name for path in Path().iterdir()] == ["llmring.lock"]


def test_S003_S036_the_usual_aliases_are_bound_in_the_default_profile(call: Call) -> None:
    call("lock", "init")

    assert {"fast", "balanced", "deep"} <= models().keys()


def test_S035_every_model_is_in_the_catalog(call: Call) -> None:
    call("lock", "init")

    refs = [ref for refs in models().values() for ref in refs]
    assert [ref for ref in refs if bundled.facts(ref) is None] == []


def test_W025_the_note_shows_that_no_catalog_was_fetched(call: Call) -> None:
    result = call("lock", "init")

    day = bundled.bundled().date
    assert f"catalog of {day} shipped with llmring, none fetched)" in result.err


def test_without_keys_every_alias_has_a_fallback_of_another_vendor(call: Call) -> None:
    call("lock", "init")

    assert [alias for alias, refs in models().items() if len({r.provider for r in refs}) < 2] == []


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_the_set_keys_decide_the_vendors(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"{name.upper()}_API_KEY", "sk-secret-0123456789")

    result = call("lock", "init")

    assert {ref.provider for refs in models().values() for ref in refs} == {name}
    assert f"for your keys: {name};" in result.err
    assert "secret" not in result.out + result.err + Path("llmring.lock").read_text(
        encoding="utf-8"
    )


def test_a_local_model_gets_an_alias_of_its_own(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "xllamacpp.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LLMRING_LOCAL_MODEL", "/models/qwen.gguf")

    call("lock", "init")

    assert models()["local"] == (ModelRef("local", "qwen"),)


def test_a_package_in_the_folder_gets_a_hint_on_shipping_a_lockfile(call: Call) -> None:
    Path("src/mine").mkdir(parents=True)
    Path("src/mine/__init__.py").write_text("")

    result = call("lock", "init")

    assert f"llmring lock init --file {Path('src/mine/llmring.lock')}" in result.err


def test_the_created_lockfile_is_valid(call: Call) -> None:
    call("lock", "init")

    assert call("lock", "validate") == (0, "", "llmring.lock: no problems\n")


def test_S033_an_existing_file_is_left_unchanged(call: Call) -> None:
    path = write(EXAMPLE)

    result = call("lock", "init")

    assert (result.code, result.out) == (1, "")
    assert result.err == "llmring: llmring.lock: exists already; replace it with --force\n"
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_S032_force_overwrites_an_existing_file(call: Call) -> None:
    write("not even TOML")

    result = call("lock", "init", "--force")

    assert result.code == 0
    assert "fast" in models()


def test_S034_the_file_option_creates_missing_folders(call: Call) -> None:
    result = call("lock", "init", "--file", "path/to/llmring.lock")

    assert result.code == 0
    assert "fast" in models("path/to/llmring.lock")
    assert not Path("llmring.lock").exists()


def test_a_file_that_is_not_the_active_one_gets_a_note(call: Call) -> None:
    result = call("lock", "init", "--file", "other.lock")

    assert result.err.endswith("; to use this one, set LLMRING_LOCKFILE_PATH=other.lock\n")


def test_C004_the_file_is_written_here_despite_the_variable_with_a_note(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(EXAMPLE, "other.lock")
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "other.lock")

    result = call("lock", "init")

    assert "fast" in models()
    assert result.err.splitlines()[1].startswith("another lockfile is active here; ")


def test_a_file_in_a_package_is_noted_as_shipped_with_it(call: Call) -> None:
    Path("src/mine").mkdir(parents=True)
    Path("src/mine/__init__.py").touch()

    result = call("lock", "init", "--file", "src/mine/llmring.lock")

    assert result.err.splitlines()[1:] == [
        "it ships with the package mine; unbind the aliases that it does not call"
    ]


def test_a_file_elsewhere_is_noted_as_not_the_active_one(call: Call) -> None:
    Path("elsewhere").mkdir()

    result = call("lock", "init", "--file", "elsewhere/llmring.lock")

    assert result.err.splitlines()[1:] == [
        "llmring's own is active here; to use this one, set "
        "LLMRING_LOCKFILE_PATH=elsewhere/llmring.lock"
    ]


@pytest.mark.parametrize("place", ["file/llmring.lock", "folder"])
def test_W032_an_unwritable_place_is_a_one_line_error(call: Call, place: str) -> None:
    Path("file").write_text("")
    Path("folder").mkdir()

    result = call("lock", "init", "--file", place, "--force")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err), result.err
