"""Replicas of the gateway behind nginx: a short form of `make replicas`."""

import pytest

from replicas import RPM, obstacle, run, running_fleet


def test_g131_no_call_is_lost_or_counted_twice_when_a_replica_is_killed() -> None:
    if (reason := obstacle()) is not None:
        pytest.skip(reason)
    with running_fleet() as fleet:
        found = run(fleet, 3)

    assert found.answered > 50
    assert found.lost == []
    assert found.twice == []
    assert found.recorded == found.counted >= found.answered
    assert found.limited <= 1.05 * RPM
    assert found.blind <= RPM
