"""Where the APIs live: one row a provider. A new provider is a row."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from llmring.chat.request import LLMRequest
from llmring.dialects import anthropic, gemini, ollama, openai_chat
from llmring.dialects.dialect import Dialect, Quirks
from llmring.local.defaults import with_local_defaults


class Provider(Struct, frozen=True, kw_only=True):
    """One place that serves models.

    Attributes:
        name: The first half of a model reference.
        dialect: How its API speaks.
        apis: Further APIs of it, by the names that a lockfile's `api` and the catalog have for
            them; "chat" always means `dialect`.
        base_url: Where it lives; paths of the dialect are appended.
        base_url_env: Environment variables that override `base_url`, first one set wins.
        key_env: Environment variables that hold the key, first one set wins; none where the
            provider needs no key.
        quirks: Where it differs from others of the same dialect.
        prepare: Fills in what a request leaves open and a model there needs; raises
            UnsupportedFeatureError for what none there can do.
        note: Said by the command line whenever this provider answers.
    """

    name: str
    dialect: Dialect
    base_url: str
    base_url_env: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    quirks: Quirks = Quirks()
    prepare: Callable[[LLMRequest, str], LLMRequest] | None = None
    note: str | None = None
    apis: Mapping[str, Dialect] = {}

    def speaking(self, api: str | None) -> Dialect:
        """The dialect of one of its APIs, by its name; where it has none of that name, its own."""
        return self.apis.get(api, self.dialect) if api else self.dialect


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        row.name: row
        for row in (
            Provider(
                name="openai",
                dialect=openai_chat.DIALECT,
                base_url="https://api.openai.com/v1",
                base_url_env=("OPENAI_BASE_URL",),
                key_env=("OPENAI_API_KEY",),
                quirks=Quirks(max_tokens_field="max_completion_tokens"),
            ),
            Provider(
                name="anthropic",
                dialect=anthropic.DIALECT,
                base_url="https://api.anthropic.com",
                base_url_env=("ANTHROPIC_BASE_URL",),
                key_env=("ANTHROPIC_API_KEY",),
                quirks=Quirks(needs_max_tokens=True),
            ),
            Provider(
                name="google",
                dialect=gemini.DIALECT,
                base_url="https://generativelanguage.googleapis.com",
                base_url_env=("GOOGLE_GEMINI_BASE_URL",),
                key_env=("GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
            ),
            Provider(
                name="ollama",
                dialect=ollama.DIALECT,
                base_url="http://localhost:11434",
                base_url_env=("OLLAMA_BASE_URL", "OLLAMA_HOST"),
            ),
            Provider(
                name="local",
                dialect=openai_chat.DIALECT,
                base_url="local://",
                prepare=with_local_defaults,
                note="a tiny offline model; its answers are often wrong",
            ),
            Provider(
                name="mock",
                dialect=openai_chat.DIALECT,
                base_url="mock://",
            ),
        )
    }
)
