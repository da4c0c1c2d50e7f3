"""llmring registry update: newer facts of models, from where the user says."""

import argparse
from pathlib import Path

from llmring.cli.lockfile import add_file_option, shown
from llmring.cli.output import complain, note, say, say_json
from llmring.client.settings import lockfile_in_force, read_settings
from llmring.exceptions import ConfigurationError
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.registry import update
from llmring.registry.cache import newest

EXAMPLES = """examples:
  llmring registry update --url https://example.com/models.json
  llmring registry update --sha256 9f86d081884c7d65...
  LLMRING_REGISTRY_URL=https://example.com/models.json llmring registry update

Nothing else fetches facts of models: calls never wait for them. Exit codes: 0
the newest ones are here; 1 none came, or none that may be used; 2 wrong usage."""

_CHECKS = {
    "demanded": "it is the one of --sha256",
    "published": "it is the one published beside the catalog",
    "none": "none is published beside the catalog to check it; --sha256 demands one",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--url",
        metavar="URL",
        help="where a catalog is (default: LLMRING_REGISTRY_URL, then the lockfile's)",
    )
    parser.add_argument("--sha256", metavar="HEX", help="the digest that it must have")
    parser.add_argument("--force", action="store_true", help="take one that is older, too")
    parser.add_argument(
        "--timeout", type=_seconds, default=5.0, metavar="S", help="seconds in all (default: 5)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_file_option(parser)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def handle(args: argparse.Namespace) -> int:
    """Fetch, check and keep a catalog, and say what came of it."""
    import asyncio

    from llmring.client.refresh import refresh

    wrong = _misuse(args)
    if wrong:
        complain(wrong)
        return 2
    settings = read_settings()
    came = asyncio.run(
        refresh(
            settings.cache_dir,
            _address(args, settings.registry_url, settings.cache_dir),
            sha256=args.sha256,
            force=args.force,
            seconds=args.timeout,
        )
    )
    if args.json:
        say_json(came)
        return 0
    before = {
        "updated": f"in place of that of {came.was}" if came.was != came.day else "new",
        "unchanged": "unchanged",
        "overtaken": "brought by another process meanwhile",
    }
    say(f"catalog of {came.day}, {came.models} models, {before[came.outcome]}")
    if came.sha256 is not None:
        note(f"from {came.url}; SHA-256 {came.sha256}: {_CHECKS[came.check]}")
    return 0


def _misuse(args: argparse.Namespace) -> str | None:
    """What is wrong with the options, if anything."""
    try:
        if args.url:
            update.address(args.url, named_by="--url")
        if args.sha256 is not None:
            update.demanded(args.sha256)
    except ConfigurationError as error:
        return error.message
    return None


def _address(args: argparse.Namespace, variable: str | None, folder: Path) -> str:
    """Where the catalog is: as the option, the variable or the lockfile says."""
    if args.url:
        return str(args.url)
    if variable:
        return update.address(variable, named_by="LLMRING_REGISTRY_URL")
    source = lockfile_in_force(args.file)
    url = parse(file.read(source.path), source.path).registry.get("url")
    if url is None:
        raise ConfigurationError(
            "nothing says where newer facts of models are: give --url, or set "
            "LLMRING_REGISTRY_URL, or url under [registry] in the lockfile; the catalog of "
            f"{newest(folder).date} stays in use"
        )
    return update.address(url, named_by=f"{shown(source.path)}: registry.url")
