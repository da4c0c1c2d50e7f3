"""Each module that decides something has a test file of its own, in the same place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "llmring"

# By folder, with the folders in it: modules that only hold data or re-export names, as paths in the
# folder. The empty name is the package itself, without its folders.
DECIDE_NOTHING: dict[str, set[str]] = {
    "": {
        "__main__",  # runs `cli.main`
        "schemas",  # re-exports the types of `chat`
    },
    "access": set(),
    "pacing": {"pace_state"},  # a record
    "batch": {
        "batch_calls",  # a protocol
        "engine/batch_job",  # a part of `engine/batch_run`, and tested there
        "engine/reports/batch_row",  # a record
        "engine/equal_rows",  # a part of `engine/batch_run`, and tested there
        "engine/job_options",  # a part of `engine/batch_run`, and tested there
        "engine/outcome_journal",  # protocols
        "engine/later_rounds",  # a part of `engine/batch_run`, and tested there
        "engine/money_waits",  # a part of `engine/batch_run`, and tested there
        "engine/outcome_keeper",  # a part of `engine/batch_run`, and tested there
        "engine/reports/run_progress",  # a part of `engine/batch_run`, and tested there
        "engine/reports/batch_report",  # a record
        "engine/row_caller",  # a part of `engine/batch_run`, and tested there
        "engine/row_reader",  # a part of `engine/batch_run`, and tested there
        "engine/row_result",  # a part of `engine/batch_run`, and tested there
        "engine/row_supply",  # a part of `engine/batch_run`, and tested there
        "engine/reports/row_table",  # a part of `engine/batch_run`, and tested there
        "engine/run_parts",  # records
        "engine/reports/run_report",  # a part of `engine/batch_run`, and tested there
        "engine/batch_settings",  # a record
        "engine/spending",  # a part of `engine/batch_run`, and tested there
        "engine/stop_reason",  # a part of `engine/batch_run`, and tested there
        "engine/reports/totals",  # a part of `engine/batch_run`, and tested there
        "estimate/job_estimate",  # a part of `cli.batch.dry_run`, and tested there
        "input/record",  # a type
        "input/row_source",  # a protocol and a record
        "mapping/prompt_asker",  # a part of `map_prompts`, and tested there
        "outcome",  # a record
        "ray/cluster",  # a part of `ray_run`, and tested there
        "ray/partition_run",  # a part of `ray_run`, and tested there
        "ray/ray_job",  # records
        "ray/ray_worker",  # a part of `ray_run`, and tested there
        "ray/worker_pool",  # a part of `ray_run`, and tested there
        "row",  # records
        "vendors/batch_watch",  # a part of `vendor_run`, and tested there
        "vendors/collection",  # a part of `vendor_run`, and tested there
        "vendors/submission",  # a part of `vendor_run`, and tested there
        "vendors/vendor_job",  # a part of `vendor_run`, and tested there
    },
    "chat": {
        "embedding",  # a record
        "tool_conversation",  # two records
    },
    "dialects": {
        *(
            f"{api}/dialect"  # a record
            for api in ("anthropic", "gemini", "ollama", "openai_chat", "openai_responses")
        ),
        "openai_chat/reply_records",  # records
        "openai_responses/encode_input",  # a part of `encode_request`, and tested there
    },
    "json_schema": set(),
    "providers": set(),
    "ledger": {"call_origin"},  # a record
    "local": set(),
    "lockfile": set(),
    "registry": set(),
    "routing": {
        "account",  # records
        "call_context",  # a record
    },
    "scan": set(),
    "bridge": set(),
    "client": {
        "replies/event_chunk",  # a record
        "batches/ring_batch_calls",  # delegates to the ring, and is tested in `batch/engine`
        "batches/worker_plan",  # delegates to `batch/engine`, and is tested in `cli/batch`
        "batches/ring_batches",  # delegates to `batch/engine`, and is tested there
        "ring_calls",  # the way of `ring.chat`, and tested there
        "ring_files",  # delegates to `files.registered`, and is tested there
        "ring_tools",  # delegates to `tools`, and is tested there
        "ring_aliases",  # delegates to `config.active_lockfile`, and is tested there
        "ring_status",  # delegates to `status`, and is tested there
    },
    "config": set(),
    "files": set(),
    "gateway": {
        "caller",  # a record
        "http",  # records
        "openapi/answers",  # data
        "openapi/managed_keys",  # data
        "openapi/requests",  # data
        "openapi/schema_parts",  # parts of `openapi.description`, and tested there
        "server/draining_server",  # a part of `serve`, and tested there
        "server_state",  # a record
        "watching/finished_call",  # records
        "wires",  # records
        "workers/messages",  # a record and constants
    },
    "limits": set(),
    "replay": set(),
    "telemetry": set(),
    "testing": set(),
    "transport": {
        "blocking_connection",  # as `connection`
        "blocking_pool",  # as `connection`
        "connection",  # a part of `http_client`, and tested there and in `contract`
        "http_exchange",  # as `connection`
        "options",  # a record
        "pool",  # as `connection`
        "script",  # records
    },
}


def modules(folder: str) -> Iterator[Path]:
    """Yield the modules of a folder, as paths within the package."""
    found = (SOURCE / folder).rglob("*.py") if folder else SOURCE.glob("*.py")
    for path in sorted(found):
        if path.name != "__init__.py":
            yield path.relative_to(SOURCE)


def name(module: Path, folder: str) -> str:
    return module.relative_to(folder).with_suffix("").as_posix()


def mirror(module: Path) -> Path:
    return ROOT / "tests" / module.parent / f"test_{module.name}"


DECIDING = [
    module
    for folder, others in DECIDE_NOTHING.items()
    for module in modules(folder)
    if name(module, folder) not in others
]


@pytest.mark.parametrize("module", DECIDING, ids=str)
def test_a_module_that_decides_something_has_its_test_file(module: Path) -> None:
    assert mirror(module).is_file()


@pytest.mark.parametrize("folder", DECIDE_NOTHING)
def test_a_module_that_is_excepted_exists_and_has_no_test_file(folder: str) -> None:
    found = {name(module, folder): module for module in modules(folder)}

    assert found.keys() >= DECIDE_NOTHING[folder]
    assert not any(mirror(found[each]).exists() for each in DECIDE_NOTHING[folder])
