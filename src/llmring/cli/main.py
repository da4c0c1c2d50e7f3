"""The entry point of the command line: runs a command, and reports errors on one line.

Only the failure of several models takes more lines: one for each of them.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. To add a command, write a module in
this folder with `EXAMPLES`, `arguments` and `handle`, and add a row to `COMMANDS`.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Literal, NamedTuple

from llmring.cli.colour import columns, is_terminal
from llmring.cli.output import discard_output, print_error, print_error_lines, print_note
from llmring.exceptions import AllModelsFailedError, LLMRingError

Group = Literal["use", "models", "money", "serve", "setup"]

# In the order of the help.
GROUPS: dict[Group, str] = {
    "use": "Use",
    "models": "Models and lockfile",
    "money": "Money and calls",
    "serve": "Serve",
    "setup": "Set up",
}


class Command(NamedTuple):
    """A command: its words, its module, a one-line help text, and its group in the help."""

    words: tuple[str, ...]
    module: str
    help: str
    group: Group = "use"


COMMANDS = (
    Command(("chat",), "commands.chat", "send a message to a model, through an alias", "use"),
    # Before `batch`, whose name they begin with.
    Command(("batch", "status"), "batch.batch_status", "show how far a batch is", "use"),
    Command(
        ("batch", "export"), "batch.batch_export", "write the answers of a batch to a file", "use"
    ),
    Command(("batch", "cancel"), "batch.batch_cancel", "stop a batch, and those at vendors", "use"),
    Command(
        ("batch",),
        "batch.batch",
        "send a prompt for each row of a file, and keep the answers",
        "use",
    ),
    Command(
        ("explain",),
        "commands.explain",
        "show which models a call would try, without calling",
        "use",
    ),
    Command(("aliases",), "commands.aliases", "list the aliases of a profile", "use"),
    Command(
        ("info",),
        "commands.info",
        "show the facts about a model, or about those of an alias",
        "models",
    ),
    Command(
        ("list",),
        "commands.list_models",
        "list models, filtered by capabilities and price",
        "models",
    ),
    Command(
        ("providers",),
        "commands.providers",
        "list providers, and which have their keys set",
        "models",
    ),
    Command(("bind",), "commands.bind", "bind an alias to one or more models", "models"),
    Command(("unbind",), "commands.unbind", "remove an alias", "models"),
    Command(("auth", "set"), "auth.auth_set", "keep the key of a provider", "setup"),
    Command(("auth", "list"), "auth.auth_list", "list the keys that are kept or set", "setup"),
    Command(("auth", "path"), "auth.auth_path", "print the path of the file of kept keys", "setup"),
    Command(
        ("trust",), "commands.trust", "agree to where a lockfile sends keys and requests", "setup"
    ),
    Command(("lock", "init"), "lock.init", "create a lockfile", "models"),
    Command(
        ("lock", "chat"), "lock.chat", "choose models and edit a lockfile in conversation", "models"
    ),
    Command(("lock", "validate"), "lock.validate", "check a lockfile", "models"),
    Command(("lock", "fmt"), "lock.fmt", "format a lockfile", "models"),
    Command(("lock", "diff"), "lock.diff", "compare two lockfiles", "models"),
    Command(
        ("lock", "check"), "lock.check", "check packages, models and pins of a lockfile", "models"
    ),
    Command(
        ("lock", "pin"),
        "lock.pin",
        "record the known facts about each model in the lockfile",
        "models",
    ),
    Command(
        ("lock", "outdated"), "lock.outdated", "list models that have a newer version", "models"
    ),
    Command(("lock", "upgrade"), "lock.upgrade", "replace models by newer versions", "models"),
    Command(("lock", "cost"), "lock.cost", "estimate the cost of tokens with each alias", "models"),
    Command(
        ("lock", "scan"), "lock.scan", "find names in source code that the lockfile lacks", "models"
    ),
    Command(
        ("lock", "try"),
        "lock.try_models",
        "send recorded requests to another model, and compare",
        "models",
    ),
    Command(("lock", "schema"), "lock.schema", "print the JSON Schema of lockfiles", "models"),
    Command(
        ("registry", "update"),
        "commands.registry_update",
        "download a newer model catalog",
        "models",
    ),
    Command(
        ("registry", "show"),
        "commands.registry_show",
        "show the facts about a model, with their sources",
        "models",
    ),
    Command(
        ("status",), "commands.status", "show keys, failing models, and spending today", "money"
    ),
    Command(("stats",), "commands.stats", "summarize calls, tokens and cost", "money"),
    # Before `logs`, whose name it begins with.
    Command(("logs", "prune"), "commands.logs_prune", "remove old calls from the ledger", "money"),
    Command(("logs",), "commands.logs", "show the last calls", "money"),
    Command(
        ("doctor",),
        "commands.doctor",
        "check everything that calls need, and suggest fixes",
        "setup",
    ),
    Command(
        ("serve",), "commands.serve", "answer client programs of five APIs, over HTTP", "serve"
    ),
    Command(
        ("cache", "clear"), "cache.cache_clear", "remove the answers that gateways keep", "serve"
    ),
    Command(
        ("keys", "create"),
        "keys.keys_create",
        "make a key for clients of the gateway, and print it once",
        "serve",
    ),
    Command(("keys", "list"), "keys.keys_list", "list the keys of the gateway", "serve"),
    Command(("keys", "show"), "keys.keys_show", "show the settings of a key", "serve"),
    Command(("keys", "set"), "keys.keys_set", "change the settings of a key", "serve"),
    Command(("keys", "rotate"), "keys.keys_rotate", "replace a key by a new one", "serve"),
    Command(("keys", "revoke"), "keys.keys_revoke", "end a key at once", "serve"),
    Command(("keys", "hash"), "keys.keys_hash", "print the hash of a key, for a lockfile", "serve"),
    Command(
        ("keys", "export"), "keys.keys_export", "print all keys, as hashes, and all teams", "serve"
    ),
    Command(("keys", "import"), "keys.keys_import", "add exported keys and teams", "serve"),
    Command(
        ("teams", "create"),
        "teams.teams_create",
        "add a team, whose limits hold for all its keys",
        "serve",
    ),
    Command(("teams", "list"), "teams.teams_list", "list the teams and their limits", "serve"),
    Command(
        ("teams", "show"), "teams.teams_show", "show the settings of a team, and its keys", "serve"
    ),
    Command(("teams", "set"), "teams.teams_set", "change the settings of a team", "serve"),
    Command(("teams", "remove"), "teams.teams_remove", "remove a team that has no keys", "serve"),
    Command(("mcp",), "commands.mcp", "serve the lockfile to coding assistants, over MCP", "serve"),
    Command(("local", "pull"), "commands.local_pull", "download the small local model", "serve"),
    Command(("completion",), "commands.completion", "print a shell completion script", "setup"),
    Command(("help",), "help", "show the help of a command", "setup"),
    Command(("version",), "version", "print the version", "setup"),
    Command(("demo",), "commands.demo", "watch failover happen, without keys or network", "use"),
)

# The descriptions of the overview, and of groups of commands.
_ABOUT = {
    "": "Call language models through aliases in a lockfile, with failover.",
    "auth": "Keep the keys of providers.",
    "cache": "Manage the answers that gateways keep.",
    "keys": "Manage the keys for clients of the gateway.",
    "local": "Manage models on this machine.",
    "lock": "Create, check and change lockfiles.",
    "registry": "Show and update the facts about models.",
    "teams": "Manage the teams that keys of the gateway belong to.",
}

# Called by shell scripts and by `serve`; not listed in any help.
HIDDEN = (
    Command(("_complete",), "commands.complete", "list completions"),
    Command(("_serve_worker",), "commands.serve_worker", "answer as a worker of llmring serve"),
)

EXAMPLES = """
examples:
  llmring lock init
  llmring aliases
  llmring chat "Hello"
