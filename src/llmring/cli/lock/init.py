"""llmring lock init: create a lockfile, with aliases chosen from the catalog."""

import argparse
import sys
from pathlib import Path

from llmring.cli.lockfile_options import binding_line
from llmring.cli.model_facts import catalog_origin
from llmring.cli.output import is_terminal, print_note, print_out
from llmring.config.settings import find_active_lockfile, read_settings
from llmring.config.starter_models import first_aliases, keys_set
from llmring.exceptions import (
    ConfigurationError,
    LockfileExistsError,
    LockfileNotFoundError,
)
from llmring.lockfile import file
from llmring.lockfile.document import DEFAULT_PROFILE
from llmring.lockfile.edit.starter import Suggestion, starter
from llmring.lockfile.file import shown
from llmring.registry.cache import newest

EXAMPLES = """examples:
  llmring lock init
  llmring lock init --file path/to/llmring.lock
  llmring lock init --force    # overwrite an existing file
  llmring lock init --guided   # ask about purposes and prices first

Binds the aliases to models of the vendors whose keys are set, or of all
vendors if no key is set. An installed local model gets an alias of its own."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--file",
        metavar="PATH",
        default=file.NAME,
        help=f"the file to write (default: ./{file.NAME})",
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")
    parser.add_argument("--guided", action="store_true", help="ask a few questions first")


def handle(args: argparse.Namespace) -> int:
    """Write the lockfile and print its aliases."""
    settings = read_settings()
    choices = _interview(Path(args.file), args) if args.guided else first_aliases(settings)
    keys = keys_set(settings)
    path = Path(args.file)
    try:
        file.create(path, starter(choices), force=args.force)
    except LockfileExistsError:
        raise _exists(path) from None
    for choice in choices:
        print_out(binding_line(choice.alias, choice.models))
    reason = f"for your keys: {', '.join(keys)}" if keys else "no key is set, so all vendors"
    catalog = newest(settings.cache_dir)
    print_note(f"{shown(path)} created ({reason}; {catalog_origin(catalog, settings.cache_dir)})")
    _note_other_lockfiles(path)
    return 0


def _interview(path: Path, args: argparse.Namespace) -> list[Suggestion]:
    """Choose the aliases from the user's answers."""
    from llmring.advisor.editor import editor_for
    from llmring.advisor.interview import interview

    if path.exists() and not args.force:
        raise _exists(path)
    choices = interview(editor_for(path, DEFAULT_PROFILE), _answer, _object)
    if not choices:
        raise ConfigurationError("no model in the registry meets these needs; relax them")
    return choices


def _exists(path: Path) -> LockfileExistsError:
    return LockfileExistsError("exists already; replace it with --force", path=path)


def _answer(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        return input()
    except EOFError:
        if not is_terminal(sys.stdin):
            return ""
        sys.stderr.write("\n")
        raise ConfigurationError("nothing written: not all questions were answered") from None


def _object(why: str) -> None:
    """Explain why a question is repeated; fail for a pipe, which can't answer again."""
    if not is_terminal(sys.stdin):
        sys.stderr.write("\n")
        raise ConfigurationError(f"nothing written: {why}")
    print_note(why)


def _note_other_lockfiles(path: Path) -> None:
    """Note if a package ships the file, if another one is active here, and how to ship one."""
    try:
        source = find_active_lockfile(None)
    except LockfileNotFoundError:
        source = None
    if path.with_name("__init__.py").exists():
        name = path.resolve().parent.name
        print_note(f"it ships with the package {name}; unbind the aliases that it does not call")
    elif source is None or not source.path.samefile(path):
        other = (
            "another lockfile" if source is None or source.rule != "bundled" else "llmring's own"
        )
        print_note(f"{other} is active here; to use this one, set LLMRING_LOCKFILE_PATH={path}")
    if path.resolve().parent != Path.cwd():
        return
    for package in sorted((*Path().glob("src/*/__init__.py"), *Path().glob("*/__init__.py"))):
        target = package.with_name(file.NAME)
        if package.parent.name != "tests" and not target.exists():
            print_note(f"to ship a lockfile with that package: llmring lock init --file {target}")
