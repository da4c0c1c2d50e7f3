"""The keys of a lockfile that `llmring serve` obeys; calls of the library don't.

Origins are compared with the header that browsers send, which is in lower case and has no path.
https://www.rfc-editor.org/rfc/rfc6454#section-6.2
"""

from collections.abc import Mapping

from llmring.lockfile.schema.shapes import (
    Choice,
    Either,
    Flag,
    Items,
    NamedItems,
    Number,
    Shape,
    Table,
    Text,
    Time,
    Whole,
)

# Regular expressions that match a whole text.
NAME_RULE = r"([^\s*\x00-\x1f\x7f-\x9f]+\*?|\*)"
# Most answers that are worth keeping are so for minutes, hours or days.
CACHE_TIME = "[1-9][0-9]{0,4}[mhdw]"
_HOST = r"([A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?|\[[0-9A-Fa-f:.]+\])"
_ORIGIN = (
    r"[a-z][a-z0-9+.-]*://([a-z0-9_-]([a-z0-9._-]*[a-z0-9_-])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)

# Keys of a policy.
GATEWAY_POLICY: Mapping[str, Shape] = {
    "affinity": Flag(
        about="Whether the turns of a conversation stay with the model that answered last, while "
        "it is healthy; true if left out. For llmring serve.",
    ),
    "cache": Text(
        noun='a time like "1h": a number, and m, h, d or w',
        example='"1h"',
        pattern=CACHE_TIME,
        about="How long an answer is kept, to be given again to the same request; none is kept if "
        "left out. For llmring serve.",
    ),
    "cache_scope": Choice(
        options=("key", "team", "all"),
        noun="one of key, team, all",
        example='"key"',
        about="Who is given the kept answers to the requests of a key: that key, its team, or all "
        "who call the alias. For llmring serve.",
    ),
    "stream_commit": Either(
        options=(
            Choice(options=("first", "whole"), noun="one of first, whole", example='"first"'),
            Whole(noun="a whole number from 1", example="200", least=1),
        ),
        noun='"first", "whole" or a number of characters from 1',
        example='"first"',
        about="When a stream begins to be shown: with its first content, only as a whole, or after "
        "a number of characters; up to then, failovers are invisible. For llmring serve.",
    ),
    "tool_calls": Choice(
        options=("whole", "as_they_come"),
        noun="one of whole, as_they_come",
        example='"whole"',
        about="Whether the tool calls of a stream are shown once they are complete, if another "
        "model could still answer, or piece by piece. For llmring serve.",
    ),
}

_WIRES = ("chat", "responses", "messages", "gemini", "ollama")


def _limit(about: str) -> Whole:
    return Whole(noun="a whole number from 1", example="60", least=1, about=about)


def _usd(about: str) -> Number:
    return Number(noun="an amount of USD above 0", example="5", about=about)


_NAME = Text(
    noun="a name of letters, digits, spaces and any of _ . @ -",
    example='"web"',
    pattern=r"[A-Za-z0-9]([A-Za-z0-9_.@ -]{0,62}[A-Za-z0-9_.@-])?",
    about="The name, in the ledger and in errors.",
)

GATEWAY_KEY: Mapping[str, Shape] = {
    "name": _NAME,
    "hash": Text(
        noun='a hash, "sha256:" and 64 digits',
        example='"sha256:…"',
        pattern=r"sha256:[0-9a-f]{64}",
        about="The hash of the key, from llmring keys hash.",
    ),
    "team": _NAME,
    "owner": Text(noun="a text", example='"ada@example.com"', about="Who answers for the key."),
    "role": Choice(
        options=("user", "admin"),
        noun="one of user, admin",
        example='"user"',
        about="admin for a key that may manage keys through the gateway; user if left out.",
    ),
    "profile": Text(
        noun="the name of a profile",
        example='"prod"',
        about="The profile of its calls; the gateway's own if left out, * for any.",
    ),
    "aliases": Items(
        each=Text(noun="an alias", example='"fast"', about="An alias; * for any characters."),
        noun="a list of aliases",
        example='["fast", "sum*"]',
        about="The aliases that it may call; all if left out.",
    ),
    "direct": Flag(about="Whether it may call models by provider:model; false if left out."),
    "wires": Items(
        each=Choice(options=_WIRES, noun=f"one of {', '.join(_WIRES)}", example='"messages"'),
        noun=f"a list of any of {', '.join(_WIRES)}",
        example='["messages"]',
        about="The APIs that it may speak; all if left out.",
    ),
    "nets": Items(
        each=Text(noun="an address or a network", example='"10.0.0.0/8"'),
        noun="a list of addresses and networks",
        example='["10.0.0.0/8"]',
        about="Where its calls may come from; anywhere if left out.",
    ),
    "tags": Items(
        each=Text(
            noun="a tag: up to 64 letters, digits, spaces and any of _ . : / @ -",
            example='"team-a"',
            pattern=r"[A-Za-z0-9_.:/@ -]{1,64}",
        ),
        noun="a list of tags",
        example='["team-a"]',
        about="Tags of its calls in the ledger.",
    ),
    "headers": Choice(
        options=("full", "min"),
        noun="one of full, min",
        example='"min"',
        about="min for answers without the headers about the call; full if left out.",
    ),
    "rpm": _limit("Requests to providers in any minute."),
    "tpm": _limit("Tokens in any minute."),
    "max_concurrency": _limit("Calls in progress."),
    "max_cost_per_request": _usd("USD that one call may cost."),
    "daily_budget": _usd("USD in a day, which begins at 00:00 UTC."),
    "weekly_budget": _usd("USD in a week, which begins on Monday."),
    "monthly_budget": _usd("USD in a month."),
    "total_budget": _usd("USD in all."),
    "expires": Time(about="When the key ends."),
}

GATEWAY: Mapping[str, Shape] = {
    "names": NamedItems(
        each=Text(
            noun="an alias",
            example='"fast"',
            pattern=r"[^\s,\x00-\x1f\x7f-\x9f]+",
            about="The alias that answers.",
        ),
        key=Text(
            noun='a name, or the beginning of names with "*" at its end',
            example='"claude-opus-*"',
            pattern=NAME_RULE,
        ),
        noun="a table of aliases",
        example='{ "claude-opus-*" = "fast" }',
        about="Aliases for names that client programs ask for; a * at the end matches any rest, "
        "and the longest rule counts.",
    ),
    "head_after": Number(
        noun="a number of seconds above 0",
        example="15",
        about="Seconds without content after which a stream is begun all the same; 15 if left out.",
    ),
    "body_limit": Whole(
        noun="a whole number of bytes from 1",
        example="33554432",
        least=1,
        about="Largest body of a request, in bytes, after unpacking; 33554432 (32 MiB) if left "
        "out.",
    ),
    "cors": Items(
        each=Text(
            noun="an origin: scheme, host and port, in lower case and without a path",
            example='"https://chat.example.com"',
            pattern=_ORIGIN,
        ),
        noun="a list of origins",
        example='["https://chat.example.com"]',
        about="Origins of web pages that may call the gateway; none if left out.",
    ),
    "hosts": Items(
        each=Text(
            noun="the name of a host, without a port",
            example='"llm.example.com"',
            pattern=_HOST,
        ),
        noun="a list of host names",
        example='["llm.example.com"]',
        about="Names by which clients reach the gateway, other than localhost.",
    ),
    "cache_memory": Whole(
        noun="a whole number of bytes from 1",
        example="67108864",
        least=1,
        about="The memory that each process has for kept answers, in bytes; 67108864 (64 MiB) if "
        "left out.",
    ),
    "show_upstream_errors": Flag(
        about="Whether errors quote the provider's message; if left out, only on this machine.",
    ),
    "show_upstream_limits": Flag(
        about="Whether answers have the provider's headers about the limits of your key with it; "
        "false if left out.",
    ),
    "metrics_keys": Flag(
        about="Whether metrics have the names of clients' keys; false if left out.",
    ),
    "body_model": Choice(
        options=("served", "asked"),
        noun="one of served, asked",
        example='"served"',
        about="The model that replies name: the one that answered, or the name that the client "
        "asked for.",
    ),
    "queue": Number(
        noun="a number of seconds above 0",
        example="5",
        about="Seconds that a call may wait while the limits of its alias are reached; 5 if left "
        "out.",
    ),
    "when_blind": Choice(
        options=("share", "refuse"),
        noun="one of share, refuse",
        example='"share"',
        about="What becomes of calls with limits while Redis can't be used: this machine keeps to "
        'its share of the limits ("share", if left out), or it refuses the calls ("refuse").',
    ),
    "allow": Items(
        each=Choice(options=("mcp",), noun="mcp", example='"mcp"'),
        noun='a list with "mcp" or nothing',
        example='["mcp"]',
        about='What clients may ask of providers: "mcp" to name MCP servers for them to call; '
        "nothing if left out.",
    ),
    "keys": Items(
        each=Table(
            keys=GATEWAY_KEY,
            required=("name", "hash"),
            owner="a key of the gateway",
            noun="a table with a key of the gateway",
            example="{ }",
            about="A key of clients, as its hash.",
        ),
        noun="a list of keys",
        example="[[gateway.keys]]",
        about="Keys of clients, in addition to those of llmring keys.",
    ),
}
