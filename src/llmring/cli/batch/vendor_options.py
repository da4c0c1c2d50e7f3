"""The arguments of batches that go to a vendor's batch API."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from llmring.cli.env_file_option import add_env_file_option, apply_env_file
from llmring.cli.lockfile_options import add_file_option
from llmring.cli.trust_check import add_trust_option, require_consent

if TYPE_CHECKING:
    from llmring.client.ring import LLMRing

_ONLY = ("no_wait", "then", "resubmit", "keep_files")


def add_vendor_options(group: argparse._ArgumentGroup) -> None:
    """Add the arguments."""
    group.add_argument(
        "--mode",
        choices=("provider-batch",),
        help="send the rows to the vendor's batch API, at its batch prices (default: live calls)",
    )
    group.add_argument(
        "--no-wait", action="store_true", help="send the batches, and don't wait for them"
    )
    group.add_argument(
        "--then",
        choices=("live", "again", "fail"),
        help="rows that the vendor leaves: ask live, send again, or let fail (default: live)",
    )
    group.add_argument(
        "--resubmit",
        action="store_true",
        help="send a batch again of which it is unclear whether it was sent",
    )
    group.add_argument(
        "--keep-files", action="store_true", help="don't delete the files at the vendor"
    )


def vendor_faults(args: argparse.Namespace) -> dict[str, bool]:
    """Return what may be wrong about the options, each with whether it is."""
    is_set = [f"--{name.replace('_', '-')}" for name in _ONLY if getattr(args, name)]
    return {
        f"{', '.join(is_set)} needs --mode provider-batch": bool(is_set) and args.mode is None,
        "--mode provider-batch needs a file for the rows; give -o OUT": args.mode is not None
        and args.output in (None, "-"),
    }


def add_ring_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of commands that ask a vendor about a job."""
    add_env_file_option(parser)
    add_trust_option(parser)
    add_file_option(parser)


def ring_of(args: argparse.Namespace) -> LLMRing:
    """Return the ring by which such a command asks."""
    from llmring.client.ring import LLMRing

    apply_env_file(args)
    require_consent(args)
    return LLMRing(args.file)
