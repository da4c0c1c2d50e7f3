"""llmring registry show: show the facts about a model, with the source of each."""

import argparse
from typing import Any

import msgspec

from llmring.cli.lockfile_options import add_file_option
from llmring.cli.model_facts import catalog_origin, fact_rows, near
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.tables import print_table
from llmring.config.settings import (
    effective_facts_here,
    find_active_lockfile,
    read_clock,
)
from llmring.exceptions import ModelNotFoundError
from llmring.lockfile import file
from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.lockfile.file import shown
from llmring.registry.catalog import ModelFacts
from llmring.registry.effective_facts import LOCKFILE, EffectiveFacts

EXAMPLES = """examples:
  llmring registry show openai:gpt-6-luna
  llmring registry show openai:gpt-6-luna --json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("reference", metavar="MODEL", help="provider:model")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_file_option(parser)


def handle(args: argparse.Namespace) -> int:
    """Print each fact with its source."""
    source = find_active_lockfile(args.file)
    lockfile = parse(file.read(source.path), source.path)
    known = effective_facts_here(lockfile)
    ref = ModelRef.parse(args.reference)
    facts = known.facts(ref)
    if facts is None:
        raise ModelNotFoundError(f"{ref} is not in the catalog; {_fix(ref, known)}")
    origins = msgspec.structs.asdict(facts.origins)
    catalog = catalog_origin(known.catalog, known.folder)
    if args.json:
        print_json(_to_json(facts, origins, known, lockfile, catalog))
        return 0
    print_out(str(facts))
    rows = [
        (f"  {each.label}", each.text, ", ".join(origins.get(each.key, ())))
        for each in fact_rows(facts, read_clock().today())
    ]
    print_table(rows, whole=True)
    used = dict.fromkeys(key for keys in origins.values() for key in keys)
    if used:
        print_out("from:")
        print_table([_source(key, known, lockfile) for key in used], indent="  ", whole=True)
    print_note(catalog)
    return 0


def _fix(ref: ModelRef, known: EffectiveFacts) -> str:
    like = near(str(ref), known)
    say_it = "describe it in the lockfile, under [registry.models]"
    return f"did you mean {' or '.join(like)}? If not, {say_it}" if like else say_it


def _source(key: str, known: EffectiveFacts, lockfile: Lockfile) -> tuple[str, str, str]:
    if key == LOCKFILE:
        return key, "", str(shown(lockfile.path) if lockfile.path else "")
    source = known.catalog.sources[key]
    version = f" {source.version}" if source.version else ""
    remark = f" ({source.note})" if source.note else ""
    return f"{key}{version}", str(source.date), f"{source.url}{remark}"


def _to_json(
    facts: ModelFacts,
    origins: dict[str, tuple[str, ...]],
    known: EffectiveFacts,
    lockfile: Lockfile,
    catalog: str,
) -> dict[str, Any]:
    """Convert the facts and their sources to JSON-compatible data."""
    used = {key for keys in origins.values() for key in keys}
    sources: dict[str, Any] = {
        key: source for key, source in known.catalog.sources.items() if key in used
    }
    if LOCKFILE in used:
        sources[LOCKFILE] = {"url": str(lockfile.path)}
    return {"model": str(facts), "facts": facts, "sources": sources, "catalog": catalog}
