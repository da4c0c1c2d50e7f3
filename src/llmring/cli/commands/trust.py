"""llmring trust: agree to where a lockfile sends keys and requests."""

import argparse

from llmring.cli.lockfile_options import add_file_option, users_lockfile
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.trust_check import claims_at, effects
from llmring.config.settings import trusted_lockfiles
from llmring.lockfile.consent import fingerprint
from llmring.lockfile.file import shown

EXAMPLES = """examples:
  llmring trust            # show what ./llmring.lock does, and agree
  llmring trust --show     # only show it
  llmring trust --revoke

A lockfile found in the working folder may send keys and requests to servers of
its author. Commands follow such settings only after this command, and again
after any change of them. Aliases need no consent; nor does a lockfile that you
name with --file or LLMRING_LOCKFILE_PATH. LLMRING_TRUST=1 agrees to all."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--show", action="store_true", help="show the settings, without agreeing")
    what.add_argument("--revoke", action="store_true", help="take the consent back")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_file_option(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the settings that need consent, and record the consent."""
    source = users_lockfile(args.file)
    path = shown(source.path)
    trusted = trusted_lockfiles()
    if args.revoke:
        had = trusted.remove(source.path)
        print_note(f"{path}: {'consent taken back' if had else 'was not trusted'}")
        return 0
    found = claims_at(source.path)
    mark = fingerprint(found)
    if found and not args.show:
        trusted.add(source.path, mark)
    agreed = not found or trusted.holds(source.path, mark)
    if args.json:
        print_json({"file": str(source.path), "trusted": agreed, "settings": effects(found)})
        return 0
    for line in effects(found):
        print_out(line)
    if found:
        print_note(f"{path}: {'trusted' if agreed else 'not trusted; to agree: llmring trust'}")
    else:
        print_note(f"{path}: nothing that needs consent")
    return 0
