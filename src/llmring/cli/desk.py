"""The desk of the lockfile that a command edits."""

from pathlib import Path

from llmring.advisor.desk import Desk
from llmring.client.settings import endpoints_for, known_here, read_settings
from llmring.lockfile import file
from llmring.lockfile.document import Lockfile, parse


def desk_for(path: Path, profile: str) -> Desk:
    """The desk of a lockfile, with what is known of models and keys on this machine.

    Args:
        path: The lockfile; it need not exist.
        profile: The profile that is edited.

    Raises:
        LockfileError: It can't be read.
    """
    lockfile = parse(file.read(path), path) if path.exists() else Lockfile()
    settings = read_settings()
    endpoints = endpoints_for(lockfile, settings)
    return Desk(path, profile, known_here(lockfile), endpoints, settings.clock.today())
