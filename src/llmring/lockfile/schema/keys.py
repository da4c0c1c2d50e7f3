"""The keys of a lockfile, with the shape and purpose of each value.

The reader, the checks and the JSON schema for editors all use these tables.
"""

from collections.abc import Mapping

from llmring.lockfile.schema.gateway_keys import GATEWAY, GATEWAY_POLICY
from llmring.lockfile.schema.shapes import (
    Anything,
    Choice,
    Day,
    Either,
    Items,
    NamedItems,
    NonNegative,
    Number,
    Outline,
    Shape,
    Table,
    Text,
    Time,
    Whole,
)

# Character sets, to be put between brackets in a regular expression.
CONTROLS = r"\x00-\x1f\x7f-\x9f"
NOT_IN_ALIAS = rf"\s,{CONTROLS}"

# Regular expressions that match a whole text.
VERSION = r"1(\.[0-9]+)*"
ALIAS = f"[^{NOT_IN_ALIAS}]+"
REFERENCE = rf"([^\s:]+):(\S[^{CONTROLS}]*)"
# Never equal to an absolute path, nor to a host with a path.
NAME = rf"[^\s/:\\{CONTROLS}]([^:\\{CONTROLS}]{{0,62}}[^\s:\\{CONTROLS}])?"
# Without minutes: in "3m", a reader may see months.
AGE = "[1-9][0-9]{0,4}[hdw]"

_REFERENCE = Text(
    noun="a model reference",
    example='"openai:gpt-6-luna"',
    # Surrounding whitespace is ignored.
    pattern=rf"\s*{REFERENCE}\s*",
    about='A model: "provider:model".',
)

_CAPABILITIES = (
    "audio",
    "caching",
    "documents",
    "json_schema",
    "prefill",
    "reasoning",
    "reasoning_budget",
    "temperature",
    "tools",
    "vision",
)

_COST_FIELDS = ("x-litellm-response-cost", "cost", "cost_in_usd_ticks", "estimated_cost")

_CAPABILITY = Choice(
    options=_CAPABILITIES,
    noun=f"a capability ({', '.join(_CAPABILITIES)})",
    example='"tools"',
    about="A capability of a model.",
)


def _usd(about: str) -> Number:
    return Number(noun="an amount of USD above 0", example="0.05", about=about)


def _seconds(example: str, about: str) -> Number:
    return Number(noun="a number of seconds above 0", example=example, about=about)


def _count(example: str, about: str, *, least: int = 1) -> Whole:
    return Whole(noun=f"a whole number from {least}", example=example, least=least, about=about)


def _choice(options: tuple[str, ...], about: str) -> Choice:
    return Choice(
        noun=f"one of {', '.join(options)}",
        example=f'"{options[0]}"',
        options=options,
        about=about,
    )


# How the models of an alias are called; in a profile, those of all its aliases.
_POLICY: Mapping[str, Shape] = {
    "daily_budget": _usd("USD that may be spent in a day; calls beyond that are refused."),
    "first_content_timeout": _seconds(
        "120",
        "Seconds after which a stream fails that sends pings but no content: before its first "
        "content, while the model reasons, in an open tool call, and while a provider's own tool "
        "works.",
    ),
    "hedge_after": Either(
        options=(_seconds("2.5", ""), _choice(("p95",), "")),
        noun='a number of seconds above 0, or "p95"',
        example="2.5",
        about="Seconds without an answer after which the next model is called in parallel, or "
        '"p95": the time within which 95 of 100 answers have come so far.',
    ),
    "max_concurrency": _count("8", "Calls that may run at the same time."),
    "max_cost_per_request": _usd("USD that a call may cost; more expensive models are skipped."),
    "max_price_ratio": Number(
        example="3",
        about="Highest price of a fallback, as a multiple of the first model's price.",
    ),
    "min_context": _count("128000", "Smallest context window of each model, in tokens."),
    "needs": Items(
        each=_CAPABILITY,
        noun="a list of capabilities",
        example='["tools", "vision"]',
        about="Capabilities that each model must have.",
    ),
    "on_refusal": _choice(
        ("fallback", "answer"),
        "What to do with an answer that a provider's content policy has emptied: call the next "
        "model of another provider (the default), or return it.",
    ),
    "on_stream_failure": _choice(
        ("continue", "restart", "raise"),
        "What to do when a stream breaks off after part of it was shown: continue with the next "
        "model, restart with the next model, or raise an error.",
    ),
    "retries": _count("2", "Retries of a model before the next one is called.", least=0),
    "rpm": _count("60", "Requests that may be sent in a minute."),
    "stall_timeout": _seconds(
        "15",
        "Seconds without a byte, and within a text without more of it, after which a stream fails.",
    ),
    "strategy": _choice(
        ("ordered", "weighted", "cheapest", "fastest"), "How the first model to call is chosen."
    ),
    "timeout": _seconds("60", "Seconds that a call may take, fallbacks included."),
    "tpm": _count("100000", "Tokens that may be used in a minute."),
    "weights": Either(
        options=(Items(each=NonNegative()), NamedItems(each=NonNegative())),
        noun="a list or a table of weights",
        example="[3, 1]",
        about='For strategy = "weighted": how often each model is called first, relative to the '
        "others; a list in the order of the models, or a table by model reference.",
    ),
    **GATEWAY_POLICY,
}

