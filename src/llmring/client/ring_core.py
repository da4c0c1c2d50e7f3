"""The common base of the parts of a ring."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UnsetType

from llmring.client.call_record import Recorder
from llmring.client.planner import CallPlanner
from llmring.config.active_lockfile import ActiveLockfile
from llmring.config.settings import read_settings, recordings_folder, timeout_of
from llmring.limits.backends import circuits_for, leases_for
from llmring.replay import overrides
from llmring.routing.observers import CallObserver, OnAttempt, OnFailover, hooks_of
from llmring.telemetry.tracing import Telemetry, TelemetryWish

if TYPE_CHECKING:
    from llmring.client.executor import Executor
    from llmring.files.registered import Files
    from llmring.limits.lease_broker import LeaseBroker


class RingCore:
    """The state that all parts of a ring share.

    Args:
        lockfile_path: As for `LLMRing`.
        package_lockfile: The lockfile of the calling package, if it has one.
        timeout: As for `LLMRing`.
        on_attempt: As for `LLMRing`.
        on_failover: As for `LLMRing`.
        telemetry: As for `LLMRing`.
        environ: As for `LLMRing`.
    """

    _executor_: Executor | None = None
    _files_: Files | None = None
    # The observers of all calls, before those of the application.
    _own_hooks: Sequence[CallObserver] = ()
    # Of embeddings and counts; see `CallContext`.
    _most_pauses: float | None = None
    _recorder_kind: type[Recorder] = Recorder

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None,
        package_lockfile: Path | None,
        *,
        timeout: float | UnsetType | None,
        on_attempt: OnAttempt | None,
        on_failover: OnFailover | None,
        telemetry: TelemetryWish,
        environ: Mapping[str, str] | None,
    ) -> None:
        self._arguments = (
            lockfile_path,
            package_lockfile,
            timeout,
            on_attempt,
            on_failover,
            telemetry,
        )
        self._settings = read_settings(environ)
        self._timeout = timeout_of(timeout, self._settings.timeout)
        self._environ = environ
        self._hooks = (*self._own_hooks, *hooks_of(on_attempt, on_failover))
        self._telemetry = Telemetry(telemetry)
        self._circuits = circuits_for(self._settings)
        self._overrides = overrides.current
        self._active_lockfile = ActiveLockfile(
            lockfile_path, package_lockfile, self._settings, environ
        )
        self._recorder = self._recorder_kind(
            self._settings.ledger,
            self._active_lockfile,
            self._settings.clock,
            content=self._settings.log_content,
            spool=self._settings.spool_dir,
        )
        self._planner = self._planner_for(self._active_lockfile)

    def __reduce__(self) -> tuple[Callable[..., RingCore], tuple[object, ...]]:
        """Pickle the ring as the arguments that it was made from; see `LLMRing`.

        Raises:
            TypeError: It was made with `environ`, which may hold keys.
        """
        if self._environ is not None:
            raise TypeError(
                "an LLMRing made with environ= is not pickled, as environ may hold keys; make one "
                "in each process, or set the variables there and leave environ out"
            )
        return _made_again, (type(self), *self._arguments)

    def _planner_for(self, active_lockfile: ActiveLockfile) -> CallPlanner:
        """Build the planner of the calls of these aliases."""
        return CallPlanner(
            active_lockfile,
            self._settings,
            timeout=self._timeout,
            hooks=self._hooks,
            telemetry=self._telemetry,
            overrides=self._overrides,
            files=lambda: self._files,
        )

    @property
    def _files(self) -> Files:
        if self._files_ is not None:
            return self._files_
        from llmring.files.registered import Files

        files: Files = self.__dict__.setdefault("_files_", Files(self._settings.clock))
        return files

    @property
    def _executor(self) -> Executor:
        if self._executor_ is not None:
            return self._executor_
        from llmring.client.executor import Executor

        # Threads may make their first calls at once; setdefault keeps one executor for all.
        executor = Executor(
            self._settings,
            self._circuits,
            self._planner.latencies,
            self._recordings,
            self._overrides,
        )
        made: Executor = self.__dict__.setdefault("_executor_", executor)
        return made

    @functools.cached_property
    def _leases(self) -> LeaseBroker:
        """The leases with which calls keep to their limits."""
        return leases_for(self._settings)

    def _recordings(self, folder: str | None) -> Path:
        return recordings_folder(folder, self._active_lockfile.source.path, self._environ)


def _made_again(
    kind: type[RingCore],
    lockfile_path: str | PathLike[str] | None,
    package_lockfile: Path | None,
    timeout: float | UnsetType | None,
    on_attempt: OnAttempt | None,
    on_failover: OnFailover | None,
    telemetry: TelemetryWish,
) -> RingCore:
    """Make a ring from the arguments of another one, in this process."""
    ring = kind.__new__(kind)
    RingCore.__init__(
        ring,
        lockfile_path,
        package_lockfile,
        timeout=timeout,
        on_attempt=on_attempt,
        on_failover=on_failover,
        telemetry=telemetry,
        environ=None,
    )
    return ring
