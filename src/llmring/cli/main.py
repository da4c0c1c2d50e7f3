"""The command line: finds the command, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. A new command is one file in this
folder, with `arguments` and `handle`, and one row here.
"""

import argparse
import os
import sys
from importlib import import_module
from typing import NamedTuple

from llmring.cli.output import complain
from llmring.exceptions import LLMRingError


class Command(NamedTuple):
    """A command: its words, the module that has it, and what it does in a line."""

    words: tuple[str, ...]
    module: str
    help: str


COMMANDS = (
    Command(("chat",), "chat", "ask a model, through an alias"),
    Command(("aliases",), "aliases", "list the aliases of a profile"),
    Command(("bind",), "bind", "bind an alias to one or more models"),
    Command(("unbind",), "unbind", "remove an alias"),
    Command(("lock", "init"), "lock_init", "create a lockfile"),
    Command(("lock", "validate"), "lock_validate", "check a lockfile"),
    Command(("local", "pull"), "local_pull", "download the small local model"),
    Command(("demo",), "demo", "watch failover happen, with no key and no network"),
)


def run() -> None:
    """Run the command that the process was started with, and end the process."""
    sys.exit(main(sys.argv[1:]))


def main(argv: list[str]) -> int:
    """Run a command; gives its exit code.

    Args:
        argv: The words after the program's name.
    """
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    try:
        return _dispatch(argv)
    except BrokenPipeError:
        # Whoever read our output has left; say nothing more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except LLMRingError as error:
        if debug:
            raise
        complain(str(error))
        return 1
    except Exception as error:  # the edge of the process
        if debug:
            raise
        complain(f"a fault of llmring's own, {type(error).__name__}: {error}; --debug tells more")
        return 1
    except KeyboardInterrupt:
        return 130


def _dispatch(argv: list[str]) -> int:
    for command in COMMANDS:
        if tuple(argv[: len(command.words)]) == command.words:
            module = import_module(f"llmring.cli.{command.module}")
            parser = argparse.ArgumentParser(
                prog=f"llmring {' '.join(command.words)}",
                description=f"{command.help[0].upper()}{command.help[1:]}.",
                epilog=module.EXAMPLES,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            module.arguments(parser)
            handled: int = module.handle(parser.parse_args(argv[len(command.words) :]))
            return handled
    return _overview(argv)


def _overview(argv: list[str]) -> int:
    group = argv[:1] if any(command.words[:-1] == tuple(argv[:1]) for command in COMMANDS) else []
    rows = [command for command in COMMANDS if list(command.words[: len(group)]) == group]
    width = max(len(" ".join(command.words)) for command in rows)
    lines = [f"  {' '.join(command.words):{width}}  {command.help}" for command in rows]
    parser = argparse.ArgumentParser(
        prog=" ".join(["llmring", *group]),
        usage=f"{' '.join(['llmring', *group])} COMMAND [options]",
        description="Name what you need, not a model: aliases in a lockfile, with failover.",
        epilog="commands:\n"
        + "\n".join(lines)
        + "\n\nllmring COMMAND --help tells more; --debug shows tracebacks.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if not group:
        parser.add_argument("--version", action="store_true", help="print the version")
    options, unknown = parser.parse_known_args(argv[len(group) :])
    if getattr(options, "version", False):
        from llmring import __version__

        print(f"llmring {__version__}")
        return 0
    if unknown:
        import difflib

        known = [" ".join(command.words) for command in COMMANDS]
        near = difflib.get_close_matches(" ".join(argv), known, 1)
        hint = f"; did you mean 'llmring {near[0]}'?" if near else ""
        parser.error(f"no command {' '.join([*group, unknown[0]])!r}{hint}")
    parser.print_help()
    return 0 if argv else 2