# A failure injected in tests. Keys that don't exclude each other may be combined.
FAULT: Mapping[str, Shape] = {
    "model": Text(
        noun='a model reference, with "*" for any characters',
        example='"openai:*"',
        pattern=rf"[^\s{CONTROLS}]([^{CONTROLS}]*[^\s{CONTROLS}])?",
        about='The models whose requests fail; "*" matches any characters.',
    ),
    "skip": _count("1", "Number of matching requests to leave alone first.", least=0),
    "times": _count("1", "Number of requests to fail after that; all if left out."),
    "rate": Number(example="0.1", about="The share of matching requests to fail, such as 0.1."),
    "latency": _seconds("0.5", "Seconds to wait before anything else happens."),
    "connection": _choice(
        ("refused", "reset", "dns", "timeout"), "How the connection fails before an answer comes."
    ),
    "status": Whole(
        noun="an HTTP status from 400",
        example="429",
        least=400,
        about="The status of an error sent instead of the answer.",
    ),
    "retry_after": _seconds("2", "The error's Retry-After, in seconds."),
    "message": Text(example='"slow down"', about="The error's message."),
    "code": Text(example='"rate_limit_exceeded"', about="The error's code."),
    "malformed": _count("3", "Events of the answer to send before a malformed one.", least=0),
    "stall": _count("3", "Events of the answer to send before the stream stalls.", least=0),
    "stall_seconds": _seconds("30", "Seconds that the stall lasts; forever if left out."),
    "cut": _count("3", "Events of the answer to send before the connection is cut.", least=0),
}

POLICY: Mapping[str, Shape] = {
    **_POLICY,
    "policy": Table(
        keys=_POLICY,
        owner="a policy",
        example="{ retries = 2 }",
        about="The policy keys, in a table of their own.",
    ),
    "faults": Items(
        each=Table(
            keys=FAULT,
            owner="a fault",
            noun="a table",
            example="{ status = 429 }",
            about="A failure to inject into requests to a model, in tests.",
        ),
        noun="a list of tables",
        example='[{ model = "openai:*", status = 429 }]',
        about="Failures to inject in tests; the first that matches a request is used.",
    ),
}

BINDING: Mapping[str, Shape] = {
    "alias": Outline(
        Text(
            noun="a string",
            example='"fast"',
            pattern=ALIAS,
            about="The name that applications call.",
        )
    ),
    "models": Outline(
        Either(
            options=(Items(each=_REFERENCE, least=1), _REFERENCE),
            noun="a list of models",
            example='["openai:gpt-6-luna"]',
            about="The models that may answer, best first: each is called when those before it "
            "can't answer.",
        )
    ),
    "constraints": NamedItems(each=Anything(), about="Kept, but not used."),
    "metadata": NamedItems(each=Anything(), about="Notes of your own."),
    **POLICY,
}

PROFILE: Mapping[str, Shape] = {
    "name": Text(example='"dev"', about="The profile's name, repeated; optional."),
    "extends": Text(
        example='"default"',
        about="The profile to inherit aliases from; this profile's own bindings override them.",
    ),
    "bindings": Outline(
        Items(
            each=Table(
                keys=BINDING,
                required=("alias", "models"),
                owner="a binding",
                about="An alias and its models.",
            ),
            noun="a list of tables",
            example="[[profiles.default.bindings]]",
            about="The aliases of the profile.",
        )
    ),
    "registry_versions": NamedItems(
        each=Whole(noun="a number from 1", example="1", least=1),
        about="The version of each provider's catalog, by provider.",
    ),
    "metadata": NamedItems(each=Anything(), about="Notes of your own."),
    "mode": _choice(("replay", "record"), "Replay or record calls, in tests."),
    "recordings": Text(
        noun="the path of a folder",
        example='"tests/recordings"',
        pattern=rf"[^{CONTROLS}]+",
        about="The folder of the recordings, relative to that of the lockfile.",
    ),
    **POLICY,
}

_PLAIN_TEXT = Text(
    noun="a string of ASCII characters on one line",
    example='"search"',
    pattern="[!-~]([ -~]*[!-~])?",
)

