"""The model or alias that a chat asks, if the user names one or not."""

from __future__ import annotations

import argparse

from llmring.cli.lockfile_options import read_profile
from llmring.cli.output import print_note
from llmring.exceptions import ConfigurationError
from llmring.lockfile.resolve import bindings, is_reference

DEFAULT_ALIAS = "fast"


def choose_model(args: argparse.Namespace) -> tuple[str, str | None]:
    """Choose the model or alias, and the profile to look it up in.

    Args:
        args: The arguments of the command, with `model`, `profile` and `file`.

    Raises:
        LockfileError: The lockfile can't be read.
        ConfigurationError: The profile has no aliases.
    """
    if args.model and is_reference(args.model):
        return args.model, args.profile
    lockfile, profile = read_profile(args)
    if args.model:
        return args.model, profile
    aliases = bindings(lockfile, profile)
    if DEFAULT_ALIAS in aliases:
        return DEFAULT_ALIAS, profile
    if aliases:
        alias = next(iter(aliases))
        print_note(f"using alias {alias} of profile {profile}; choose another with --model")
        return alias, profile
    usual = lockfile.default_profile
    if DEFAULT_ALIAS in bindings(lockfile, usual):
        print_note(f"profile {profile} has no aliases; using {DEFAULT_ALIAS} of profile {usual}")
        return DEFAULT_ALIAS, usual
    others = [name for name in lockfile.profiles if name != profile]
    choose = f"choose a profile with --profile ({', '.join(others)}), or " if others else ""
    raise ConfigurationError(
        f"profile {profile!r} of {lockfile.path} has no aliases; {choose}"
        "name a model with --model, or bind one: llmring bind fast openai:gpt-6-luna"
    )
