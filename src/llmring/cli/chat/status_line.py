"""A line on a terminal while an answer is awaited: the alias, the model, the seconds."""

from __future__ import annotations

import sys
import threading
import time

from llmring.cli.colour import columns
from llmring.cli.output import harmless, is_terminal, print_note
from llmring.cli.tables import shortened

_DELAY_SECONDS = 0.4
_STEP_SECONDS = 0.5
_USUAL_COLUMNS = 80
_WIPE = "\r\x1b[2K"


class StatusLine:
    """A status line on standard error; silent elsewhere.

    Call `stop` before other text is shown.

    Args:
        asked: The alias or model that was asked for.
        model: The model that is tried first, if known.
    """

    def __init__(self, asked: str, model: str | None = None) -> None:
        self._asked = asked
        self._model = model
        self._shown = is_terminal(sys.stderr)
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._drawn = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the line, if the wait turns out to be long enough."""
        if self._shown:
            self._thread = threading.Thread(target=self._draw_all, daemon=True)
            self._thread.start()

    def moved_to(self, model: str) -> None:
        """Show another model."""
        self._model = model

    def note(self, text: str) -> None:
        """Print a note above the line."""
        with self._writing:
            self._wipe()
            print_note(text)

    def stop(self) -> None:
        """Remove the line."""
        self._over.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        with self._writing:
            self._wipe()

    def _draw_all(self) -> None:
        start = time.monotonic()
        pause = _DELAY_SECONDS
        while not self._over.wait(pause):
            pause = _STEP_SECONDS
            with self._writing:
                sys.stderr.write(f"{_WIPE}{self.text(time.monotonic() - start)}")
                sys.stderr.flush()
                self._drawn = True

    def text(self, seconds: float) -> str:
        """Return the line after this time."""
        other = self._model and self._model != self._asked
        names = f"{self._asked} -> {self._model}" if other else self._asked
        # A line that wraps could not be removed.
        width = (columns(sys.stderr) or _USUAL_COLUMNS) - 1
        return shortened(harmless(f"{names}  {seconds:.0f} s"), width)

    def _wipe(self) -> None:
        if self._drawn:
            sys.stderr.write(_WIPE)
            sys.stderr.flush()
        self._drawn = False
