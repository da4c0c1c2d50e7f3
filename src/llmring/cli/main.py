"""The command line: finds the command, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. A new command is one file in this
folder, with `EXAMPLES`, `arguments` and `handle`, and one row here.
"""

import argparse
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

from llmring.cli.output import complain, hush, note, say
from llmring.exceptions import LLMRingError


class Command(NamedTuple):
    """A command: its words, the module that has it, and what it does in a line."""

    words: tuple[str, ...]
    module: str
    help: str


COMMANDS = (
    Command(("chat",), "chat", "ask a model, through an alias"),
    Command(("explain",), "explain", "say which models a call would try, without calling"),
    Command(("aliases",), "aliases", "list the aliases of a profile"),
    Command(("info",), "info", "show what is known of a model, or of those of an alias"),
    Command(("list",), "list_models", "list models, by what they can do and cost"),
    Command(("providers",), "providers", "list providers, and which of them have their keys"),
    Command(("bind",), "bind", "bind an alias to one or more models"),
    Command(("unbind",), "unbind", "remove an alias"),
    Command(("lock", "init"), "lock_init", "create a lockfile"),
    Command(("lock", "chat"), "lock_chat", "choose models and edit a lockfile in conversation"),
    Command(("lock", "validate"), "lock_validate", "check a lockfile"),
    Command(("lock", "fmt"), "lock_fmt", "put a lockfile into its canonical form"),
    Command(("lock", "diff"), "lock_diff", "show what two lockfiles say differently"),
    Command(("lock", "check"), "lock_check", "check what has become of a lockfile's models"),
    Command(("lock", "pin"), "lock_pin", "write down what is relied on of each model"),
    Command(("lock", "outdated"), "lock_outdated", "list models that have a newer one"),
    Command(("lock", "upgrade"), "lock_upgrade", "replace models by the newest of their lines"),
    Command(("lock", "cost"), "lock_cost", "say what an amount of tokens costs with each alias"),
    Command(("lock", "scan"), "lock_scan", "find what the source names and the lockfile lacks"),
    Command(("lock", "try"), "lock_try", "send recorded requests to another model, and compare"),
    Command(("lock", "schema"), "lock_schema", "print the JSON Schema of lockfiles"),
    Command(("registry", "update"), "registry_update", "get newer facts of models"),
    Command(("registry", "show"), "registry_show", "show where what is known of a model is from"),
    Command(("status",), "status", "show keys, failing models, and what is spent today"),
    Command(("stats",), "stats", "sum up what calls have taken and cost"),
    Command(("logs",), "logs", "show the last calls"),
    Command(("doctor",), "doctor", "check all that calls need, and say what to mend"),
    Command(("mcp",), "mcp", "serve the lockfile to coding assistants, over MCP"),
    Command(("local", "pull"), "local_pull", "download the small local model"),
    Command(("completion",), "completion", "print a script that completes commands with Tab"),
    Command(("demo",), "demo", "watch failover happen, with no key and no network"),
)

# For shells, not for people: no help lists it.
HIDDEN = (Command(("_complete",), "complete", "list what may come next"),)

EXAMPLES = """
examples:
  llmring lock init
  llmring aliases
  llmring chat "Hello"
"""

MORE = "\nllmring COMMAND --help tells more about a command; --debug shows tracebacks."


def run() -> None:
    """Run the command that the process was started with, and end the process."""
    sys.exit(main(sys.argv[1:]))


def main(argv: list[str]) -> int:
    """Run a command; gives its exit code.

    Args:
        argv: The words after the program's name.
    """
    debug = "--debug" in argv
    try:
        code = _dispatch([word for word in argv if word != "--debug"])
        print(end="", flush=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        hush()
        return 1
    except Exception as error:  # the edge of the process
        if debug:
            raise
        _tell(error)
        return 1
    return code


def _tell(error: Exception) -> None:
    match error:
        case LLMRingError():
            complain(str(error))
            for remark in getattr(error, "__notes__", ()):
                note(remark)
        case OSError():
            complain(f"the system refuses: {error}")
            hush()
        case _:
            name = type(error).__name__
            complain(f"a fault of llmring's own, {name}: {error}; --debug tells more")


def _dispatch(words: list[str]) -> int:
    try:
        for command in (*COMMANDS, *HIDDEN):
            count = len(command.words)
            if tuple(words[:count]) == command.words:
                return _run(command, words[count:])
        return _overview(words)
    except SystemExit as end:
        # argparse has printed the help, or what is wrong with the usage.
        return int(end.code or 0)


def _run(command: Command, words: list[str]) -> int:
    module = import_module(f"llmring.cli.{command.module}")
    parser = _parser(
        command.words,
        description=f"{command.help[0].upper()}{command.help[1:]}.",
        epilog=module.EXAMPLES,
    )
    module.arguments(parser)
    code: int = module.handle(parser.parse_args(words))
    return code


def _overview(words: list[str]) -> int:
    """What commands there are, for those who ask for help or name none."""
    groups = {command.words[0] for command in COMMANDS if len(command.words) > 1}
    group = words[:1] if set(words[:1]) & groups else []
    rows = [command for command in COMMANDS if [*command.words[: len(group)]] == group]
    width = max(len(" ".join(command.words)) for command in rows)
    lines = [f"  {' '.join(command.words):{width}}  {command.help}" for command in rows]
    parser = _parser(
        group,
        usage=" ".join(["llmring", *group, "COMMAND [options]"]),
        description="Name what you need, not a model: aliases in a lockfile, with failover.",
        epilog="\n".join(["commands:", *lines, *([] if group else [EXAMPLES.rstrip()]), MORE]),
    )
    if not group:
        parser.add_argument("--version", action="store_true", help="print the version")
    rest = words[len(group) :]
    if rest and not rest[0].startswith("-"):
        parser.error(f"no command {' '.join([*group, rest[0]])!r}{_hint(words)}")
    if getattr(parser.parse_args(rest), "version", False):
        from llmring import __version__

        say(f"llmring {__version__}")
        return 0
    parser.print_help(sys.stderr)
    return 2


def _hint(words: list[str]) -> str:
    """The command that was probably meant by these words, if one is near."""
    import difflib

    names = {" ".join(command.words): command for command in COMMANDS}
    last_words = {command.words[-1]: command for command in COMMANDS}
    for typed in (" ".join(words[:2]), words[0]):
        for spellings in (names, last_words):
            for near in difflib.get_close_matches(typed, spellings, 1):
                return f"; did you mean 'llmring {' '.join(spellings[near].words)}'?"
    return ""


def _parser(words: Iterable[str], **texts: Any) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=" ".join(["llmring", *words]),
        formatter_class=_formatter,
        allow_abbrev=False,
        **texts,
    )


def _formatter(prog: str) -> argparse.HelpFormatter:
    # The same help everywhere; to measure the terminal would also cost 2 ms of imports.
    return argparse.RawDescriptionHelpFormatter(prog, width=79)