"""

# A help that is not on a terminal is the same everywhere.
_PIPED_WIDTH = 79
_WIDEST_HELP = 100
_NARROWEST_TEXT = 20

MORE = "\nSee llmring COMMAND --help for a command; --debug shows tracebacks."


def run() -> None:
    """Run the command given on the command line, and exit."""
    if is_terminal(sys.stderr):
        from llmring.cli.log_notes import show_warnings_as_notes

        show_warnings_as_notes()
    sys.exit(main(sys.argv[1:]))


def main(argv: list[str]) -> int:
    """Run a command and return its exit code.

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
        discard_output()
        return 1
    except Exception as error:  # a bug is reported on one line too
        if debug:
            raise
        _report(error)
        return 1
    return code


def _report(error: Exception) -> None:
    match error:
        case LLMRingError():
            if isinstance(error, AllModelsFailedError):
                print_error_lines(str(error))
            else:
                print_error(str(error))
            for remark in getattr(error, "__notes__", ()):
                print_note(remark)
        case OSError():
            print_error(f"system error: {error}")
            discard_output()
        case _:
            name = type(error).__name__
            print_error(f"internal error, {name}: {error}; see the traceback with --debug")


def _dispatch(words: list[str]) -> int:
    try:
        for command in (*COMMANDS, *HIDDEN):
            count = len(command.words)
            if tuple(words[:count]) == command.words:
                return _run(command, words[count:])
        return _overview(words)
    except SystemExit as end:
        # argparse has printed the help or a usage error.
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
    """Print the list of commands, or report an unknown one; return the exit code."""
    if not words:
        from llmring.cli.situation import print_situation

        print_situation()
        return 0
    groups = {command.words[0] for command in COMMANDS if len(command.words) > 1}
    group = words[:1] if set(words[:1]) & groups else []
    parser = _parser(
        group,
        usage=" ".join(["llmring", *group, "COMMAND [options]"]),
        description=_ABOUT[group[0] if group else ""],
        epilog="\n".join([*_listed(group), *([] if group else [EXAMPLES.rstrip()]), MORE]),
    )
    if not group:
        parser.add_argument("--version", "-V", action="store_true", help="print the version")
    rest = words[len(group) :]
    if rest and not rest[0].startswith("-"):
        parser.error(f"unknown command {' '.join([*group, rest[0]])!r}{_hint(words)}")
    if getattr(parser.parse_args(rest), "version", False):
        from llmring.cli.version import print_version

        print_version()
        return 0
    parser.print_help(sys.stderr)
    return 2


