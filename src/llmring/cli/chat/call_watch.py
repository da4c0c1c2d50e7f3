"""The notes of a call: failovers as they happen, and what else happened before the answer."""

from __future__ import annotations

import sys
from contextlib import suppress

from llmring.chat.request import LLMRequest
from llmring.chat.response import Attempt
from llmring.cli.answer_printer import model_warning
from llmring.cli.chat.status_line import StatusLine
from llmring.cli.output import is_terminal, print_note
from llmring.client.ring import LLMRing
from llmring.exceptions import LLMRingError, ProviderError


class CallWatch:
    """A watcher of calls, with a status line until the answer begins.

    Its methods `attempt` and `failover` are for the ring.

    Args:
        explains: True if all attempts are printed in the end, and need no notes.
    """

    def __init__(self, *, explains: bool = False) -> None:
        self._explains = explains
        self._attempts: list[Attempt] = []
        self._noted: set[str] = set()
        self._line: StatusLine | None = None

    def attempt(self, attempt: Attempt) -> None:
        """Remember an attempt."""
        self._attempts.append(attempt)

    def failover(self, failed: str, successor: str, error: ProviderError) -> None:
        """Show on a terminal that another model is tried, unless an answer is being shown."""
        line = self._line
        if line is None:
            return
        line.moved_to(successor)
        if is_terminal(sys.stderr) and not self._explains:
            self._noted.add(failed)
            # The reason of the attempt has no secrets.
            why = next((each.reason for each in self._attempts[::-1] if each.model == failed), None)
            line.note(f"{failed} failed: {why or type(error).__name__}; trying {successor}")

    def wait(self, ring: LLMRing, request: LLMRequest, profile: str | None) -> None:
        """Show the status line for a request, until `begun` or `stop` is called."""
        self.stop()
        self._attempts.clear()
        self._noted.clear()
        first = None
        if is_terminal(sys.stderr):
            with suppress(LLMRingError):  # the call itself reports the error
                tried = ring.explain(request, profile=profile).tried
                first = str(tried[0].model) if tried else None
        self._line = StatusLine(request.model or "", first)
        self._line.start()

    def begun(self, model: str) -> None:
        """End the wait, and note fallbacks that were not noted, and a model with a caution."""
        self.stop()
        for attempt in self._attempts:
            skip = attempt.outcome == "ok" or attempt.model in self._noted
            if not skip and not self._explains:
                print_note(f"{attempt.model} {attempt.outcome}: {attempt.reason}")
        if model_warning(model):
            print_note(f"{model}: {model_warning(model)}")

    def stop(self) -> None:
        """Remove the status line."""
        line, self._line = self._line, None
        if line is not None:
            line.stop()
