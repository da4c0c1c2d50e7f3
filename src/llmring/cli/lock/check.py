"""llmring lock check: check the packages, models and pins of a lockfile."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from llmring.audit import drift
from llmring.audit import findings as lockfile_findings
from llmring.cli.folded_lines import print_folded, print_problem
from llmring.cli.lockfile_options import add_files_argument, binding_line, for_each_file
from llmring.cli.output import print_error, print_json, print_note, print_out
from llmring.config.profile_choice import active_profile
from llmring.config.settings import find_active_lockfile
from llmring.exceptions import ConfigurationError, LockfileError, LockfileNotFoundError
from llmring.lockfile import file, resolve
from llmring.lockfile.compose import Packages, is_installed, package_profile
from llmring.lockfile.document import Binding, Lockfile, parse
from llmring.lockfile.file import shown
from llmring.lockfile.problem import Fault, Problem, nearest
from llmring.providers.table import PROVIDERS

if TYPE_CHECKING:
    from llmring.audit.packages import PackagedLockfile


EXAMPLES = """examples:
  llmring lock check
  llmring lock check --file path/to/llmring.lock --json
  llmring lock check --ci    # in a workflow: annotates the pull request
  llmring lock check --package my_library
  llmring lock check --wheel dist/my_library-1.0-py3-none-any.whl

Checks the packages under [extends], that each model meets needs and
min_context, and how models changed: retired or about to be, dearer or less
capable than pinned, superseded, without a key. With --package or --wheel,
checks that a package ships its lockfile. Exit codes: 0 no problems except
hints; 1 an error or warning, or a package or its lockfile is missing or bad;
2 the lockfile itself is missing or bad."""

State = Literal["ok", "not installed", "no lockfile", "bad lockfile"]


class CheckedPackage(Struct, frozen=True):
    """A package that the lockfile extends.

    Attributes:
        name: Its import name.
        state: "ok" if its lockfile can be used, or the reason why not.
        lockfile: The path of its lockfile.
        aliases: The models of each alias it provides in the active profile, best first.
        overridden: The aliases that the consumer binds itself.
        trouble: The problem and its fix, unless the state is "ok".
    """

    name: str
    state: State
    lockfile: str | None = None
    aliases: dict[str, tuple[str, ...]] = {}
    overridden: tuple[str, ...] = ()
    trouble: str | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_files_argument(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--file",
        metavar="PATH",
        help="lockfile to check (default: LLMRING_LOCKFILE_PATH, then ./llmring.lock)",
    )
    what.add_argument(
        "--package", metavar="NAME", help="check an installed package, by its import name"
    )
    what.add_argument("--wheel", metavar="PATH", help="check a built wheel")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument(
        "--ci", "--github", action="store_true", help="print annotations for GitHub Actions"
    )


def handle(args: argparse.Namespace) -> int:
    """Check a package, or lockfiles, and print what was found."""
    if args.package or args.wheel:
        from llmring.audit import packages as packaged

        subject = packaged.in_wheel(args.wheel) if args.wheel else packaged.in_package(args.package)
        return _report_shipped(subject, as_json=args.json)
    return for_each_file(args, _check)


def _check(args: argparse.Namespace) -> int:
    try:
        lockfile, profile = _own(args.file)
        own = resolve.bindings(lockfile, profile)
    except (LockfileError, ConfigurationError) as error:
        if args.ci:
            print_out(_annotation(error))
        print_error(str(error))
        return 2
    packages = Packages()
    found = [_package(name, own, profile, packages) for name in lockfile.packages]
    warnings = [*_warnings(lockfile, found, own, packages)]
    findings = [
        *lockfile_findings.unmet_needs(lockfile),
        *_of_packages(lockfile, found, profile, packages),
        *drift.findings(lockfile, print_note),
    ]
    if args.json:
        print_json(
            {
                "file": str(lockfile.path),
                "profile": profile,
                "packages": found,
                "warnings": warnings,
                "findings": [finding.as_json for finding in findings],
                "local_aliases": list(own),
            }
        )
    elif args.ci:
        for finding in [*_package_findings(lockfile, found, warnings), *findings]:
            print_out(finding.problem.annotation(shown(Path(finding.file)).as_posix()))
    else:
        _print(found, own)
        for finding in findings:
            print_problem(finding.problem, shown(Path(finding.file)))
    for warning in warnings:
        print_note(f"warning: {warning}")
    good = sum(package.state == "ok" for package in found)
    extended = sum(len(package.aliases) for package in found)
    aliases = (
        f"{good} of {_count(len(found), 'package')} good, "
        f"{_count(extended, 'extended alias', 'es')}, {_count(len(own), 'local alias', 'es')}"
        if found
        else f"no packages, {_count(len(own), 'alias', 'es')}"
    )
    print_note(f"{shown(Path(str(lockfile.path)))}: {aliases} in profile {profile}")
    wrong = any(finding.counts for finding in findings)
    return 0 if good == len(found) and not wrong else 1


def _own(path: str | None) -> tuple[Lockfile, str]:
    """Load the lockfile to check, and choose the active profile."""
    source = find_active_lockfile(path)
    if source.rule == "bundled":
        raise LockfileNotFoundError(
            f"no {file.NAME} here to check; create one: llmring lock init, or name one with --file"
        )
    lockfile = parse(file.read(source.path), source.path)
    return lockfile, active_profile(None, lockfile, source)


def _package(
    name: str, own: Mapping[str, Binding], profile: str, packages: Packages
) -> CheckedPackage:
    try:
        lockfile = packages.lockfile(name)
    except LockfileError as error:
        return CheckedPackage(name, "bad lockfile", str(error.path), trouble=str(error))
    if lockfile is None:
        return _missing(name)
    given = resolve.bindings(lockfile, package_profile(lockfile, profile))
    aliases = {f"{name}:{alias}": given[alias] for alias in given}
    return CheckedPackage(
        name,
        "ok",
        str(lockfile.path),
        {alias: tuple(map(str, binding.models)) for alias, binding in aliases.items()},
        tuple(alias for alias in aliases if alias in own),
    )


def _of_packages(
    lockfile: Lockfile, found: Sequence[CheckedPackage], profile: str, packages: Packages
) -> list[lockfile_findings.LockfileFinding]:
    """Find models of packages that don't meet the needs of the package or the active profile."""
    findings = []
    for package in found:
        theirs = packages.lockfile(package.name) if package.state == "ok" else None
        if theirs is None:
            continue
        given = resolve.bindings(theirs, package_profile(theirs, profile))
        used = [
            given[alias] for alias in given if f"{package.name}:{alias}" not in package.overridden
        ]
        findings += lockfile_findings.unmet_needs_of_package(theirs, used, lockfile, profile)
    return findings


