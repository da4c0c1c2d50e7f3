"""The keys of a running gateway, read again in the background."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from llmring.access.access_records import AccessKey, StoredAccess
from llmring.access.key_directory import KeyDirectory, KeyEntry, key_directory
from llmring.access.key_store import Edit, KeyStore, KeyStoreUnusableError
from llmring.access.lockfile_keys import ID_PREFIX
from llmring.access.rules import has_expired

# A change is seen after this time, and that of reading it.
LOOK_SECONDS = 1.0
# Without the store, what it last had counts for this time.
BLIND_SECONDS = 900.0

_log = logging.getLogger("llmring")


class KeysUnknownError(Exception):
    """The store can't be read, and has not been for too long."""


class LiveAccess:
    """The keys of a gateway.

    A call only looks a key up in memory; a thread reads the store when it has changed. Once keys
    are needed, they are needed until the process ends, even if all are gone.

    Args:
        store: The store; None without one.
        lockfile: The keys of the lockfile.
        always: True if keys are needed even before the first one exists.
        monotonic: Returns a time in seconds that only grows.

    Attributes:
        directory: The keys as they are now.
        is_on: True if keys are needed.
    """

    def __init__(
        self,
        store: KeyStore | None,
        lockfile: Sequence[AccessKey] = (),
        *,
        always: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._lockfile = tuple(lockfile)
        self._monotonic = monotonic
        self._stored = StoredAccess()
        self._read_at: float | None = monotonic() if store is None else None
        self._failure: KeyStoreUnusableError | None = None
        # The store may take its time; those who only build the directory don't wait for it.
        self._turn, self._building = threading.Lock(), threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.directory = KeyDirectory()
        self.is_on = always
        self.look()
        self._build()

    @property
    def failure(self) -> KeyStoreUnusableError | None:
        """The reason why the store could not be read the last time, if it could not."""
        return self._failure

    @property
    def is_blind(self) -> bool:
        """True if the store was not read for so long that its keys can't be judged."""
        if self._store is None:
            return False
        return self._read_at is None or self._monotonic() - self._read_at > BLIND_SECONDS

    def find(self, key: str, now: datetime) -> KeyEntry | None:
        """Return the entry of a key; None if it is unknown or was revoked.

        Args:
            key: The key as the client sends it.
            now: The time.

        Raises:
            KeysUnknownError: The store was not read for too long.
        """
        found = self.directory.find(key, now)
        is_lockfile_s = found is not None and found.key.id.startswith(ID_PREFIX)
        if not is_lockfile_s and self.is_blind:
            raise KeysUnknownError
        return found

    def usable(self, now: datetime) -> int:
        """Return the number of keys that have not expired."""
        entries = self.directory.entries.values()
        return len({each.key.id for each in entries if not has_expired(each.key, now)})

    def use_lockfile(self, keys: Sequence[AccessKey]) -> None:
        """Replace the keys of the lockfile."""
        self._build(lockfile=tuple(keys))

    def look(self) -> None:
        """Read the store, if it has changed."""
        if self._store is None:
            return
        with self._turn:
            try:
                if self._read_at is None or self._store.version() != self._stored.version:
                    self._build(stored=self._store.read())
            except KeyStoreUnusableError as error:
                if self._failure is None:
                    _log.warning("%s; the keys known so far go on for 15 minutes", error)
                self._failure = error
                # Without a look at it, keys may be needed.
                self.is_on = self.is_on or self._read_at is None
                return
            if self._failure is not None:
                _log.info("the keys can be read again")
            self._failure = None
            self._read_at = self._monotonic()

    def change(self, edit: Edit) -> StoredAccess:
        """Change the keys and teams of the store, and use them at once.

        Raises:
            KeyStoreUnusableError: The store is missing, or can't be written.
        """
        if self._store is None:
            raise KeyStoreUnusableError(
                "keys have no place without a home folder; set HOME or LLMRING_GATEWAY_DB"
            )
        with self._turn:
            stored = self._store.change(edit)
            self._read_at = self._monotonic()
            self._build(stored=stored)
            return stored

    @property
    def stored(self) -> StoredAccess:
        """The keys and teams of the store, as last read."""
        return self._stored

    @property
    def lockfile_keys(self) -> tuple[AccessKey, ...]:
        """The keys of the lockfile."""
        return self._lockfile

    def start(self) -> None:
        """Read the store in the background from now on."""
        if self._store is not None and self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="llmring-keys", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Read the store no more."""
        self._stop.set()

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:  # noqa: BLE001 -- the thread must go on
                # Keys that are no longer followed could not be revoked.
                _log.exception("the keys could not be read")
        if self._store is not None:
            with contextlib.suppress(KeyStoreUnusableError):
                self._store.close()

    def _build(
        self,
        stored: StoredAccess | None = None,
        lockfile: tuple[AccessKey, ...] | None = None,
    ) -> None:
        with self._building:
            self._stored = self._stored if stored is None else stored
            self._lockfile = self._lockfile if lockfile is None else lockfile
            self.directory = key_directory(self._stored, self._lockfile)
            self.is_on = self.is_on or self.directory.has_any
