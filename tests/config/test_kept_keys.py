"""The user's kept keys: in a file of their own or in the keyring, and only for the vendor."""

import importlib
import json
import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import answers
from llmring import ConfigurationError, LLMRing, ProviderAuthenticationError
from llmring.config import kept_keys
from llmring.config.kept_keys import KeptKeys, place_in_words
from llmring.config.settings import kept_keys_path, read_settings
from loopback import Loopback

KEY = "sk-kept-0123456789abcdef"


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the package keyring, if it is installed."""
    monkeypatch.setitem(sys.modules, "keyring", None)


def errors() -> ModuleType:
    return importlib.import_module("keyring.errors")


class InFile:
    """A keyring in a file: what `keyring` calls, once it is one of its backends."""

    name = "file of the test"
    priority = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _read(self) -> dict[str, str]:
        if (self.folder / "broken").exists():
            raise errors().NoKeyringError("no backend")
        path = self.folder / "secrets.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, found: dict[str, str]) -> None:
        if not (self.folder / "forgetful").exists():
            (self.folder / "secrets.json").write_text(json.dumps(found))

    def get_password(self, service: str, name: str) -> str | None:
        return self._read().get(f"{service} {name}")

    def set_password(self, service: str, name: str, password: str) -> None:
        self._write(self._read() | {f"{service} {name}": password})

    def delete_password(self, service: str, name: str) -> None:
        found = self._read()
        if found.pop(f"{service} {name}", None) is None:
            raise errors().PasswordDeleteError("none")
        self._write(found)


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Path]:
    """Make the package keyring use a file; return the folder of the file."""
    package = pytest.importorskip("keyring")
    backend = importlib.import_module("keyring.backend")
    folder = tmp_path / "keyring"
    folder.mkdir()
    before = package.get_keyring()
    package.set_keyring(type("Backend", (InFile, backend.KeyringBackend), {})(folder))
    yield folder
    package.set_keyring(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "llmring" / kept_keys.NAME


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_without_a_keyring_keys_are_in_a_file_for_the_user_alone(path: Path) -> None:
    assert KeptKeys(path).add("openai", KEY) == "file"

    assert KeptKeys(path).key("openai") == KEY
    assert KeptKeys(path).key("anthropic") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_with_a_keyring_the_file_has_only_the_name(path: Path, keyring: Path) -> None:
    assert KeptKeys(path).add("openai", KEY) == "keyring"

    assert KEY not in path.read_text()
    assert KeptKeys(path).places() == {"openai": "keyring"}
    assert KeptKeys(path).key("openai") == KEY


def test_a_keyring_that_keeps_nothing_is_replaced_by_the_file(path: Path, keyring: Path) -> None:
    (keyring / "forgetful").touch()

    assert KeptKeys(path).add("openai", KEY) == "file"
    assert KeptKeys(path).key("openai") == KEY


def test_a_keyring_that_does_not_run_is_replaced_by_the_file(path: Path, keyring: Path) -> None:
    (keyring / "broken").touch()

    assert KeptKeys(path).add("openai", KEY) == "file"
    assert KeptKeys(path).key("openai") == KEY


def test_a_keyring_that_no_longer_runs_is_a_warning(
    path: Path, keyring: Path, caplog: pytest.LogCaptureFixture
) -> None:
    KeptKeys(path).add("openai", KEY)
    (keyring / "broken").touch()

    assert KeptKeys(path).key("openai") is None
    assert "the keyring can't be used: NoKeyringError" in caplog.text


@pytest.mark.parametrize("kind", ["null", "fail"])
def test_without_a_keyring_that_runs_the_package_changes_nothing(path: Path, kind: str) -> None:
    package = pytest.importorskip("keyring")
    before = package.get_keyring()
    package.set_keyring(importlib.import_module(f"keyring.backends.{kind}").Keyring())
    try:
        assert KeptKeys(path).add("openai", KEY) == "file"
        assert KeptKeys(path).key("openai") == KEY
        assert kept_keys.keyring_name() is None
        assert place_in_words("file") == "the file (no keyring can be used here)"
    finally:
        package.set_keyring(before)


def test_the_keyring_in_use_is_named(keyring: Path) -> None:
    assert place_in_words("keyring") == "the keyring (file of the test)"


@pytest.mark.usefixtures("no_keyring")
def test_without_the_package_the_place_names_the_command_that_installs_it() -> None:
    assert place_in_words("file").endswith('pip install "llmring[keyring]")')


@pytest.mark.parametrize("place", ["no_keyring", "keyring"])
def test_a_key_is_removed(path: Path, place: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(place)
    kept = KeptKeys(path)
    kept.add("openai", KEY)

    assert kept.remove("openai")
    assert not kept.remove("openai")
    assert KeptKeys(path).key("openai") is None


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_file_that_others_can_read_is_a_warning_and_closed_when_it_is_written(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    KeptKeys(path).add("openai", KEY)
    path.chmod(0o644)

    assert KeptKeys(path).key("openai") == KEY
    assert "chmod 600" in caplog.text
    KeptKeys(path).add("anthropic", KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"openai": "sk-secret"}', '{"openai": sk-secret}', '{"openai": {"key": 7}}'],
)
def test_a_damaged_file_is_an_error_that_does_not_quote_it(
    path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)

    with pytest.raises(ConfigurationError) as failure:
        KeptKeys(path).places()
    assert "sk-secret" not in str(failure.value)
    assert KeptKeys(path).key("openai") is None
    assert "does not hold kept keys" in caplog.text


def test_without_a_home_folder_no_key_is_kept() -> None:
    assert kept_keys_path({}) is None
    assert KeptKeys(None).key("openai") is None
    with pytest.raises(ConfigurationError, match="home folder"):
        KeptKeys(None).add("openai", KEY)


# Calls


def keep(provider: str = "openai") -> Path:
    path = kept_keys_path()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({provider: {"key": KEY}}))
    path.chmod(0o600)
    return path


def authorization(server: Loopback) -> str:
    return server.requests[-1].headers["authorization"]


def test_a_call_uses_the_kept_key(
    serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep()
    server = serve(answers.openai("Hi"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")

    with LLMRing() as ring:
        assert ring.chat("openai:gpt-4o-mini", "Hello").content == "Hi"

    assert authorization(server) == f"Bearer {KEY}"


def test_a_key_of_the_environment_wins_and_the_file_is_not_read(
    serve: Callable[..., Loopback],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keep().write_text("damaged")
    server = serve(answers.openai("Hi"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")

    with LLMRing() as ring, caplog.at_level(logging.WARNING, "llmring"):
        assert ring.chat("openai:gpt-4o-mini", "Hello").content == "Hi"

    assert authorization(server) == "Bearer sk-of-the-environment"
    assert "damaged" not in caplog.text
    assert "kept keys" not in caplog.text


@pytest.mark.parametrize(
    "table",
    [
        '[providers.openai]\nbase_url = "{url}"\n',
        '[providers.openai]\nbase_url = "{url}"\napi_key_env = "OPENAI_API_KEY"\n',
        '[providers.openai]\nkind = "openai"\nbase_url = "{url}"\napi_key_env = "MY_KEY"\n',
        '[providers.openai]\napi_key_env = "MY_KEY"\n',
    ],
)
def test_a_kept_key_is_never_for_the_server_or_the_key_of_a_lockfile(
    serve: Callable[..., Loopback], table: str
) -> None:
    keep()
    server = serve(answers.openai("Hi"))
    Path("llmring.lock").write_text(table.replace("{url}", f"{server.url}/v1"))

    with LLMRing() as ring:
        try:
            ring.chat("openai:gpt-4o-mini", "Hello", max_tokens=5)
        except ProviderAuthenticationError:
            assert server.requests == []
        else:
            assert KEY not in str(server.requests[-1].headers)


def test_a_kept_key_is_for_a_vendor_whose_headers_a_lockfile_sets() -> None:
    from llmring.config.provider_tables import with_own
    from llmring.lockfile.document import parse

    keep()
    lockfile = parse('[providers.openai]\nheaders = { x-team = "blue" }\n', Path("llmring.lock"))
    found = with_own(lockfile, read_settings().endpoints, {})["openai"]

    assert found.provider.headers == {"x-team": "blue"}
    assert found.key_in_use == KEY