PROVIDER: Mapping[str, Shape] = {
    "kind": _choice(("openai", "anthropic"), "The vendor whose API the server speaks."),
    "base_url": Text(
        noun="the address of an HTTP server",
        example='"http://localhost:8000/v1"',
        pattern=r"https?://[^\s/]\S*",
        about="The server's address; the paths of the API are appended.",
    ),
    "api_key_env": Text(
        noun="the name of an environment variable",
        example='"MY_API_KEY"',
        pattern=r"[A-Za-z_][A-Za-z0-9_]*",
        about="The environment variable that holds the API key; never the key itself.",
    ),
    "api_key_header": Text(
        noun="the name of a header",
        example='"api-key"',
        pattern=r"[A-Za-z0-9_-]+",
        about="The header for the key, if not the usual one; authorization sends it as a bearer "
        "token.",
    ),
    "api": _choice(("chat", "responses"), "The API to use, if the server has both."),
    "think_tags": _choice(
        ("read", "returned", "off"),
        "Whether <think> tags at the beginning of an answer hold reasoning: read them, also return "
        "them with earlier answers, or leave them in the text.",
    ),
    "reports_cost": Items(
        each=Choice(
            options=_COST_FIELDS,
            noun=f"a field ({', '.join(_COST_FIELDS)})",
            example='"cost"',
            about="A field in which servers report the cost of a reply.",
        ),
        noun="a list of fields",
        example='["x-litellm-response-cost"]',
        about="The fields in which the server reports the cost of a reply in USD, best first.",
    ),
    "betas": Items(
        each=Text(
            noun="a value of the header anthropic-beta",
            example='"context-management-2025-06-27"',
            pattern=r"[A-Za-z0-9._-]+",
            about="A beta feature that the server has.",
        ),
        noun="a list of values",
        example='["context-management-2025-06-27"]',
        about="The values of anthropic-beta that a server with Anthropic's API takes; any if left "
        "out.",
    ),
    "reasoning_field": Text(
        noun="the name of a field",
        example='"reasoning_content"',
        pattern=r"[A-Za-z_][A-Za-z0-9_]*",
        about="The field of each earlier answer in which the server expects reasoning back; none "
        "to send no reasoning back. If left out, the server gets its own, in the field in which "
        "it sent it.",
    ),
    "headers": NamedItems(
        each=_PLAIN_TEXT,
        noun="a table of strings",
        example='{ x-team = "search" }',
        about="Headers for every request; no keys.",
    ),
    "query": NamedItems(
        each=_PLAIN_TEXT,
        noun="a table of strings",
        example='{ api-version = "2024-10-21" }',
        about="Query parameters for every request; no keys.",
    ),
}

EXTENDS: Mapping[str, Shape] = {
    "packages": Outline(
        Items(
            each=Text(
                noun="the name of a package",
                example='"mylibrary"',
                # Python's identifiers, as closely as a portable regular expression allows, and
                # hyphens, which are read as underscores.
                pattern=r"[^\x00-@\[-^`{-\x7f][^\x00-,./:-@\[-^`{-\x7f]*",
            ),
            noun="a list of package names",
            example='["mylibrary"]',
            about="Installed packages with a llmring.lock, whose aliases can be called as "
            '"package:alias".',
        )
    ),
}


def _price(about: str) -> NonNegative:
    return NonNegative(noun="an amount of USD from 0", example="0.15", about=about)


_RATES: Mapping[str, Shape] = {
    "input": _price("Price of the prompt."),
    "output": _price("Price of the answer, reasoning included."),
    "cached_input": _price("Price of prompt tokens read from a cache."),
    "cache_write": _price("Price of prompt tokens written to a cache."),
    "cache_write_1h": _price("Price of prompt tokens written to a cache for an hour."),
    "input_audio": _price("Price of audio in the prompt."),
    "cached_audio": _price("Price of audio read from a cache."),
    "output_audio": _price("Price of audio in the answer."),
    "image": _price("Price of each generated image, in USD."),
}

_PRICES = Table(
    keys={
        **_RATES,
        "long_context": Table(
            keys={"above": _count("200000", "Size of the prompt, in tokens."), **_RATES},
            required=("above", "input", "output"),
            owner="long_context",
            example="{ above = 200000, input = 2.5, output = 15 }",
            about="Prices of the whole request if its prompt has more tokens than above.",
        ),
    },
    required=("input", "output"),
    owner="prices",
    noun="a table of prices",
    example="{ input = 0.15, output = 0.60 }",
    about="USD per million tokens.",
)