def _listed(group: list[str]) -> Iterator[str]:
    """Yield the lines of the list of commands: those of a group, or all below headings."""
    rows = [command for command in COMMANDS if [*command.words[: len(group)]] == group]
    width = max(len(" ".join(command.words)) for command in rows)
    for key, title in ({"": "commands"} if group else GROUPS).items():
        yield f"{title}:"
        for command in rows:
            if group or command.group == key:
                yield from _described(" ".join(command.words), width, command.help)
        if not group:
            yield ""


def _described(name: str, width: int, text: str) -> list[str]:
    """Return the name and the text of a command, with the text wrapped in its column."""
    start = f"  {name:{width}}  "
    if len(start) + len(text) <= _help_width():
        return [start + text]
    import textwrap

    indent = " " * len(start)
    wide = max(_help_width(), len(start) + _NARROWEST_TEXT)
    return textwrap.wrap(text, wide, initial_indent=start, subsequent_indent=indent)


def _hint(words: list[str]) -> str:
    """Suggest the command whose name is most similar, if any."""
    import difflib

    names = {" ".join(command.words): " ".join(command.words) for command in COMMANDS}
    last_words = {command.words[-1]: " ".join(command.words) for command in COMMANDS}
    groups = {command.words[0]: command.words[0] for command in COMMANDS}
    for typed in (" ".join(words[:2]), words[0]):
        for spellings in (names, last_words, groups):
            # Letters in another order are the most frequent slip.
            swapped = [name for name in spellings if sorted(name) == sorted(typed)]
            for near in swapped or difflib.get_close_matches(typed, spellings, 1):
                return f"; did you mean 'llmring {spellings[near]}'?"
    return ""


def _parser(words: Iterable[str], **texts: Any) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=" ".join(["llmring", *words]),
        formatter_class=_formatter,
        allow_abbrev=False,
        **texts,
    )


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=_help_width())


def _help_width() -> int:
    """Return the width of the help: that of the terminal, within reason."""
    wide = columns(sys.stdout)
    return _PIPED_WIDTH if wide is None else min(wide - 1, _WIDEST_HELP)
