"""A description of the benchmark machine that does not identify its owner."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def described() -> str:
    """Describe processor, cores, memory, system and Python."""
    about = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in about if "model name" in line), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    count = len(os.sched_getaffinity(0))
    return f"{model or platform.machine()}, {count} cores, {memory:.0f} GiB, {system}, {python}"
