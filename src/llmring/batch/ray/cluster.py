"""The connection to Ray: a cluster that exists, or a local one."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llmring.exceptions import ConfigurationError

# For a local cluster, whose store holds no data of the job.
_STORE_BYTES = 100_000_000


def ray_package() -> Any:
    """Import Ray.

    Raises:
        ConfigurationError: It is not installed.
    """
    # Ray reads it when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise ConfigurationError(
            '--engine ray needs Ray; run `pip install "llmring[ray]"`'
        ) from None
    return ray


@contextmanager
def connected(address: str | None, workers: int) -> Iterator[Any]:
    """Connect to Ray for a while, and yield its package.

    Args:
        address: The address of a cluster. Default: RAY_ADDRESS, else a local one is started. A
            connection that the program has already is used as it is, and stays.
        workers: The number of workers, for a local cluster.

    Raises:
        ConfigurationError: Ray is not installed, or the cluster can't be reached.
    """
    ray = ray_package()
    if ray.is_initialized():
        yield ray
        return
    address = address or os.environ.get("RAY_ADDRESS")
    options: dict[str, Any] = {"address": address}
    if address is None:
        options = {"num_cpus": workers, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(
            **options, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = "a local Ray" if address is None else f"Ray at {address}"
        raise ConfigurationError(
            f"{where} can't be used: {error}; check --ray-address, or start it with `ray start`"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()
