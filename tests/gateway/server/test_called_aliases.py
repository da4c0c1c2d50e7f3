"""The aliases that are in use, in one process or several."""

import mmap

from cli.terminal import lockfile_of
from llmring.gateway.server.called_aliases import IN_USE_SECONDS, CalledAliases
from llmring.gateway.shared_table import SharedTable, size_of
from llmring.lockfile.document import parse

BEFORE = parse(lockfile_of(default={"fast": ["mock:a"], "slow": ["mock:b"]}, dev={"fast": ["m:c"]}))
AFTER = parse(lockfile_of(default={"fast": ["mock:a"]}))


class Moment:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def shared(moment: Moment, count: int) -> list[CalledAliases]:
    memory = mmap.mmap(-1, size_of(2))
    return [CalledAliases(SharedTable(memory, 0, 2), moment) for _ in range(count)]


def test_g125_only_aliases_that_were_called_and_are_missing_are_lost() -> None:
    called = CalledAliases(monotonic=Moment())
    assert called.lost(BEFORE, AFTER) == []

    called.report("default", "fast")
    called.report("default", "slow")
    assert called.lost(BEFORE, AFTER) == ["slow (default)"]
    called.report("dev", "fast")
    assert called.lost(BEFORE, AFTER) == ["slow (default)", "fast (dev)"]


def test_g125_a_call_of_another_process_counts_too() -> None:
    one, other = shared(Moment(), 2)
    one.report("default", "slow")

    assert one.lost(BEFORE, AFTER) == other.lost(BEFORE, AFTER) == ["slow (default)"]


def test_g125_an_hour_after_the_last_call_an_alias_is_in_use_no_more() -> None:
    moment = Moment()
    one, other = shared(moment, 2)
    for _ in range(10):
        moment.now += 0.5
        one.report("default", "slow")
    moment.now += IN_USE_SECONDS - 1
    assert other.lost(BEFORE, AFTER) == ["slow (default)"]

    moment.now += 2
    assert one.lost(BEFORE, AFTER) == other.lost(BEFORE, AFTER) == []
