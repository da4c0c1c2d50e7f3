"""llmring serve: answer client programs of five APIs, over HTTP."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from llmring.address import is_loopback
from llmring.cli.commands.doctor import print_finding
from llmring.cli.env_file_option import add_env_file_option, apply_env_file
from llmring.cli.folded_lines import print_folded
from llmring.cli.gateway_port import GATEWAY_PORT
from llmring.cli.lockfile_options import add_options
from llmring.cli.output import harmless, print_error, print_note
from llmring.cli.trust_check import add_trust_option, require_consent

if TYPE_CHECKING:
    from llmring.audit.machine import CheckResult

MOST_WORKERS = 256

INSTALL = "pip install 'llmring[gateway]'"

EXAMPLES = """examples:
  llmring serve
  llmring serve --profile prod --port 8080 --workers 2
  llmring serve --check

Programs of the APIs of OpenAI (Chat Completions and Responses), Anthropic,
Google and Ollama reach every alias at the address that is printed.

All who reach the gateway can spend the money behind its providers' keys, so a
--host that other machines can reach needs keys (llmring keys create), or
--no-keys. Where there are keys, calls from this machine need one too. SIGTERM
ends the gateway when the calls in progress are answered, a second one at once;
SIGHUP has the lockfile read again; SIGUSR2 replaces the workers one by one.
--check exit codes: 0 no check failed; 1 some did."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="address to listen on (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=GATEWAY_PORT,
        metavar="PORT",
        help=f"port to listen on; 0 for any free one (default: {GATEWAY_PORT})",
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="processes that answer at the same address (default: 1)",
    )
    parser.add_argument(
        "--no-keys",
        action="store_true",
        help="let all who reach the --host make calls, without keys",
    )
    parser.add_argument(
        "--drain-delay",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="after SIGTERM, take connections for this time (default: 5)",
    )
    parser.add_argument(
        "--accept-removals",
        action="store_true",
        help="follow a changed lockfile even if it lacks aliases called in the last hour",
    )
    parser.add_argument(
        "--access-log",
        metavar="PATH",
        help="log each call as a line of JSON to this file; - for standard error",
    )
    parser.add_argument(
        "--check", action="store_true", help="check all that the gateway needs, and end"
    )
    add_env_file_option(parser)
    add_trust_option(parser)
    add_options(parser)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:6]) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 0 to 65535")
    return int(text)


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:6]) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of workers; give one from 1 to {MOST_WORKERS}"
        )
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; give a number of seconds")
    return seconds


def handle(args: argparse.Namespace) -> int:
    """Answer client programs until the process is asked to end."""
    apply_env_file(args)
    if args.check:
        return _check(args)
    if find_spec("uvicorn") is None:
        print_error(f"the gateway needs more packages; run: {INSTALL}")
        return 1
    require_consent(args)
    from llmring.gateway.serve import NoKeysError, ServeOptions, prepare

    options = ServeOptions(
        host=args.host,
        port=args.port,
        profile=args.profile,
        file=args.file,
        accept_removals=args.accept_removals,
        drain_delay=args.drain_delay,
        no_keys=args.no_keys,
        access_log=args.access_log,
    )
    try:
        prepared = prepare(options)
    except NoKeysError as error:
        print_error(
            f"{error.message}, so all who reach it could spend the money behind the keys of your "
            "providers; make one with llmring keys create, listen on 127.0.0.1, or add --no-keys"
        )
        return 2
    if not is_loopback(args.host) and args.no_keys:
        print_note(
            f"WARNING: no keys are needed. All who reach {args.host} can make calls and spend the "
            "money behind the keys of your providers."
        )
    workers = possible_workers(args.workers)
    for line in prepared.lines:
        print_folded(harmless(line))
    if workers == 1:
        prepared.run()
    else:
        from llmring.cli.commands.serve_worker import command
        from llmring.gateway.workers.supervisor import Supervisor

        Supervisor(prepared, workers, command()).run()
    return 0


def possible_workers(wanted: int) -> int:
    """Return the number of workers that this system and this Python allow."""
    if wanted > 1 and sys.platform == "win32":
        print_note("on Windows, the gateway has one worker; one starts")
        return 1
    if wanted > 1 and getattr(sys, "frozen", False):
        print_note("in an executable file, the gateway has one worker; one starts")
        return 1
    return wanted


def _check(args: argparse.Namespace) -> int:
    """Print the findings, one per line."""
    found = []
    for finding in _findings(args):
        found.append(finding)
        print_finding(finding)
    counts = {state: sum(each.state == state for each in found) for state in ("fail", "warn")}
    parts = [f"{count} {state}" for state, count in counts.items() if count]
    print_note(", ".join(parts) or "no problems found")
    return 1 if counts["fail"] else 0


def _findings(args: argparse.Namespace) -> Iterator[CheckResult]:
    from llmring.audit.machine import CHECKS, CheckResult, checked, look, versions
    from llmring.audit.storage import PLACES
    from llmring.gateway.server.checks import GATEWAY_CHECKS, keys_check, port_check

    yield versions()
    setup = look(args.file, args.profile)
    if isinstance(setup, CheckResult):
        yield setup
        return
    yield from checked(setup, (*CHECKS, *PLACES, *GATEWAY_CHECKS))
    here = (
        ("gateway keys", keys_check(args.host, no_keys=args.no_keys)),
        ("port", port_check(args.host, args.port)),
    )
    yield from checked(setup, here)
