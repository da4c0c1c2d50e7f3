"""The part of a ring that registers files."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from llmring.bridge.pending import loop_is_running
from llmring.client.ring_core import RingCore

if TYPE_CHECKING:
    from llmring.files.registered import Deregistration, RegisteredFile


class RingFiles(RingCore):
    """The methods of `LLMRing` for registered files."""

    def register_file(self, path: str | PathLike[str], file_id: str | None = None) -> str:
        """Register a file, and return the ID for the `files` of requests.

        The whole file is read, for its hash; nothing is sent yet. A provider that stores files
        gets a copy with the first request sent to it, and again when the content has changed or
        the provider has deleted the copy. Other providers get the content with each request.

        Args:
            path: Path of the file, which must stay there.
            file_id: The ID; by default a new one.

        Raises:
            MissingFileError: The file does not exist.
            ValidationError: The path is a folder, the file is empty, its type can't be detected,
                or the ID is taken.
        """
        return self._files.register(path, file_id)

    def list_registered_files(self) -> list[RegisteredFile]:
        """Return all registered files, in the order of their registration."""
        return self._files.all()

    def deregister_file(self, file_id: str) -> Deregistration:
        """Remove a registered file, and delete the providers' copies of it.

        `await ring.deregister_file(id)`; in synchronous code the file is removed at once. The
        result is True if the file was registered. A copy that can't be deleted is logged.

        Args:
            file_id: The ID that `register_file` returned.
        """
        from llmring.files.registered import Deregistration

        ending = Deregistration(
            lambda: self._files.deregister(file_id, lambda: self._executor.fetch)
        )
        if not loop_is_running():
            ending.result()
        return ending
