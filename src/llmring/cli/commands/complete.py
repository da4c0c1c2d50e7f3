"""llmring _complete: completions for a command line being typed, for the shell scripts."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module

from llmring.cli.output import print_out
from llmring.exceptions import LLMRingError
from llmring.lockfile.document import Lockfile
from llmring.lockfile.file import LockfileSource

EXAMPLES = """examples:
  llmring _complete -- chat --model fa"""

# Shells split or expand any other character; such candidates are left out.
_PLAIN = re.compile(r"[\w:./@+,=%-]+")

Typed = Mapping[str, str]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "words",
        metavar="WORDS",
        nargs=argparse.REMAINDER,
        help="the words typed after llmring; the last one is completed",
    )


def handle(args: argparse.Namespace) -> int:
    """Print the completions of the last word, one per line."""
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    for candidate in candidates(words or [""]):
        print_out(candidate)
    return 0


def candidates(words: Sequence[str]) -> list[str]:
    """Return the completions of the last word.

    Args:
        words: The words typed after the program's name; the last one may be empty.
    """
    from llmring.cli.main import COMMANDS

    *before, last = words
    for command in COMMANDS:
        if tuple(before[: len(command.words)]) == command.words:
            found = _of_command(command.module, before[len(command.words) :], last)
            break
    else:
        at = len(before)
        found = iter([each.words[at] for each in COMMANDS if [*each.words[:at]] == before])
    fitting = (each for each in found if each.startswith(last) and _PLAIN.fullmatch(each))
    return [*dict.fromkeys(fitting)]


def _of_command(module: str, before: Sequence[str], last: str) -> Iterator[str]:
    """Yield a command's options, or the values of the option or argument being typed."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    import_module(f"llmring.cli.{module}").arguments(parser)
    actions = parser._actions  # noqa: SLF001 - as every completer of argparse does
    options = {name: action for action in actions for name in action.option_strings}
    places = [action for action in actions if not action.option_strings]
    typed: dict[str, str] = {}
    open_option = None
    for word in before:
        name, equals, value = word.partition("=")
        if open_option:
            typed[open_option.dest] = word
            open_option = None
        elif name not in options:
            places = places[1:]
        elif equals:
            typed[options[name].dest] = value
        elif options[name].nargs != 0:
            open_option = options[name]
    name, equals, _ = last.partition("=")
    if open_option:
        return _values(open_option, typed, last)
    if equals and name in options:
        return (f"{name}={each}" for each in _values(options[name], typed, last[len(name) + 1 :]))
    if last.startswith("-"):
        return (option for option in options if option.startswith("--"))
    return _values(places[0], typed, last) if places else iter(())


def _values(action: argparse.Action, typed: Typed, last: str) -> Iterator[str]:
    """Yield the possible values of an option or argument."""
    if action.choices is not None:
        return map(str, action.choices)
    source = _SOURCES.get(action.dest)
    if source is None:
        return iter(())
    try:
        return iter([*source(typed, last)])
    except (LLMRingError, OSError):
        # The line is unfinished; report no errors yet.
        return iter(())


def _lockfile(typed: Typed) -> tuple[Lockfile, LockfileSource]:
    from llmring.config.settings import find_active_lockfile
    from llmring.lockfile import file
    from llmring.lockfile.document import parse

    source = find_active_lockfile(typed.get("file"))
    return parse(file.read(source.path), source.path), source


def _aliases(typed: Typed, _: str) -> Iterator[str]:
    from llmring.config.profile_choice import active_profile
    from llmring.lockfile.resolve import bindings

    lockfile, source = _lockfile(typed)
    yield from bindings(lockfile, active_profile(typed.get("profile"), lockfile, source))


def _profiles(typed: Typed, _: str) -> Iterator[str]:
    yield from _lockfile(typed)[0].profiles


def _models(typed: Typed, last: str) -> Iterator[str]:
    """Yield the models of the lockfile and the catalog, after those typed before the comma."""
    from llmring.config.settings import effective_facts_here

    chosen = last[: last.rfind(",") + 1]
    lockfile, _ = _lockfile(typed)
    bound = [
        ref
        for profile in lockfile.profiles.values()
        for binding in profile.bindings.values()
        for ref in binding.models
    ]
    for model in (*bound, *effective_facts_here(lockfile).models):
        if str(model) not in chosen.split(","):
            yield f"{chosen}{model}"


def _providers(_: Typed, __: str) -> Iterator[str]:
    from llmring.providers.table import PROVIDERS

    yield from PROVIDERS


def _aliases_and_models(typed: Typed, last: str) -> Iterator[str]:
    yield from _aliases(typed, last)
    yield from _models(typed, last)


# Keyed by the `dest` of the argument.
_SOURCES: Mapping[str, Callable[[Typed, str], Iterator[str]]] = {
    "alias": _aliases,
    "model": _aliases_and_models,
    "models": _models,
    "profile": _profiles,
    "provider": _providers,
}
