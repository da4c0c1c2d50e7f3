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
    Text,
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
    "body_model": Choice(
        options=("served", "asked"),
        noun="one of served, asked",
        example='"served"',
        about="The model that replies name: the one that answered, or the name that the client "
        "asked for.",
    ),
    "allow": Items(
        each=Choice(options=("mcp",), noun="mcp", example='"mcp"'),
        noun='a list with "mcp" or nothing',
        example='["mcp"]',
        about='What clients may ask of providers: "mcp" to name MCP servers for them to call; '
        "nothing if left out.",
    ),
}
