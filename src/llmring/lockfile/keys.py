"""The keys of a lockfile, what each may hold, and what it is for.

Reading, checking and the schema for editors all go by these tables.
"""

from collections.abc import Mapping

from llmring.lockfile.shape import (
    Anything,
    Choice,
    Day,
    Either,
    Items,
    Named,
    Number,
    Outline,
    Shape,
    Table,
    Text,
    Time,
    Weight,
    Whole,
)

# Characters, as a regular expression writes them between brackets.
CONTROLS = r"\x00-\x1f\x7f-\x9f"
NOT_IN_ALIAS = rf"\s,{CONTROLS}"

# Regular expressions that match a whole text.
VERSION = r"1(\.[0-9]+)*"
ALIAS = f"[^{NOT_IN_ALIAS}]+"
REFERENCE = rf"([^\s:]+):(\S[^{CONTROLS}]*)"

_REFERENCE = Text(
    noun="a model reference",
    example='"openai:gpt-4o-mini"',
    # Space around it is passed over.
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

_CAPABILITY = Choice(
    options=_CAPABILITIES,
    noun=f"a capability ({', '.join(_CAPABILITIES)})",
    example='"tools"',
    about="Something that a model can do.",
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


# How the models of an alias are called. In a profile, it holds for all its aliases.
_POLICY: Mapping[str, Shape] = {
    "daily_budget": _usd("USD that may be spent in a day; calls beyond it are refused."),
    "hedge_after": Either(
        options=(_seconds("2.5", ""), _choice(("p95",), "")),
        noun='a number of seconds above 0, or "p95"',
        example="2.5",
        about="Seconds without an answer after which the next model is asked as well, or "
        '"p95": the time within which 95 of 100 answers have come so far.',
    ),
    "max_concurrency": _count("8", "Calls that may be under way at the same time."),
    "max_cost_per_request": _usd("USD that a call may cost; dearer models are skipped."),
    "max_price_ratio": Number(
        example="3",
        about="How many times the price of the first model a fallback may cost.",
    ),
    "min_context": _count("128000", "Tokens that the context of each model must hold."),
    "needs": Items(
        each=_CAPABILITY,
        noun="a list of capabilities",
        example='["tools", "vision"]',
        about="What each model must be able to do.",
    ),
    "on_stream_failure": _choice(
        ("continue", "restart", "raise"),
        "What happens when an answer breaks off after a part of it was shown: the next model "
        "goes on from there, the next model starts anew, or an error is raised.",
    ),
    "retries": _count("2", "How often a model is asked again before the next one is.", least=0),
    "rpm": _count("60", "Requests that may be sent in a minute."),
    "stall_timeout": _seconds("15", "Seconds without a byte after which a stream has failed."),
    "strategy": _choice(
        ("ordered", "weighted", "cheapest", "fastest"), "Which of the models is asked first."
    ),
    "timeout": _seconds("60", "Seconds that a call may take, fallbacks included."),
    "tpm": _count("100000", "Tokens that may be used in a minute."),
    "weights": Either(
        options=(Items(each=Weight()), Named(each=Weight())),
        noun="a list or a table of weights",
        example="[3, 1]",
        about='For strategy = "weighted": how often each model comes first, relative to the '
        "others; a list in the order of the models, or a table by reference.",
    ),
}

# A failure that is played in tests. Those that do not exclude each other may come together.
FAULT: Mapping[str, Shape] = {
    "model": Text(
        noun='a model reference, with "*" for any characters',
        example='"openai:*"',
        pattern=rf"[^\s{CONTROLS}]([^{CONTROLS}]*[^\s{CONTROLS}])?",
        about='Whose requests it happens to; "*" stands for any characters.',
    ),
    "skip": _count("1", "How many of these requests are left alone first.", least=0),
    "times": _count("1", "How many of them it happens to then; left out, all."),
    "rate": Number(example="0.1", about="The share of them that it happens to, such as 0.1."),
    "latency": _seconds("0.5", "Seconds before anything else happens."),
    "connection": _choice(
        ("refused", "reset", "dns", "timeout"), "How the connection fails before an answer comes."
    ),
    "status": Whole(
        noun="an HTTP status from 400",
        example="429",
        least=400,
        about="The status of an error in place of the answer.",
    ),
    "retry_after": _seconds("2", "Seconds that this error asks to wait."),
    "message": Text(example='"slow down"', about="What this error says."),
    "code": Text(example='"rate_limit_exceeded"', about="The code of this error."),
    "malformed": _count(
        "3", "After how many events of the answer one comes that can't be read.", least=0
    ),
    "stall": _count("3", "After how many events of the answer nothing more comes.", least=0),
    "stall_seconds": _seconds("30", "How long nothing comes; left out, for good."),
    "cut": _count("3", "After how many events of the answer the connection is cut.", least=0),
}

POLICY: Mapping[str, Shape] = {
    **_POLICY,
    "policy": Table(
        keys=_POLICY,
        owner="a policy",
        example="{ retries = 2 }",
        about="How the models are called, in a table of its own.",
    ),
    "faults": Items(
        each=Table(
            keys=FAULT,
            owner="a fault",
            noun="a table",
            example="{ status = 429 }",
            about="What goes wrong with the requests to a model, in tests.",
        ),
        noun="a list of tables",
        example='[{ model = "openai:*", status = 429 }]',
        about="Failures to play, in tests; of those that fit a request, the first happens.",
    ),
}

BINDING: Mapping[str, Shape] = {
    "alias": Outline(
        Text(
            noun="a text",
            example='"fast"',
            pattern=ALIAS,
            about="What applications ask for.",
        )
    ),
    "models": Outline(
        Either(
            options=(Items(each=_REFERENCE, least=1), _REFERENCE),
            noun="a list of models",
            example='["openai:gpt-4o-mini"]',
            about="The models that may answer, best first: each is asked when those before it "
            "can't answer.",
        )
    ),
    "constraints": Named(each=Anything(), about="Kept, not used."),
    "metadata": Named(each=Anything(), about="Notes of your own."),
    **POLICY,
}

PROFILE: Mapping[str, Shape] = {
    "name": Text(example='"dev"', about="The name of the profile once more; may be left out."),
    "extends": Text(
        example='"default"',
        about="The profile whose aliases this one has too, unless it binds them itself.",
    ),
    "bindings": Outline(
        Items(
            each=Table(
                keys=BINDING,
                required=("alias", "models"),
                owner="a binding",
                about="An alias and the models that it stands for.",
            ),
            noun="a list of tables",
            example="[[profiles.default.bindings]]",
            about="The aliases of the profile.",
        )
    ),
    "registry_versions": Named(
        each=Whole(noun="a number from 1", example="1", least=1),
        about="By provider: the version of its catalog that is meant.",
    ),
    "metadata": Named(each=Anything(), about="Notes of your own."),
    "mode": _choice(("replay", "record"), "Whether calls are played back, or recorded, in tests."),
    "recordings": Text(
        noun="the path of a folder",
        example='"tests/recordings"',
        pattern=rf"[^{CONTROLS}]+",
        about="Where recordings are; relative to the folder of the lockfile.",
    ),
    **POLICY,
}

_PLAIN_TEXT = Text(
    noun="a text of ASCII characters on one line",
    example='"search"',
    pattern="[!-~]([ -~]*[!-~])?",
)

PROVIDER: Mapping[str, Shape] = {
    "kind": _choice(("openai", "anthropic"), "The vendor whose API it speaks."),
    "base_url": Text(
        noun="the address of an HTTP server",
        example='"http://localhost:8000/v1"',
        pattern=r"https?://[^\s/]\S*",
        about="Where it is; the paths of the API are appended.",
    ),
    "api_key_env": Text(
        noun="the name of an environment variable",
        example='"MY_API_KEY"',
        pattern=r"[A-Za-z_][A-Za-z0-9_]*",
        about="The environment variable that holds its key; the key itself has no place here.",
    ),
    "api_key_header": Text(
        noun="the name of a header",
        example='"api-key"',
        pattern=r"[A-Za-z0-9_-]+",
        about="The header that carries the key, where it is not the usual one; authorization "
        "carries it as a bearer token.",
    ),
    "api": _choice(("chat", "responses"), "Which of its APIs is used, if it has both."),
    "headers": Named(
        each=_PLAIN_TEXT,
        noun="a table of texts",
        example='{ x-team = "search" }',
        about="Sent with every request; no keys.",
    ),
    "query": Named(
        each=_PLAIN_TEXT,
        noun="a table of texts",
        example='{ api-version = "2024-10-21" }',
        about="Added to every address; no keys.",
    ),
}

EXTENDS: Mapping[str, Shape] = {
    "packages": Outline(
        Items(
            each=Text(
                noun="the name of a package",
                example='"mylibrary"',
                # Python's identifiers, as far as a portable expression can say it.
                pattern=r"[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*",
            ),
            noun="a list of package names",
            example='["mylibrary"]',
            about="Installed packages with a llmring.lock, whose aliases can be asked for as "
            '"package:alias".',
        )
    ),
}


def _price(about: str) -> Weight:
    return Weight(noun="an amount of USD from 0", example="0.15", about=about)


_RATES: Mapping[str, Shape] = {
    "input": _price("Of the prompt."),
    "output": _price("Of the answer, reasoning included."),
    "cached_input": _price("Of what was read from a cache."),
    "cache_write": _price("Of what was written to a cache."),
    "cache_write_1h": _price("Of what was written to a cache for an hour."),
    "input_audio": _price("Of the prompt's spoken part."),
    "cached_audio": _price("Of the spoken part that was read from a cache."),
    "output_audio": _price("Of the answer's spoken part."),
    "image": _price("USD for each image that is made."),
}

_PRICES = Table(
    keys={
        **_RATES,
        "long_context": Table(
            keys={"above": _count("200000", "Tokens of the prompt."), **_RATES},
            required=("above", "input", "output"),
            owner="long_context",
            example="{ above = 200000, input = 2.5, output = 15 }",
            about="The prices of a whole request whose prompt has more than so many tokens.",
        ),
    },
    required=("input", "output"),
    owner="prices",
    noun="a table of prices",
    example="{ input = 0.15, output = 0.60 }",
    about="USD per million tokens.",
)

# What is known of a model, as far as a lockfile may correct it.
MODEL: Mapping[str, Shape] = {
    "aliases": Items(each=Text(example='"my-model-latest"'), about="Other names for it."),
    "context_window": _count("128000", "Tokens that prompt and answer may have together."),
    "max_input": _count("100000", "Tokens that the prompt may have, where that is less."),
    "max_output": _count("8192", "Tokens that the answer may have, reasoning included."),
    "capabilities": Items(
        each=_CAPABILITY,
        noun="a list of capabilities",
        example='["tools", "vision"]',
        about="What it takes and does.",
    ),
    "efforts": Items(
        each=Text(example='"low"'),
        about="The efforts of reasoning that it takes, least first.",
    ),
    "prices": _PRICES,
    "released": Day(about="Its first day."),
    "deprecated": Day(about="The day on which the provider advised against it."),
    "retires": Day(about="The day from which the provider no longer serves it."),
    "family": Text(example='"gpt-mini"', about="The line of models that it belongs to."),
    "successor": Text(example='"gpt-5-mini"', about="The model that replaces it."),
}

# What a lockfile keeps of a model as it was when it was pinned.
PIN: Mapping[str, Shape] = {
    "model": Text(example='"gpt-4o-mini"', about="The name of the model in the catalog."),
    "snapshot": Text(
        example='"gpt-4o-mini-2024-07-18"', about="The dated model behind a name that moves."
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
        about="Of these facts.",
    ),
}

REGISTRY: Mapping[str, Shape] = {
    "url": Text(
        noun="the address of a catalog",
        example='"https://example.com/models.json"',
        pattern=r"(https?|file)://\S+",
        about="Where llmring registry update gets newer facts.",
    ),
    "digest": Text(
        noun="a digest",
        example='"sha256:…"',
        pattern="sha256:[0-9a-f]{64}",
        about="Of the bindings and the pins, as they were when they were pinned.",
    ),
    "pinned": Day(about="The day of the pins."),
    "pins": Named(
        each=Table(keys=PIN, owner="a pin", about="What a model was when it was pinned."),
        about="By model reference: what is relied on.",
    ),
    "models": Named(
        each=Table(keys=MODEL, owner="a model", about="What is known of a model."),
        about="By model reference: corrections of what is known of models, and models of your own.",
    ),
}

FILE: Mapping[str, Shape] = {
    "version": Outline(
        Text(example='"1.0"', pattern=VERSION, about="The version of the format: 1.0.")
    ),
    "default_profile": Text(
        example='"default"', about="The profile for calls that name none; default if left out."
    ),
    "profiles": Outline(
        Named(
            each=Table(keys=PROFILE, owner="a profile", about="A set of aliases."),
            about="Sets of aliases, by name: default, dev, prod, ...",
        )
    ),
    "extends": Outline(
        Table(keys=EXTENDS, owner="[extends]", about="Aliases that come with packages.")
    ),
    "providers": Named(
        each=Table(
            keys=PROVIDER,
            owner="a provider",
            example='{ kind = "openai", base_url = "http://localhost:8000/v1" }',
            about="A place that serves models.",
        ),
        about="Servers of your own, and settings of those that llmring knows, by name.",
    ),
    "registry": Table(
        keys=REGISTRY,
        owner="[registry]",
        example="{ models = {} }",
        about="What is known of models, corrected or pinned.",
    ),
    "metadata": Named(each=Anything(), about="Notes of your own."),
    "created_at": Time(about="When the file was made."),
    "updated_at": Time(about="When the file was last changed."),
}

LOCKFILE = Table(
    keys=FILE,
    owner="a lockfile",
    about="Which models may answer, under names of your own, per profile.",
)
