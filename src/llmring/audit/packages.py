"""The check that a wheel or an installed package ships its lockfile in the right place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

from llmring.exceptions import LLMRingError, LockfileError
from llmring.lockfile.compose import Packages, is_installed
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.file import NAME, decode

HOW_TO_SHIP = (
    f"hatchling ships {NAME} if the package has one; for setuptools, add to pyproject.toml: "
    '[tool.setuptools.package-data] "{package}" = ["*.lock"]'
)
_INIT = re.compile(r"__init__\.(py|pyc|[\w.-]+\.(so|pyd))")
_DATA = re.compile(r"[^/]+\.data/(purelib|platlib)/")


class PackagedLockfile(Struct, frozen=True):
    """A package and its lockfile.

    Attributes:
        subject: The package's name, or the wheel's path.
        lockfile: The path of its lockfile, if it is in the right place.
        aliases: The aliases of its default profile.
        trouble: The problem and its fix, if any.
    """

    subject: str
    lockfile: str | None = None
    aliases: tuple[str, ...] = ()
    trouble: str | None = None


def in_package(package: str) -> PackagedLockfile:
    """Check an installed package, without running its code."""
    try:
        lockfile = Packages().lockfile(package)
    except LockfileError as error:
        return PackagedLockfile(package, str(error.path), trouble=str(error))
    if lockfile is None:
        trouble = (
            f"has no {NAME} next to its __init__.py; {HOW_TO_SHIP.format(package=package)}"
            if is_installed(package)
            else "is not installed here; give its import name"
        )
        return PackagedLockfile(package, trouble=trouble)
    return PackagedLockfile(package, str(lockfile.path), _aliases(lockfile))


def in_wheel(path: str) -> PackagedLockfile:
    """Check a built wheel.

    Raises:
        LLMRingError: The file is missing or not a wheel.
    """
    import zipfile

    try:
        with zipfile.ZipFile(path) as wheel:
            # Files under NAME.data/purelib are installed together with the rest.
            names = {_DATA.sub("", name, count=1): name for name in wheel.namelist()}
            right, trouble = _right_place(names)
            data = wheel.read(names[right]) if right else b""
    except FileNotFoundError:
        raise LLMRingError(f"{path} does not exist; build it first: python -m build") from None
    except zipfile.BadZipFile:
        raise LLMRingError(f"{path} is not a wheel; name the .whl file in dist/") from None
    if right is None:
        return PackagedLockfile(path, trouble=trouble)
    try:
        return PackagedLockfile(path, right, _aliases(parse(decode(data))))
    except LockfileError as error:
        return PackagedLockfile(path, right, trouble=f"{right}:{error}")


def _aliases(lockfile: Lockfile) -> tuple[str, ...]:
    profile = lockfile.profiles.get(lockfile.default_profile)
    return tuple(profile.bindings) if profile else ()


def _right_place(names: Iterable[str]) -> tuple[str | None, str]:
    """Find the lockfile of an outermost package; return it, or None and the problem."""
    paths = [PurePosixPath(name) for name in names]
    folders = {path.parent for path in paths if _INIT.fullmatch(path.name)}
    packages = sorted(each for each in folders if folders.isdisjoint(each.parents))
    if not packages:
        return None, "contains no package; put the lockfile next to an __init__.py"
    misplaced = [each for each in packages if each.parts[:1] == ("src",)]
    if misplaced:
        return None, (
            f"its package is at {misplaced[0]}, where it can't be imported; instead of "
            "[tool.hatch.build] include, write [tool.hatch.build.targets.wheel] packages = "
            f'["{misplaced[0]}"]'
        )
    locks = [path for path in paths if path.name == NAME]
    right = [path for path in locks if path.parent in packages]
    if right:
        return str(right[0]), ""
    elsewhere = f", only {', '.join(map(str, locks))}" if locks else ""
    package = ".".join(packages[0].parts)
    return None, (f"has no {packages[0] / NAME}{elsewhere}; {HOW_TO_SHIP.format(package=package)}")
