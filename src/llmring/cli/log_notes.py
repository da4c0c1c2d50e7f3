"""Warnings that the library logs, shown as notes on the user's terminal."""

import logging

from llmring.cli.output import print_note


class NoteHandler(logging.Handler):
    """A handler of the records that no other handler takes."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record as a note."""
        try:
            print_note(self.format(record))
        except Exception:  # noqa: BLE001 -- as the handlers of the standard library
            self.handleError(record)


def show_warnings_as_notes() -> None:
    """Print warnings that nothing handles without characters that could control a terminal."""
    logging.lastResort = NoteHandler(logging.WARNING)
