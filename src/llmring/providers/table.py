"""The table of providers, one row each.

Providers with an API of their own are listed here; OpenAI-compatible servers are in `presets`.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from llmring.address import variables_in
from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import AS_GIVEN, EVERY_FIELD, Dialect, Limits, Quirks
from llmring.dialects.reported_cost import COST_FIELDS
from llmring.local.defaults import with_local_defaults
from llmring.providers.batch_apis import BatchApiName
from llmring.providers.dialects import DialectName, dialect_named
from llmring.providers.presets import PRESETS, Preset


class Provider(Struct, frozen=True, kw_only=True):
    """One provider of models.

    Attributes:
        name: The first half of a model reference.
        main_api: The dialect of its main API.
        apis: Dialects of its further APIs, under the names used by `api` in a lockfile and by
            the catalog; "chat" always means `main_api`.
        base_url: Its address; the dialect appends paths. Names in braces are replaced by the
            values of these environment variables.
        base_url_env: Environment variables that override `base_url`; the first one set wins.
        hosts: Hosts of the vendor other than that of `base_url`, to which its key may go; one that
            begins with a dot means all hosts below it, and a name in braces any one label.
        key_env: Environment variables that hold the key; the first one set wins. Empty if the
            provider needs no key.
        key_header: The header that carries the key, if not the dialect's default;
            "authorization" carries it as a bearer token.
        headers: Headers sent with every request, in lower case.
        query: Query parameters added to every address.
        sdk: The extra that installs the vendor's own SDK, if there is one.
        quirks: Differences from other servers of the same dialect.
        prepare: Fills in fields that models of this provider need and the request leaves open;
            raises UnsupportedFeatureError if none of them can serve the request.
        second_api: The API, of `apis`, for requests that `main_api` can't express, and for models
            that take tools only there; see `by_api`.
        note: A note that the command line shows whenever this provider answers.
        batches: The name of its batch API, if it has one.
    """

    name: str
    main_api: DialectName
    base_url: str
    base_url_env: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    key_env: tuple[str, ...] = ()
    key_header: str | None = None
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    sdk: str | None = None
    quirks: Quirks = Quirks()
    prepare: Callable[[ParsedRequest, str], ParsedRequest] | None = None
    note: str | None = None
    apis: Mapping[str, DialectName] = {}
    second_api: str | None = None
    batches: BatchApiName | None = None

    def speaking(self, api: str | None) -> Dialect:
        """Return the dialect of the API with this name, or the main one by default."""
        return dialect_named(self.apis.get(api, self.main_api) if api else self.main_api)

    @property
    def dialect(self) -> Dialect:
        """The wire format of its main API."""
        return dialect_named(self.main_api)

    @property
    def dialects(self) -> Iterator[Dialect]:
        """The wire formats of all its APIs, the main one first."""
        return map(dialect_named, (self.main_api, *self.apis.values()))

    @property
    def variables(self) -> tuple[str, ...]:
        """All environment variables that affect this provider."""
        return (*self.key_env, *self.base_url_env, *variables_in(self.base_url))


_NATIVE = {
    row.name: row
    for row in (
        Provider(
            name="openai",
            main_api="openai_chat",
            sdk="openai",
            base_url="https://api.openai.com/v1",
            base_url_env=("OPENAI_BASE_URL",),
            key_env=("OPENAI_API_KEY",),
            quirks=Quirks(
                max_tokens_field="max_completion_tokens",
                # For other servers at OPENAI_BASE_URL; OpenAI sends no reasoning in this API.
                reasoning_field=AS_GIVEN,
                message_fields=EVERY_FIELD,
                caching="keys",
                keeps_files=True,
                # https://developers.openai.com/api/docs/guides/tools-web-search
                searches=True,
                vendor=True,
                # https://developers.openai.com/api/docs/guides/images-vision
                # https://developers.openai.com/api/docs/guides/file-inputs
                limits=Limits(request=512 * 2**20, files=50 * 2**20),
            ),
            apis={"responses": "openai_responses"},
            second_api="responses",
            batches="openai",
        ),
        Provider(
            name="anthropic",
            main_api="anthropic",
            sdk="anthropic",
            base_url="https://api.anthropic.com",
            base_url_env=("ANTHROPIC_BASE_URL",),
            key_env=("ANTHROPIC_API_KEY",),
            quirks=Quirks(
                needs_max_tokens=True,
                # For other servers at ANTHROPIC_BASE_URL; Anthropic signs all of its thinking.
                reasoning_field=AS_GIVEN,
                keeps_files=True,
                # https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
                searches=True,
                # https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
                thinking_display=True,
                # https://platform.claude.com/docs/en/api/overview#request-size-limits
                # https://platform.claude.com/docs/en/build-with-claude/vision: 10 MB in base64
                limits=Limits(request=32 * 2**20, each={"image/": 10 * 2**20 * 3 // 4}),
            ),
            batches="anthropic",
        ),
        Provider(
            name="google",
            main_api="gemini",
            sdk="google",
            base_url="https://generativelanguage.googleapis.com",
            base_url_env=("GOOGLE_GEMINI_BASE_URL",),
            key_env=("GOOGLE_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
            quirks=Quirks(
                keeps_files=True,
                # https://ai.google.dev/gemini-api/docs/google-search
                searches=True,
                # https://ai.google.dev/gemini-api/docs/file-input-methods
                limits=Limits(request=100 * 2**20, each={"application/pdf": 50 * 2**20}),
            ),
            batches="gemini",
        ),
        Provider(
            name="ollama",
            main_api="ollama",
            sdk="ollama",
            base_url="http://localhost:11434",
            base_url_env=("OLLAMA_BASE_URL", "OLLAMA_HOST"),
            # Models whose template it can't read leave their reasoning in the content.
            # https://docs.ollama.com/capabilities/thinking
            quirks=Quirks(prefills=True, think_tags="read"),
        ),
        Provider(
            name="local",
            main_api="openai_chat",
            base_url="local://",
            quirks=Quirks(prefills=True),
            prepare=with_local_defaults,
            note="a tiny offline model; its answers are often wrong",
        ),
        Provider(
            name="mock",
            main_api="openai_chat",
            base_url="mock://",
        ),
    )
}

# Templates for the user's own servers, by the `kind` of their table in the lockfile. Programs that
# imitate an API differ most in how they end a stream.
KINDS: Mapping[str, Provider] = MappingProxyType(
    {
        "openai": msgspec.structs.replace(
            _NATIVE["openai"],
            base_url="",
            base_url_env=(),
            key_env=(),
            second_api=None,
            batches=None,
            quirks=Quirks(
                reports_cost=COST_FIELDS,
                reasoning_field=AS_GIVEN,
                message_fields=EVERY_FIELD,
                may_omit_reason=True,
            ),
        ),
        "anthropic": msgspec.structs.replace(
            _NATIVE["anthropic"],
            base_url="",
            base_url_env=(),
            key_env=(),
            batches=None,
            # Claude's signatures are valid on all platforms that serve it, and other servers
            # don't check them.
            # https://platform.claude.com/docs/en/build-with-claude/extended-thinking
            quirks=Quirks(
                needs_max_tokens=True,
                reports_cost=COST_FIELDS,
                reasoning_field=AS_GIVEN,
                signatures="any",
                may_omit_reason=True,
            ),
        ),
    }
)


def _from_preset(preset: Preset) -> Provider:
    kind = KINDS["openai"]
    row: Provider = msgspec.structs.replace(
        kind,
        name=preset.name,
        base_url=preset.base_url,
        base_url_env=(preset.base_url_env,),
        hosts=preset.hosts,
        key_env=preset.key_env,
        key_header=preset.key_header,
        quirks=preset.quirks,
        second_api=preset.second_api,
        batches=preset.batches,
        apis={name: api for name, api in kind.apis.items() if name in preset.apis},
    )
    return row


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {**_NATIVE, **{name: _from_preset(preset) for name, preset in PRESETS.items()}}
)
