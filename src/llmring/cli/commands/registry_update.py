"""llmring registry update: download a newer model catalog from a given URL."""

import argparse
from pathlib import Path

from llmring.cli.lockfile_options import add_file_option
from llmring.cli.output import print_error, print_json, print_note, print_out
from llmring.cli.progress import ProgressLine
from llmring.cli.trust_check import add_trust_option, require_consent
from llmring.config.settings import find_active_lockfile, read_settings
from llmring.exceptions import ConfigurationError
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.file import shown
from llmring.registry import update
from llmring.registry.cache import folder_of, newest

EXAMPLES = """examples:
  llmring registry update --url https://example.com/models.json
  llmring registry update --sha256 9f86d081884c7d65...
  LLMRING_REGISTRY_URL=https://example.com/models.json llmring registry update

Only this command downloads catalogs; calls never wait for one. Exit codes: 0
the catalog is up to date; 1 the download failed or was rejected; 2 wrong
usage."""

_CHECKS = {
    "demanded": "matches --sha256",
    "published": "matches the digest published with the catalog",
    "none": "not verified, as no digest is published with the catalog; give one with --sha256",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--url",
        metavar="URL",
        help="URL of the catalog (default: LLMRING_REGISTRY_URL, then the lockfile's)",
    )
    parser.add_argument("--sha256", metavar="HEX", help="require this digest of the catalog")
    parser.add_argument(
        "--force", action="store_true", help="install the catalog even if it is older"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="limit the download to S seconds (default: 5)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_trust_option(parser)
    add_file_option(parser)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def handle(args: argparse.Namespace) -> int:
    """Download, verify and install a catalog, and report the result."""
    import asyncio

    from llmring.registry.fetch import refresh

    wrong = _misuse(args)
    if wrong:
        print_error(wrong)
        return 2
    settings = read_settings()
    url, folder = _source(args, settings.registry_url, settings.cache_dir)
    with ProgressLine("downloading the catalog"):
        came = asyncio.run(
            refresh(
                folder,
                url,
                today=settings.clock.today(),
                sha256=args.sha256,
                force=args.force,
                seconds=args.timeout,
            )
        )
    if args.json:
        print_json(came)
        return 0
    before = {
        "updated": f"replaces that of {came.was}" if came.was != came.day else "new",
        "unchanged": "unchanged",
        "overtaken": "installed by another process meanwhile",
    }
    print_out(f"catalog of {came.day}, {came.models} models, {before[came.outcome]}")
    if came.sha256 is not None:
        print_note(f"from {came.url}; SHA-256 {came.sha256}: {_CHECKS[came.check]}")
    return 0


def _misuse(args: argparse.Namespace) -> str | None:
    """Return an error message if the options are invalid."""
    try:
        if args.url:
            update.address(args.url, named_by="--url")
        if args.sha256 is not None:
            update.demanded(args.sha256)
    except ConfigurationError as error:
        return error.message
    return None


def _source(args: argparse.Namespace, variable: str | None, folder: Path) -> tuple[str, Path]:
    """Return the URL of the catalog, and the folder to keep it in.

    The URL is that of the option, the variable or the lockfile. A catalog from the lockfile's URL
    is for lockfiles that name this URL.
    """
    if args.url:
        return str(args.url), folder
    if variable:
        return update.address(variable, named_by="LLMRING_REGISTRY_URL"), folder
    require_consent(args)
    source = find_active_lockfile(args.file)
    url = parse(file.read(source.path), source.path).registry.get("url")
    if url is None:
        raise ConfigurationError(
            f"no URL of a catalog is configured, so that of {newest(folder).date} stays in use; "
            "give --url, or set LLMRING_REGISTRY_URL, or url under [registry] in the lockfile"
        )
    address = update.address(url, named_by=f"{shown(source.path)}: registry.url")
    return address, folder_of(folder, address)
