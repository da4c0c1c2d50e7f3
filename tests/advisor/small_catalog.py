"""A small fixed catalog and a lockfile, so that a new catalog does not change the tests."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from advisor.fakes import DAY, Person
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.rule_based import RuleBasedAgent
from llmring.advisor.toolset import Tools
from llmring.config.settings import endpoints_for, read_settings
from llmring.lockfile.document import parse
from llmring.registry.catalog import Capability, Catalog, ModelFacts, Prices
from llmring.registry.effective_facts import EffectiveFacts

TEXT: frozenset[Capability] = frozenset({"tools", "json_schema"})
IMAGES: frozenset[Capability] = TEXT | {"vision"}
PDFS: frozenset[Capability] = IMAGES | {"documents", "caching"}
DEEP: frozenset[Capability] = PDFS | {"reasoning"}
ALL: frozenset[Capability] = DEEP | {"audio"}


def _facts(
    reference: str,
    family: str,
    prices: tuple[str, str],
    able: frozenset[Capability],
    window: int,
    released: str,
    retires: str = "",
    successor: str | None = None,
) -> ModelFacts:
    provider, _, name = reference.partition(":")
    return ModelFacts(
        provider=provider,
        name=name,
        family=family,
        prices=Prices(input=Decimal(prices[0]), output=Decimal(prices[1])),
        capabilities=able,
        context_window=window,
        released=date.fromisoformat(released),
        retires=date.fromisoformat(retires) if retires else None,
        successor=successor,
    )


MODELS = (
    _facts("openai:gpt-5.4", "gpt", ("2.50", "15"), DEEP, 400_000, "2026-03-05"),
    _facts("openai:gpt-5.4-mini", "gpt-mini", ("0.75", "4.50"), DEEP, 400_000, "2026-03-17"),
    _facts("openai:gpt-6-luna", "gpt-luna", ("0.12", "0.50"), DEEP, 400_000, "2026-09-22"),
    _facts(
        "openai:gpt-4o-mini",
        "gpt-mini",
        ("0.15", "0.60"),
        PDFS,
        128_000,
        "2024-07-18",
        "2027-01-14",
        "gpt-6-luna",
    ),
    _facts(
        "openai:gpt-4o",
        "gpt",
        ("2.50", "10"),
        PDFS,
        128_000,
        "2024-05-13",
        "2027-01-14",
        "gpt-6-luna",
    ),
    _facts("openai:o4-mini", "o-mini", ("1.10", "4.40"), DEEP, 200_000, "2025-04-16", "2026-10-23"),
    _facts(
        "anthropic:claude-haiku-5-5",
        "claude-haiku",
        ("0.20", "0.80"),
        DEEP,
        1_000_000,
        "2026-10-07",
    ),
    _facts("anthropic:claude-haiku-4-5", "claude-haiku", ("1", "5"), DEEP, 200_000, "2025-10-15"),
    _facts(
        "anthropic:claude-sonnet-5-5", "claude-sonnet", ("2", "10"), DEEP, 1_000_000, "2026-09-28"
    ),
    _facts(
        "anthropic:claude-sonnet-4-5",
        "claude-sonnet",
        ("3", "15"),
        DEEP,
        200_000,
        "2025-09-29",
        "2026-11-30",
        "claude-sonnet-5-5",
    ),
    _facts("anthropic:claude-opus-5-5", "claude-opus", ("4", "20"), DEEP, 1_000_000, "2026-09-22"),
    _facts(
        "google:gemini-3.5-flash-lite",
        "gemini-flash-lite",
        ("0.10", "0.40"),
        ALL,
        1_000_000,
        "2026-07-21",
    ),
    _facts(
        "google:gemini-3.8-flash", "gemini-flash", ("0.75", "3.75"), ALL, 1_000_000, "2026-09-02"
    ),
    _facts("google:gemini-4-argon", "gemini-argon", ("2.60", "11"), ALL, 2_000_000, "2026-10-13"),
    _facts(
        "mistral:mistral-large-2512",
        "mistral-large",
        ("0.50", "1.50"),
        IMAGES,
        256_000,
        "2025-12-02",
    ),
    _facts(
        "groq:llama-3.3-70b-versatile",
        "llama-70b-versatile",
        ("0.59", "0.79"),
        TEXT,
        131_072,
        "2024-12-06",
    ),
    _facts(
        "together:meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "llama-70b-turbo",
        ("0.88", "0.88"),
        TEXT,
        131_072,
        "2024-12-06",
    ),
    replace(
        _facts(
            "openai:text-embedding-3-small",
            "text-embedding",
            ("0.02", "0"),
            frozenset(),
            8_192,
            "2024-01-25",
        ),
        kind="embedding",
    ),
    _facts("ollama:llama3.2", "llama", ("0", "0"), TEXT, 131_072, "2024-09-25"),
)

LOCK = """\
version = "1.0"
default_profile = "default"

# Quick answers.
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "google:gemini-3.5-flash-lite"]
rpm = 100

[[profiles.default.bindings]]
alias = "coder"
models = ["openai:gpt-4o"]

[[profiles.default.bindings]]
alias = "summarizer"
models = ["anthropic:claude-sonnet-4-5", "openai:gpt-4o"]

[profiles.prod]
extends = "default"

[[profiles.prod.bindings]]
alias = "coder"
models = ["anthropic:claude-opus-5-5"]
"""


def small_editor(text: str = LOCK) -> LockfileEditor:
    """Build an editor of a lockfile with the small catalog."""
    path = Path("llmring.lock")
    path.write_text(text, encoding="utf-8")
    known = EffectiveFacts(Catalog(DAY, {}, MODELS), {})
    endpoints = endpoints_for(parse(text, path), read_settings())
    return LockfileEditor(path, "default", known, endpoints, DAY)


def small_agent(editor: LockfileEditor, person: Person | None = None) -> RuleBasedAgent:
    """Build the guided mode over an editor."""
    return RuleBasedAgent(editor, Tools(editor, (person or Person()).agree))
