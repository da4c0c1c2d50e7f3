"""The common base of the parts of a ring."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UnsetType

from llmring.client.call_record import Books
from llmring.client.planner import Guide
from llmring.config.active_lockfile import Aliases
from llmring.config.settings import read_settings, recordings_folder, timeout_of
from llmring.limits.backends import health_of, spending_of
from llmring.replay import overrides
from llmring.routing.observers import OnAttempt, OnFailover, hooks_of
from llmring.telemetry.tracing import Telemetry, TelemetryWish

if TYPE_CHECKING:
    from llmring.client.executor import Shell
    from llmring.files.registered import Files
    from llmring.limits.budgets import Spending


class RingCore:
    """The state that all parts of a ring share.

    Args:
        lockfile_path: As for `LLMRing`.
        brought: The lockfile of the calling package, if it has one.
        timeout: As for `LLMRing`.
        on_attempt: As for `LLMRing`.
        on_failover: As for `LLMRing`.
        telemetry: As for `LLMRing`.
        environ: As for `LLMRing`.
    """

    _shell_: Shell | None = None
    _files_: Files | None = None

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None,
        brought: Path | None,
        *,
        timeout: float | UnsetType | None,
        on_attempt: OnAttempt | None,
        on_failover: OnFailover | None,
        telemetry: TelemetryWish,
        environ: Mapping[str, str] | None,
    ) -> None:
        self._settings = read_settings(environ)
        self._timeout = timeout_of(timeout, self._settings.timeout)
        self._environ = environ
        self._hooks = hooks_of(on_attempt, on_failover)
        self._telemetry = Telemetry(telemetry)
        self._health = health_of(self._settings)
        self._overrides = overrides.current
        self._aliases = Aliases(lockfile_path, brought, self._settings, environ)
        self._books = Books(
            self._settings.ledger,
            self._aliases,
            self._settings.clock,
            content=self._settings.log_content,
        )
        self._guide = self._guide_over(self._aliases)

    def _guide_over(self, aliases: Aliases) -> Guide:
        """Build the planner of the calls of these aliases."""
        return Guide(
            aliases,
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
    def _shell(self) -> Shell:
        if self._shell_ is not None:
            return self._shell_
        from llmring.client.executor import Shell

        # Threads may make their first calls at once; setdefault keeps one shell for all.
        shell = Shell(
            self._settings, self._health, self._guide.speeds, self._recordings, self._overrides
        )
        made: Shell = self.__dict__.setdefault("_shell_", shell)
        return made

    @functools.cached_property
    def _spending(self) -> Spending:
        """The spending counted against daily budgets."""
        return spending_of(self._settings, self._health)

    def _recordings(self, wish: str | None) -> Path:
        return recordings_folder(wish, self._aliases.source.path, self._environ)
