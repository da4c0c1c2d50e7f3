"""llmring lock scan: compare the aliases named in source code with the lockfile."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from llmring.cli.folded_lines import print_problem
from llmring.cli.lockfile_options import add_file_option, users_lockfile
from llmring.cli.output import print_json, print_note, print_out
from llmring.lockfile import file, resolve
from llmring.lockfile.compose import Packages
from llmring.lockfile.document import parse
from llmring.lockfile.file import shown
from llmring.providers.table import PROVIDERS
from llmring.scan.aliases import ScanFinding, Use, Uses, missing, unused
from llmring.scan.source_files import files_under, text_of
from llmring.scan.text import in_text

EXAMPLES = """examples:
  llmring lock scan
  llmring lock scan src scripts/nightly.sh --profile prod
  llmring lock scan --ci

Finds aliases in the source that a profile lacks (with --profile, only that
profile), unknown profiles, and aliases that the source never names. The source
is not run. Skips files that git ignores, virtual environments, node_modules
and files over 1 MB. Exit codes: 0 no names are missing; 1 some are."""

_PYTHON = frozenset({".py", ".pyi", ".pyw"})
_PROSE = frozenset({".md", ".mdx", ".rst", ".txt", ".adoc", ".html"})
_OTHERS = frozenset(
    {
        *(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"),
        *(".yaml", ".yml", ".toml", ".json", ".jsonc", ".ini", ".cfg", ".env", ".ipynb"),
        *(".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".mk", ".tf", ".service", ""),
    }
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="folders and files to scan (default: this folder)"
    )
    parser.add_argument(
        "--profile", metavar="NAME", help="compare with this profile (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--ci", action="store_true", help="print annotations for GitHub Actions")
    add_file_option(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the missing and the unused aliases."""
    source = users_lockfile(args.file)
    text = file.read(source.path)
    lockfile = parse(text, source.path)
    if args.profile:
        resolve.bindings(lockfile, args.profile)
    profiles = [args.profile] if args.profile else [*lockfile.profiles]
    sources = dict(_scanned(args.paths or ["."]))
    used = [(name, use) for name, uses in sources.items() for use in uses.found]
    providers = {*PROVIDERS, *map(str.lower, lockfile.providers)}
    findings = [
        *missing(used, lockfile, profiles, providers, Packages()),
        *_unused([use for _, use in used], source.path, text, profiles),
    ]
    unclear = sum(uses.unclear for uses in sources.values())
    if args.json:
        print_json(_to_json(findings, len(sources), unclear))
    else:
        for finding in findings:
            if args.ci:
                print_out(finding.problem.annotation(finding.file))
            else:
                print_problem(finding.problem, finding.file)
    wrong = sum(finding.problem.severity == "error" for finding in findings)
    _remark(len(sources), unclear, wrong, len(findings) - wrong)
    return 1 if wrong else 0


def _scanned(paths: Sequence[str]) -> Iterator[tuple[str, Uses]]:
    for path in paths:
        for each in files_under(Path(path)):
            uses = _uses(each)
            if uses is not None:
                yield str(shown(each.absolute())), uses


def _uses(path: Path) -> Uses | None:
    """Find the aliases that a file names; None if the file is skipped."""
    kind = path.suffix.lower()
    if path.name == file.NAME or kind not in _PYTHON | _PROSE | _OTHERS:
        return None
    try:
        text = text_of(path)
    except OSError as error:
        print_note(f"{shown(path)} skipped: can't be read: {error.strerror or error}")
        return None
    if text is None:
        return None
    if kind in _PYTHON or _is_python_script(text):
        from llmring.scan.python import in_python

        uses = in_python(text)
        if uses is None:
            print_note(f"{shown(path)} skipped: not valid Python for this interpreter")
        return uses
    return in_text(text, prose=kind in _PROSE)


def _is_python_script(text: str) -> bool:
    return text.startswith("#!") and "python" in text.partition("\n")[0]


def _unused(
    uses: Sequence[Use], path: Path, text: str, profiles: Sequence[str]
) -> Iterator[ScanFinding]:
    for problem in unused(uses, parse(text, path), text, profiles):
        yield ScanFinding(str(shown(path)), problem)


def _to_json(findings: Sequence[ScanFinding], files: int, unclear: int) -> dict[str, Any]:
    return {
        "files": files,
        "unclear": unclear,
        "findings": [
            {"file": finding.file, **msgspec.structs.asdict(finding.problem)}
            for finding in findings
        ],
    }


def _remark(files: int, unclear: int, wrong: int, hints: int) -> None:
    counts = [
        _count(files, "file"),
        f"{wrong or 'nothing'} missing",
        f"{hints or 'none'} unused",
    ]
    if unclear:
        names = "names its alias" if unclear == 1 else "name their alias"
        counts.append(f"{_count(unclear, 'call')} {names} in a variable")
    print_note(", ".join(counts))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
