"""The keys of a running gateway."""

import threading
import time
from pathlib import Path

import pytest
from msgspec import structs

from access_keys import NOON, OPS, WEB, MemoryKeyStore, access_key, stored, with_key
from llmring.access.key_edits import changed_key, revoked_key
from llmring.access.key_store import KeyStore, KeyStoreUnusableError
from llmring.access.live_access import BLIND_SECONDS, KeysUnknownError, LiveAccess
from llmring.access.open_key_store import key_store_at


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def knows(access: LiveAccess, key: str = WEB) -> bool:
    return access.find(key, NOON) is not None


@pytest.mark.parametrize("place", ["sqlite", "postgres"], indirect=True)
def test_g117_changes_act_on_all_gateways_within_2_seconds(
    store: KeyStore, place: Path | str
) -> None:
    replicas = [LiveAccess(key_store_at(place)) for _ in range(3)]
    for each in replicas:
        each.start()

    def seen(known: bool, rpm: int | None = None) -> float:
        began = time.monotonic()
        while time.monotonic() < began + 5:
            found = [each.find(WEB, NOON) for each in replicas]
            rpms = {None if entry is None else entry.key.rpm for entry in found}
            if all((entry is not None) is known for entry in found) and rpms == {rpm}:
                return time.monotonic() - began
            time.sleep(0.02)
        return 99.0

    times = []
    for edit, known, rpm in (
        (with_key(), True, None),
        (changed_key("web", {"rpm": 7}), True, 7),
        (revoked_key("web", NOON), False, None),
    ):
        store.change(edit)
        times.append(seen(known, rpm))
    for each in replicas:
        each.stop()

    assert max(times) < 2


def test_g109_keys_are_needed_from_the_first_one_on_and_for_good() -> None:
    store = MemoryKeyStore()
    access = LiveAccess(store)
    before = access.is_on
    store.change(with_key())
    access.look()
    with_keys = access.is_on
    store.content = stored()
    access.look()

    assert (before, with_keys, access.is_on) == (False, True, True)


def test_g109_keys_may_be_needed_before_there_are_any() -> None:
    assert LiveAccess(None, always=True).is_on
    assert not LiveAccess(None).is_on


def test_g117_a_store_is_read_only_when_it_has_changed() -> None:
    store = MemoryKeyStore(stored(access_key()))
    access = LiveAccess(store)
    for _ in range(5):
        access.look()

    assert store.reads == 1


def test_g130_known_keys_go_on_for_15_minutes_without_the_store() -> None:
    store, watch = MemoryKeyStore(stored(access_key())), Watch()
    access = LiveAccess(store, monotonic=watch)
    store.is_gone = True
    access.look()
    watch.seconds += BLIND_SECONDS

    assert knows(access)
    assert not knows(access, OPS)
    watch.seconds += 1
    assert access.is_blind
    for key in (WEB, OPS):
        with pytest.raises(KeysUnknownError):
            access.find(key, NOON)


def test_g130_once_the_store_is_back_its_keys_count_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, watch = MemoryKeyStore(stored(access_key())), Watch()
    access = LiveAccess(store, monotonic=watch)
    store.is_gone = True
    for _ in range(3):
        access.look()
    watch.seconds += BLIND_SECONDS + 1
    store.is_gone = False
    access.look()

    assert knows(access)
    assert len(caplog.records) == 1


def test_g130_a_process_that_never_read_the_store_knows_no_key() -> None:
    store = MemoryKeyStore(stored(access_key()))
    store.is_gone = True
    own = structs.replace(access_key("ops", OPS), id="lockfile:ops")
    access = LiveAccess(store, [own])

    assert access.is_on
    assert isinstance(access.failure, KeyStoreUnusableError)
    assert knows(access, OPS)
    with pytest.raises(KeysUnknownError):
        access.find(WEB, NOON)
    store.is_gone = False
    access.look()
    assert knows(access)
    assert access.failure is None


def test_g124_the_keys_of_a_changed_lockfile_replace_those_before() -> None:
    access = LiveAccess(None, [access_key()])
    access.use_lockfile([access_key("ops", OPS)])

    assert [knows(access, key) for key in (WEB, OPS)] == [False, True]
    assert access.usable(NOON) == 1


def test_g130_a_changed_lockfile_does_not_wait_for_a_slow_store() -> None:
    store = MemoryKeyStore(stored(access_key()))
    access = LiveAccess(store)
    let_go = threading.Event()
    store.version = lambda: str(let_go.wait(10))  # type: ignore[method-assign]
    looking = threading.Thread(target=access.look)
    looking.start()
    began = time.monotonic()
    access.use_lockfile([access_key("ops", OPS)])
    took = time.monotonic() - began
    let_go.set()
    looking.join()

    assert took < 1
    assert [knows(access, key) for key in (WEB, OPS)] == [True, True]


def test_g119_a_change_through_a_gateway_acts_there_at_once() -> None:
    access = LiveAccess(MemoryKeyStore())
    access.change(with_key())

    assert knows(access)
    assert [key.name for key in access.stored.keys] == ["web"]
    with pytest.raises(KeyStoreUnusableError):
        LiveAccess(None).change(with_key())


def test_a_key_that_has_expired_is_not_counted() -> None:
    access = LiveAccess(MemoryKeyStore(stored(access_key(expires=NOON), access_key("b", OPS))))

    assert access.usable(NOON) == 1
