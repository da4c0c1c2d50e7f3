"""The situation in this folder: its lockfile, the keys, and the next step."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from llmring.cli.colour import Styled, columns
from llmring.cli.gateway_port import GATEWAY_PORT
from llmring.cli.lockfile_options import read_profile
from llmring.cli.output import print_line, print_out, print_warning
from llmring.cli.tables import print_table
from llmring.cli.text_width import folded
from llmring.config.settings import (
    Settings,
    endpoints_for,
    find_active_lockfile,
    read_settings,
    trusted_lockfiles,
    trusts_lockfiles,
)
from llmring.exceptions import ConfigurationError, LockfileError, LockfileNotFoundError
from llmring.local import weights
from llmring.lockfile import resolve
from llmring.lockfile.consent import claims, fingerprint
from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.file import shown
from llmring.providers.table import PROVIDERS

if TYPE_CHECKING:
    from llmring.lockfile.document import Binding
    from llmring.lockfile.file import LockfileSource
    from llmring.providers.endpoint import Endpoint

_START = 'llmring chat "Hello"'
_MOST_NAMES = 6
_FEW = 2

# A connection on this machine is refused at once.
_CONNECT_SECONDS = 0.05


class _NextStep(NamedTuple):
    """The next step: a command, and its purpose."""

    command: str
    purpose: str


def print_situation() -> None:
    """Print which lockfile, aliases and keys calls would use here, and the next step."""
    try:
        source = find_active_lockfile(None)
        own = source.rule != "bundled"
        place = str(shown(source.path)) if own else "none here; llmring's own is used"
        rows = [("lockfile", place)]
        lockfile, profile = _read(source)
        settings = read_settings()
        endpoints = endpoints_for(lockfile, settings)
    except (LockfileError, ConfigurationError) as error:
        print_warning(str(error))
        _print_step(_remedy(error))
        return
    usable = _usable(endpoints, settings)
    bound = resolve.bindings(lockfile, profile)
    callable_ = [alias for alias, each in bound.items() if _answers(each.models, usable)]
    rows += [
        ("profile", profile),
        ("aliases", f"{len(bound)}, of which {len(callable_)} can be called{_names(callable_)}"),
        ("keys set", ", ".join(_keyed(endpoints)) or "none"),
        ("local model", _local(settings)),
        ("gateway", _gateway()),
    ]
    print_table([(Styled(label, "dim"), text) for label, text in rows], whole=True)
    _print_step(_next(source, lockfile, bound, callable_, endpoints))


def _read(source: LockfileSource) -> tuple[Lockfile, str]:
    if source.rule != "bundled":
        return read_profile(argparse.Namespace(file=None, profile=None))
    from llmring.config.profile_choice import active_profile
    from llmring.lockfile import file
    from llmring.lockfile.document import parse

    lockfile = parse(file.read(source.path), source.path)
    return lockfile, active_profile(None, lockfile, source)


def _usable(endpoints: Mapping[str, Endpoint], settings: Settings) -> set[str]:
    """Return the providers that have what a call needs."""
    found = {name for name, endpoint in endpoints.items() if endpoint.usable}
    if settings.local_model is None and weights.find(settings.cache_dir) is None:
        found.discard("local")
    return found


def _answers(models: Collection[ModelRef], usable: Collection[str]) -> bool:
    return any(ref.provider in usable for ref in models)


def _keyed(endpoints: Mapping[str, Endpoint]) -> list[str]:
    return [
        name
        for name, endpoint in endpoints.items()
        if endpoint.provider.key_env and endpoint.usable
    ]


def _names(aliases: Collection[str]) -> str:
    if not aliases:
        return ""
    first = [*aliases][:_MOST_NAMES]
    return f": {', '.join(first)}{', ...' if len(aliases) > len(first) else ''}"


def _local(settings: Settings) -> str:
    if settings.local_model is not None:
        return str(settings.local_model)
    if weights.find(settings.cache_dir) is not None:
        return weights.SMOLLM2.name
    return f"none; {weights.SMOLLM2.megabytes} MB: llmring local pull"


def _gateway() -> str:
    import socket

    try:
        with socket.create_connection(("127.0.0.1", GATEWAY_PORT), _CONNECT_SECONDS):
            return f"a program listens on port {GATEWAY_PORT} of this machine"
    except OSError:
        return "not running on its usual port; start it: llmring serve"


def _next(
    source: LockfileSource,
    lockfile: Lockfile,
    bound: Mapping[str, Binding],
    callable_: Collection[str],
    endpoints: Mapping[str, Endpoint],
) -> _NextStep:
    """Choose the next step."""
    if source.rule == "bundled":
        return _NextStep("llmring lock init", "create a lockfile for this project")
    if not _is_trusted(source, lockfile):
        return _NextStep(
            "llmring trust", "see where the lockfile sends keys and requests, and agree"
        )
    if not bound:
        return _NextStep("llmring bind fast openai:gpt-6-luna", "bind the first alias")
    if not callable_:
        return _missing_key(bound, endpoints)
    model = "" if "default" in callable_ else f" --model {next(iter(callable_))}"
    return _NextStep(f"{_START}{model}", "send a message; for other programs: llmring serve")


def _is_trusted(source: LockfileSource, lockfile: Lockfile) -> bool:
    found = claims(lockfile, PROVIDERS)
    return (
        source.rule != "folder"
        or not found
        or trusts_lockfiles()
        or trusted_lockfiles().holds(source.path, fingerprint(found))
    )


def _missing_key(bound: Mapping[str, Binding], endpoints: Mapping[str, Endpoint]) -> _NextStep:
    lacking = dict.fromkeys(
        ref.provider
        for binding in bound.values()
        for ref in binding.models
        if (each := endpoints.get(ref.provider)) and each.provider.key_env and not each.usable
    )
    if not lacking:
        return _NextStep("llmring doctor", "see why no alias can be called")
    first, *others = lacking
    variable = endpoints[first].provider.key_env[0]
    other = f", or that of {' or '.join(others[:_FEW])}" if others else ""
    return _NextStep(
        f"export {variable}=...",
        f"the key of {first}{other}; without a key: llmring demo",
    )


def _remedy(error: Exception) -> _NextStep:
    if isinstance(error, LockfileNotFoundError):
        return _NextStep("llmring lock init", "create a lockfile")
    if isinstance(error, LockfileError):
        return _NextStep("llmring lock validate", "check the lockfile")
    return _NextStep("llmring doctor", "check the settings")


def _print_step(step: _NextStep) -> None:
    print_out()
    label, purpose = "next:  ", f"({step.purpose})"
    width = columns(sys.stdout)
    begin = len(label) + len(step.command)
    if width is not None and begin + len(purpose) + 3 > width:
        gap = f"\n{' ' * len(label)}"
        purpose = folded(purpose, width, len(label), len(label))
    else:
        gap = "   "
    print_line(label, Styled(step.command, "ok"), gap, purpose)
    print_line(Styled("all commands: llmring --help", "dim"))
