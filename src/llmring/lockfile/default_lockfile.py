"""The lockfile in the package, used where no other is found."""

from __future__ import annotations

import functools
from pathlib import Path

from llmring.exceptions import LockfileNotFoundError

NAME = "llmring.lock"
BUNDLED = Path(__file__).parent.parent / NAME


@functools.cache
def bundled_lockfile() -> Path:
    """Return the path of llmring's own lockfile; from an archive, that of a copy.

    Raises:
        LockfileNotFoundError: The file was left out when an application was packed.
    """
    if BUNDLED.is_file():
        return BUNDLED
    import atexit
    import pkgutil
    import shutil
    import tempfile

    try:
        data = pkgutil.get_data("llmring", NAME) or b""
    except OSError:
        raise LockfileNotFoundError(
            f"llmring's own {NAME} is missing; pack the data files of llmring with the application",
            path=BUNDLED,
        ) from None
    folder = Path(tempfile.mkdtemp(prefix="llmring-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = folder / NAME
    copy.write_bytes(data)
    return copy
