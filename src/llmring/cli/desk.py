"""The editing session (`Desk`) of the lockfile that a command works on."""

from pathlib import Path

from llmring.advisor.desk import Desk
from llmring.client.settings import endpoints_for, known_here, read_settings
from llmring.lockfile import file
from llmring.lockfile.document import Lockfile, parse


def desk_for(path: Path, profile: str) -> Desk:
    """Build the desk of a lockfile, with the models and keys known on this machine.

    Args:
        path: The lockfile; it need not exist.
        profile: The profile to edit.

    Raises:
        LockfileError: The file can't be read.
    """
    lockfile = parse(file.read(path), path) if path.exists() else Lockfile()
    settings = read_settings()
    endpoints = endpoints_for(lockfile, settings)
    return Desk(path, profile, known_here(lockfile), endpoints, settings.clock.today())