# The facts of a model that a lockfile may correct.
MODEL: Mapping[str, Shape] = {
    "aliases": Items(each=Text(example='"my-model-latest"'), about="Other names of the model."),
    "context_window": _count("128000", "Largest prompt and answer together, in tokens."),
    "max_input": _count("100000", "Largest prompt, in tokens, if less than the context window."),
    "max_output": _count("8192", "Largest answer, in tokens, reasoning included."),
    "capabilities": Items(
        each=_CAPABILITY,
        noun="a list of capabilities",
        example='["tools", "vision"]',
        about="The model's capabilities.",
    ),
    "efforts": Items(
        each=Text(example='"low"'),
        about="The reasoning efforts that the model accepts, lowest first.",
    ),
    "prices": _PRICES,
    "released": Day(about="The day on which the model was released."),
    "deprecated": Day(about="The day on which the provider deprecated the model."),
    "retires": Day(about="The day from which the provider no longer serves the model."),
    "family": Text(example='"gpt-mini"', about="The line of models that the model belongs to."),
    "successor": Text(example='"gpt-5.4-mini"', about="The model that replaces this one."),
}

# The facts of a model that a lockfile keeps when the model is pinned.
PIN: Mapping[str, Shape] = {
    "model": Text(example='"gpt-6-luna"', about="The name of the model in the catalog."),
    "snapshot": Text(
        example='"gpt-5.4-mini-2026-03-17"', about="The dated model behind a name that moves."
    ),
    "context_window": MODEL["context_window"],
    "max_output": MODEL["max_output"],
    "capabilities": MODEL["capabilities"],
    "prices": _PRICES,
    "retires": MODEL["retires"],
    "digest": Text(
        noun="a digest",
        example='"sha256:…"',
        pattern="sha256:[0-9a-f]{64}",
        about="Digest of these facts.",
    ),
}

REGISTRY: Mapping[str, Shape] = {
    "url": Text(
        noun="the address of a catalog",
        example='"https://example.com/models.json"',
        pattern=r"(https?|file)://\S+",
        about="The catalog that llmring registry update downloads.",
    ),
    "digest": Text(
        noun="a digest",
        example='"sha256:…"',
        pattern="sha256:[0-9a-f]{64}",
        about="Digest of the bindings and the pins when they were pinned.",
    ),
    "pinned": Day(about="The day of the pins."),
    "signature": Text(
        noun="a signature",
        example='"ed25519:…"',
        pattern="ed25519:[A-Za-z0-9+/]{86}==",
        about="Signature of the bindings, the pins and the providers.",
    ),
    "pins": NamedItems(
        each=Table(keys=PIN, owner="a pin", about="The facts of a model when it was pinned."),
        about="Pinned facts, by model reference.",
    ),
    "models": NamedItems(
        each=Table(keys=MODEL, owner="a model", about="The facts of a model."),
        about="Corrections of model facts, and models of your own, by model reference.",
    ),
}

LEDGER: Mapping[str, Shape] = {
    "keep": Text(
        noun="an age in hours, days or weeks, such as 90d",
        example='"90d"',
        pattern=AGE,
        about="How long recorded calls are kept; older ones are removed. Forever if left out.",
    ),
}

FILE: Mapping[str, Shape] = {
    "version": Outline(
        Text(example='"1.0"', pattern=VERSION, about="The version of the format, 1.0.")
    ),
    "name": Text(
        noun="a short name: up to 64 characters on one line, without colons and backslashes, and "
        "not beginning with a slash",
        example='"my-app"',
        pattern=NAME,
        about="The project's name, under which its calls, costs and budgets are counted on all "
        "machines; if left out, they are counted by the path of this file.",
    ),
    "default_profile": Text(
        example='"default"', about='The profile for calls that name none; "default" if left out.'
    ),
    "profiles": Outline(
        NamedItems(
            each=Table(keys=PROFILE, owner="a profile", about="A set of aliases."),
            about="Sets of aliases, by name: default, dev, prod, ...",
        )
    ),
    "extends": Outline(Table(keys=EXTENDS, owner="[extends]", about="Aliases from packages.")),
    "providers": NamedItems(
        each=Table(
            keys=PROVIDER,
            owner="a provider",
            example='{ kind = "openai", base_url = "http://localhost:8000/v1" }',
            about="A server of models.",
        ),
        about="Servers of your own, and settings of providers that llmring knows, by name.",
    ),
    "registry": Table(
        keys=REGISTRY,
        owner="[registry]",
        example="{ models = {} }",
        about="Model facts, corrected or pinned.",
    ),
    "ledger": Table(
        keys=LEDGER,
        owner="[ledger]",
        example='{ keep = "90d" }',
        about="What happens to the recorded calls of this project.",
    ),
    "gateway": Table(
        keys=GATEWAY,
        owner="[gateway]",
        example='{ names = { "*" = "fast" } }',
        about="How llmring serve answers client programs.",
    ),
    "metadata": NamedItems(each=Anything(), about="Notes of your own."),
    "created_at": Time(about="When the file was created."),
    "updated_at": Time(about="When the file was last changed."),
}

LOCKFILE = Table(
    keys=FILE,
    owner="a lockfile",
    about="Aliases and the models they are bound to, by profile.",
)
