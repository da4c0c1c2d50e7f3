"""Moves the wall clock of this process by CLOCK_DAYS days; `make calendar` runs tests with it."""

import os
import time

_SECONDS = int(os.environ.get("CLOCK_DAYS", "0")) * 86_400
_time, _time_ns = time.time, time.time_ns


def _moved_time() -> float:
    return _time() + _SECONDS


def _moved_time_ns() -> int:
    return _time_ns() + _SECONDS * 10**9


# `date.today()` asks `time.time()` too.
time.time = _moved_time
time.time_ns = _moved_time_ns