def _missing(name: str) -> CheckedPackage:
    if is_installed(name):
        fix = f"put {file.NAME} next to its __init__.py, or remove it from [extends]"
        return CheckedPackage(
            name, "no lockfile", trouble=f"installed, but without a lockfile; {fix}"
        )
    imported = _imported_as(name)
    fix = (
        f"{name} is the name of a distribution; list its import name: {', '.join(imported)}"
        if imported
        else f"install its distribution, or remove it from [extends]: import {name} finds nothing"
    )
    return CheckedPackage(name, "not installed", trouble=fix)


def _imported_as(distribution: str) -> list[str]:
    """Return the import names of an installed distribution, if there is one of this name."""
    from importlib import metadata

    try:
        files = metadata.files(distribution) or ()
    except metadata.PackageNotFoundError:
        return []
    return sorted({path.parts[0] for path in files if path.name == "__init__.py"})


def _warnings(
    lockfile: Lockfile, found: list[CheckedPackage], own: Mapping[str, Binding], packages: Packages
) -> list[str]:
    """List settings that work differently than they look."""
    providers = {*PROVIDERS, *map(str.lower, lockfile.providers)}
    warnings = [
        f"{package.name} is also the name of a provider, and {package.name}: refers to the "
        "provider; rename one of the two to reach the package's aliases"
        for package in found
        if package.name.lower() in providers
    ]
    for package in found:
        if package.state != "ok":
            continue
        for alias in own:
            if alias.startswith(f"{package.name}:") and alias not in package.aliases:
                meant = nearest(alias, package.aliases)
                hint = f"; did you mean {meant}?" if meant else ""
                warnings.append(
                    f"{alias} is bound here, but {package.name} has no such alias{hint}"
                )
        theirs = packages.lockfile(package.name)
        if theirs is not None and theirs.packages:
            warnings.append(
                f"{package.name} extends {', '.join(theirs.packages)}, which is ignored here; "
                "list the packages you use under your own [extends]"
            )
    return warnings


def _package_findings(
    lockfile: Lockfile, found: Sequence[CheckedPackage], warnings: Sequence[str]
) -> list[lockfile_findings.LockfileFinding]:
    """Report problems of packages at the line where the lockfile lists them."""
    faults = [
        Fault(
            path=("extends", "packages", index),
            message=f"{package.name}: {package.state}",
            fix=package.trouble,
        )
        for index, package in enumerate(found)
        if package.trouble is not None
    ]
    for warning in warnings:
        message, _, fix = warning.partition("; ")
        faults.append(
            Fault(path=("extends",), severity="warning", message=message, fix=fix or "unbind it")
        )
    return lockfile_findings.located(lockfile, faults)


def _annotation(error: LockfileError | ConfigurationError) -> str:
    message, _, fix = error.message.partition("; ")
    place = (getattr(error, "line", None) or 1, getattr(error, "column", None) or 1)
    problem = Problem(
        *place, "error", "", message, fix or "see all problems: llmring lock validate"
    )
    path = getattr(error, "path", None)
    return problem.annotation(shown(path).as_posix() if path else file.NAME)


def _print(found: list[CheckedPackage], own: Mapping[str, Binding]) -> None:
    for package in found:
        if package.state != "ok":
            print_folded(f"{package.name}: {package.state}; {package.trouble}")
            continue
        print_folded(f"{package.name}: ok, {package.lockfile}")
        for alias, models in package.aliases.items():
            if alias in own:
                print_folded(f"    {binding_line(alias, own[alias].models)}, overridden here")
            else:
                print_folded(f"    {binding_line(alias, models)}")
    extended = {alias for package in found for alias in package.aliases}
    for alias, binding in own.items():
        if alias not in extended:
            print_folded(binding_line(alias, binding.models))


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{plural if number != 1 else ''}"


def _report_shipped(packaged: PackagedLockfile, *, as_json: bool) -> int:
    """Print the result of the check; return the exit code."""
    if as_json:
        print_json(packaged)
    elif packaged.trouble is None:
        print_out(f"{packaged.subject}: ok, {packaged.lockfile}: {', '.join(packaged.aliases)}")
    if packaged.trouble is not None:
        print_note(f"{packaged.subject}: {packaged.trouble}")
    return 0 if packaged.trouble is None else 1
