import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llmring.batch.ray.lease import LeaseTimes, take_lease

TIMES = LeaseTimes(heartbeat=0.1, expiry=60.0, look=0.02)


def never() -> bool:
    return False


def age(folder: Path, seconds: float) -> None:
    for path in folder.glob("lease-*"):
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


def test_b49_one_of_many_takes_a_partition(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        taken = [*pool.map(lambda n: take_lease(tmp_path, f"holder {n}", TIMES), range(64))]

    assert len([lease for lease in taken if lease is not None]) == 1


def test_b49_a_lease_that_was_not_touched_for_long_is_taken_by_one_worker(tmp_path: Path) -> None:
    first = take_lease(tmp_path, "first", TIMES)
    assert first is not None
    age(tmp_path, 61)

    with ThreadPoolExecutor(16) as pool:
        taken = [*pool.map(lambda n: take_lease(tmp_path, f"holder {n}", TIMES), range(64))]

    (second,) = [lease for lease in taken if lease is not None]
    assert second.number == 2
    assert second.is_ours
    assert not first.is_ours


def test_b49_a_lease_that_is_touched_stays(tmp_path: Path) -> None:
    first = take_lease(tmp_path, "first", TIMES)
    assert first is not None
    age(tmp_path, 59)

    assert take_lease(tmp_path, "second", TIMES) is None
    assert first.is_ours


def test_b49_a_holder_touches_its_lease_and_notices_its_loss(tmp_path: Path) -> None:
    first = take_lease(tmp_path, "first", TIMES)
    assert first is not None
    lost = threading.Event()
    first.keep(lost.set, never)
    age(tmp_path, 61)
    lease, until = tmp_path / "lease-0001", time.monotonic() + 10
    aged = lease.stat().st_mtime
    while lease.stat().st_mtime - aged < 30:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not lost.is_set()

    assert take_lease(tmp_path, "second", TIMES, dead=["first"]) is not None

    assert lost.wait(10)
    first.end()
    assert take_lease(tmp_path, "third", TIMES) is None


def test_b50_the_lease_of_a_dead_attempt_is_taken_at_once(tmp_path: Path) -> None:
    take_lease(tmp_path, "first", TIMES)

    assert take_lease(tmp_path, "second", TIMES, dead=["other"]) is None
    assert take_lease(tmp_path, "second", TIMES, dead=["first"]) is not None


def test_a_lease_that_has_ended_is_taken_at_once(tmp_path: Path) -> None:
    first = take_lease(tmp_path, "first", TIMES)
    assert first is not None
    first.end()

    second = take_lease(tmp_path, "second", TIMES)

    assert second is not None
    assert second.number == 2


def test_a_holder_that_must_stop_is_called(tmp_path: Path) -> None:
    first = take_lease(tmp_path, "first", TIMES)
    assert first is not None
    stopped = threading.Event()
    first.keep(stopped.set, lambda: True)

    assert stopped.wait(10)
    first.end()
