"""Requests without what only other APIs than the one that is asked understand.

A client's program sends fields and tools in the format of one API. A server with this API gets
them; for another one they are left out with a remark, or it can't answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from llmring.chat.parsed_request import OwnFields, ParsedRequest
from llmring.dialects.dialect import Dialect, Quirks, merged
from llmring.dialects.foreign.server_tools import has_server_tools, with_server_tools
from llmring.exceptions import UnsupportedFeatureError
from llmring.providers.dialects import known_tools


def for_api(
    request: ParsedRequest, dialect: Dialect, quirks: Quirks
) -> tuple[ParsedRequest, tuple[str, ...]]:
    """Return a request as one API takes it, and remarks on what was left out.

    Args:
        request: The request, which is not changed.
        dialect: The API that is asked.
        quirks: Differences of the server from others with this API.

    Raises:
        UnsupportedFeatureError: The request means something else without what is left out.
    """
    notes: tuple[str, ...] = ()
    own = request.own
    if own is not None and (own.fields or own.required):
        kept, notes = _kept(own, dialect, quirks)
        request = _with_fields(request, own, kept)
    if request.tools and has_server_tools(request):
        request, lost = with_server_tools(
            request, dialect.name, known_tools(), searches=quirks.searches
        )
        notes = (*notes, *lost)
    return request, notes


def _with_fields(
    request: ParsedRequest, own: OwnFields, fields: Mapping[str, Any]
) -> ParsedRequest:
    extra = request.extra_params
    return msgspec.structs.replace(
        request,
        extra_params=merged(extra, fields) if fields else extra,
        own=OwnFields(dialect=own.dialect),
    )


def _kept(
    own: OwnFields, dialect: Dialect, quirks: Quirks
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return the fields that go to a server, and remarks on the others."""
    is_same = own.dialect == dialect.name
    shared = dialect.shared.get(own.dialect, frozenset())
    hidden = frozenset() if quirks.vendor else dialect.private
    missing = [] if is_same else [path for path in own.required if path not in shared]
    missing += [path for path in own.required if path in hidden and path not in missing]
    if missing:
        raise UnsupportedFeatureError(
            f"only servers with the API {own.dialect!r} can answer, because of {', '.join(missing)}"
        )
    taken = {name: own.fields[name] for name in own.fields if is_same or name in shared}
    kept = {name: value for name, value in taken.items() if name not in hidden}
    notes = []
    if refused := [each for each in kept.get(_BETAS) or () if not _is_taken(each, quirks)]:
        kept[_BETAS] = [each for each in kept[_BETAS] if _is_taken(each, quirks)]
        notes.append(f"beta {', '.join(refused)} left out: the server does not take it")
    if foreign := [*_names({k: v for k, v in own.fields.items() if k not in taken})]:
        notes.append(f"{', '.join(foreign)} left out: only the API {own.dialect!r} has them")
    if private := [*_names({k: v for k, v in taken.items() if k in hidden})]:
        notes.append(f"{', '.join(private)} left out: only the API's own vendor gets them")
    return kept, tuple(notes)


# Anthropic's, which come as a header or in the body.
_BETAS = "betas"


def _is_taken(beta: str, quirks: Quirks) -> bool:
    return quirks.betas is None or beta in quirks.betas


def _names(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the fields that have a value."""
    for name, value in fields.items():
        if name in _IN_PART and isinstance(value, Mapping):
            yield from (f"{name}.{key}" for key, inner in value.items() if inner is not None)
        elif name in _IN_OTHER_FORM:
            yield f"details of {name}"
        elif value is not None:
            yield name


# Tables of which the request has the other fields.
_IN_PART = frozenset(
    {
        "generationConfig",
        "options",
        "output_config",
        "prompt_cache_options",
        "reasoning",
        "stream_options",
        "text",
        "thinking",
        "tool_choice",
        "toolConfig",
    }
)
# What the request has in another form too.
_IN_OTHER_FORM = ("tools", "tool_choice")
