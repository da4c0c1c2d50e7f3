"""Keys of providers that the user keeps in the system's keyring, or in a file of their own.

The file names the providers, so the keyring is asked only for a key that is in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from llmring.exceptions import ConfigurationError

Place = Literal["keyring", "file"]

NAME = "keys.json"
INSTALL = 'pip install "llmring[keyring]"'

# The keyring's name for the program that a key belongs to.
_SERVICE = "llmring"

# What the package uses where it finds no keyring, or where the user has switched it off.
_NO_KEYRINGS = frozenset(("keyring.backends.fail", "keyring.backends.null"))

_log = logging.getLogger("llmring")


class KeptKeys:
    """The user's kept keys. Nothing is read before a key is asked for.

    Args:
        path: The file; None without a home folder, where no keys are kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: Mapping[str, str | None] | None = None

    def key(self, provider: str) -> str | None:
        """Return the kept key of a provider; None, with a warning, if it can't be read."""
        try:
            if self._found is None:
                self._found = self._read()
            if provider not in self._found:
                return None
            return self._found[provider] or self._in_keyring(provider)
        except ConfigurationError as error:
            self._found = self._found or {}
            _log.warning("%s", error.message)
            return None

    def places(self) -> dict[str, Place]:
        """Return the providers with kept keys, and where each key is.

        Raises:
            ConfigurationError: The file can't be read.
        """
        return {
            name: "keyring" if key is None else "file" for name, key in sorted(self._read().items())
        }

    def add(self, provider: str, key: str) -> Place:
        """Keep a key, in the keyring if there is one, and return its place.

        Raises:
            ConfigurationError: Without a home folder, or if the file can't be read or written.
        """
        self._writable_path()
        held = has_keyring() and self._put(provider, key)
        self._change(lambda found: {**found, provider: None if held else key})
        return "keyring" if held else "file"

    def remove(self, provider: str) -> bool:
        """Remove a kept key; return False if there was none.

        Raises:
            ConfigurationError: The file or the keyring can't be read or written.
        """
        found = self._read()
        if provider not in found:
            return False
        if found[provider] is None:
            keyring = _keyring()
            try:
                keyring.delete_password(_SERVICE, provider)
            except keyring.errors.PasswordDeleteError:
                pass  # removed by another program
            except keyring.errors.KeyringError as error:
                raise _unusable(error) from error
        self._change(lambda kept: {name: key for name, key in kept.items() if name != provider})
        return True

    @staticmethod
    def _put(provider: str, key: str) -> bool:
        keyring = _keyring()
        try:
            keyring.set_password(_SERVICE, provider, key)
            # The user may have switched the keyring off, which then keeps nothing.
            return bool(keyring.get_password(_SERVICE, provider) == key)
        except keyring.errors.KeyringError:
            return False  # such as on a server, where no keyring runs

    @staticmethod
    def _in_keyring(provider: str) -> str | None:
        keyring = _keyring()
        try:
            key: str | None = keyring.get_password(_SERVICE, provider)
        except keyring.errors.KeyringError as error:
            raise _unusable(error) from error
        return key

    def _change(
        self, change: Callable[[Mapping[str, str | None]], Mapping[str, str | None]]
    ) -> None:
        place = self._writable_path()
        import json

        from llmring.lockfile import atomic_write

        try:
            path = place.resolve()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with atomic_write.turn(path):
                kept = change(self._read())
                text = json.dumps({name: _entry(key) for name, key in kept.items()}, indent=1)
                # A file that others could read becomes one that they can't.
                if _is_open(path):
                    path.chmod(0o600)
                atomic_write.replace(path, text.encode(), mode=0o600)
        except OSError as error:
            raise ConfigurationError(f"can't write {place}: {error.strerror or error}") from error

    def _writable_path(self) -> Path:
        if self._path is None:
            raise ConfigurationError(
                "keys can't be kept without a home folder; set HOME or XDG_CONFIG_HOME"
            )
        return self._path

    def _read(self) -> Mapping[str, str | None]:
        """Read the file: the key of each provider, None for one in the keyring."""
        if self._path is None:
            return {}
        try:
            found = msgspec.json.decode(self._path.read_bytes())
            kept = {name: _kept(entry.get("key")) for name, entry in found.items()}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise ConfigurationError(
                f"can't read {self._path}: {error.strerror or error}"
            ) from error
        except (ValueError, AttributeError):
            # Without the cause, which may quote a key.
            raise ConfigurationError(
                f"{self._path} does not hold kept keys; remove it, and run: llmring auth set"
            ) from None
        if any(kept.values()) and _is_open(self._path):
            _log.warning("%s can be read by other users; run: chmod 600 %s", *(self._path,) * 2)
        return kept


def has_keyring() -> bool:
    """Return True if the package that reaches the system's keyring is installed."""
    from importlib.util import find_spec

    return find_spec("keyring") is not None


def keyring_name() -> str | None:
    """Return the name of the keyring that new keys go to; None if they go to the file."""
    if not has_keyring():
        return None
    keyring = _keyring()
    try:
        backend = keyring.get_keyring()
    except (keyring.errors.KeyringError, RuntimeError):
        return None
    return None if type(backend).__module__ in _NO_KEYRINGS else str(backend.name)


def place_in_words(place: Place) -> str:
    """Describe a place of keys: the keyring by its name, or the file and why it is used."""
    if place == "keyring":
        name = keyring_name()
        return f"the keyring ({name})" if name else "the keyring"
    if not has_keyring():
        return f"the file (for the system's keyring: {INSTALL})"
    return "the file (no keyring can be used here)"


def _keyring() -> Any:
    from importlib import import_module

    try:
        import_module("keyring.errors")
        return import_module("keyring")
    except ImportError:
        raise ConfigurationError(
            f"a kept key is in the keyring, which needs a package: {INSTALL}"
        ) from None


def _unusable(error: Exception) -> ConfigurationError:
    return ConfigurationError(f"the keyring can't be used: {type(error).__name__}")


def _kept(key: object) -> str | None:
    if isinstance(key, str | None):
        return key
    raise ValueError("a key is a text")


def _entry(key: str | None) -> dict[str, str]:
    return {"in": "keyring"} if key is None else {"key": key}


def _is_open(path: Path) -> bool:
    """Return True if other users may read a file."""
    import os

    try:
        return os.name == "posix" and bool(path.stat().st_mode & 0o077)
    except OSError:
        return False
