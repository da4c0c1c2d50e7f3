"""Requests with tools that one vendor's servers run, as the APIs of other vendors take them.

Several vendors search the web, each in a form of its own. All other such tools are left out, unless
the model has to call one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.foreign.tool_names import foreign_of
from llmring.exceptions import UnsupportedFeatureError

Definition = Mapping[str, Any]


class WebSearch(Struct, frozen=True, kw_only=True):
    """A tool that searches the web, as far as several APIs have it.

    Attributes:
        allowed: The only domains that may be in the results; empty for all.
        blocked: Domains that may not be in the results.
        place: Where the user is: `city`, `region`, `country` and `timezone`.
        others: The names of further options.
    """

    allowed: Sequence[str] = ()
    blocked: Sequence[str] = ()
    place: Mapping[str, str] = {}
    others: tuple[str, ...] = ()


class SearchTool(Struct, frozen=True, kw_only=True):
    """The tool of an API for a search of the web.

    Attributes:
        definition: Its definition.
        name: The name by which a choice refers to it; None if no choice can.
        lost: The names of the options that it does not have.
    """

    definition: Definition
    name: str | None
    lost: tuple[str, ...] = ()


def _owns_none(_: Definition) -> bool:
    return False


def _finds_none(_: Definition) -> WebSearch | None:
    return None


def _makes_none(_: WebSearch) -> SearchTool | None:
    return None


class ServerTools(Struct, frozen=True, kw_only=True):
    """The tools that servers of an API run themselves.

    Attributes:
        owns: Returns True if a definition has a form of this API.
        search_of: Returns the search of the web that a definition of this API is, if another API
            may have it.
        search_with: Returns the tool of this API for a search; None if it has no such tool, or
            would search where it must not.
        takes_from: The names of further APIs whose forms some servers with this API take.
    """

    owns: Callable[[Definition], bool] = _owns_none
    search_of: Callable[[Definition], WebSearch | None] = _finds_none
    search_with: Callable[[WebSearch], SearchTool | None] = _makes_none
    takes_from: frozenset[str] = frozenset()


NO_SERVER_TOOLS = ServerTools()

# The tools of all APIs by their names.
KnownTools = Mapping[str, ServerTools]


def has_server_tools(request: ParsedRequest) -> bool:
    """Return True if the request has tools that a server runs."""
    return any(isinstance(tool, ProviderTool) for tool in request.tools)


def with_server_tools(
    request: ParsedRequest, dialect: str, known: KnownTools, *, searches: bool
) -> tuple[ParsedRequest, tuple[str, ...]]:
    """Return a request with the tools that an API has, and remarks on the others.

    A tool that no API is known to have stays as it is, unless it came in a request in the format
    of another API.

    Args:
        request: The request, which is not changed.
        dialect: The name of the API that is asked.
        known: The tools of all APIs.
        searches: True if the server has the API's own search of the web.

    Raises:
        UnsupportedFeatureError: The model has to call a tool that the API lacks.
    """
    offer = _Offer(request)
    for tool in request.tools:
        if isinstance(tool, Tool) or _stays(tool, request, dialect, known):
            offer.tools.append(tool)
        else:
            search = _search(tool, request, dialect, known) if searches else None
            offer.add(tool.definition, search)
    return offer.request()


def prefers_other(
    request: ParsedRequest, main: str, other: str, known: KnownTools, *, searches: bool
) -> bool:
    """Return True if another API of the same provider has more of the tools of a request.

    Args:
        request: The request.
        main: The name of the provider's main API.
        other: The name of its other API.
        known: The tools of all APIs.
        searches: True if the provider has searches of the web.
    """
    for tool in _server_tools(request):
        if known[other].owns(tool.definition) and not known[main].owns(tool.definition):
            return True
        if searches and _search(tool, request, other, known) is not None:
            return _search(tool, request, main, known) is None
    return False


def _server_tools(request: ParsedRequest) -> Iterator[ProviderTool]:
    for tool in request.tools:
        if isinstance(tool, ProviderTool) and not _is_run_by_client(tool):
            yield tool


def _is_run_by_client(tool: ProviderTool) -> bool:
    """Return True for custom tools and namespaces, which have other forms elsewhere."""
    return any(True for _ in foreign_of(tool)) or tool.definition.get("type") == "namespace"


def _stays(tool: ProviderTool, request: ParsedRequest, dialect: str, known: KnownTools) -> bool:
    owner = _owner(tool, request, dialect, known)
    if owner is None or owner == dialect or _is_run_by_client(tool):
        return True
    return request.own is None and owner in known[dialect].takes_from


def _owner(
    tool: ProviderTool, request: ParsedRequest, dialect: str, known: KnownTools
) -> str | None:
    """Return the name of the API that a tool belongs to; the one that is asked if in doubt."""
    client = None if request.own is None else request.own.dialect
    if client == dialect:
        return dialect
    owners = [name for name, tools in known.items() if tools.owns(tool.definition)]
    if client in owners or not owners:
        return client
    return dialect if dialect in owners else owners[0]


def _search(
    tool: ProviderTool, request: ParsedRequest, dialect: str, known: KnownTools
) -> SearchTool | None:
    owner = _owner(tool, request, dialect, known)
    search = None if owner is None else known[owner].search_of(tool.definition)
    return None if search is None else known[dialect].search_with(search)


class _Offer:
    """The tools that are offered to an API.

    Attributes:
        tools: The tools.
    """

    def __init__(self, request: ParsedRequest) -> None:
        self.tools: list[Tool | ProviderTool] = []
        self._request = request
        self._choice = request.choice
        self._notes: list[str] = []

    def add(self, definition: Definition, search: SearchTool | None) -> None:
        """Add a search in place of a tool of another API, or leave the tool out."""
        name = tool_name(definition)
        chosen = self._request.choice
        is_forced = isinstance(chosen, NamedTool) and chosen.name in names_of(definition)
        if search is None:
            if is_forced:
                raise _unsupported(name)
            self._notes.append(f"the tool {name!r} left out: the API has no such tool")
            return
        without = f", without {', '.join(search.lost)}" if search.lost else ""
        self._notes.append(f"the tool {name!r}: the API's own search of the web{without}")
        tool = ProviderTool(search.definition)
        if tool not in self.tools:
            self.tools.append(tool)
        if is_forced:
            self._choice = None if search.name is None else NamedTool(search.name)
            if search.name is None:
                self._notes.append(f"the tool {name!r}: offered, but the API can't force it")

    def request(self) -> tuple[ParsedRequest, tuple[str, ...]]:
        """Return the request with these tools, and the remarks."""
        if not self._notes:
            return self._request, ()
        choice = self._choice
        if not self.tools:
            if choice == "required":
                raise _unsupported(*map(tool_name, _definitions(self._request)))
            choice = None
        changed = msgspec.structs.replace(self._request, tools=self.tools, choice=choice)
        return changed, tuple(self._notes)


def _definitions(request: ParsedRequest) -> Iterator[Definition]:
    return (tool.definition for tool in request.tools if isinstance(tool, ProviderTool))


def _unsupported(*names: str) -> UnsupportedFeatureError:
    listed = ", ".join(map(repr, names))
    return UnsupportedFeatureError(f"the API has no tool like {listed}, which has to be called")


def names_of(definition: Definition) -> tuple[str, ...]:
    """Return the names by which a choice may refer to a tool that a server runs."""
    found = [definition.get(key) for key in ("name", "type")]
    return tuple(each for each in found if isinstance(each, str)) or tuple(definition)[:1]


def tool_name(definition: Definition) -> str:
    """Return the name of a tool that a server runs, for people."""
    return next(iter(names_of(definition)), "")


# --- Options of a search ---

_PLACE = ("city", "region", "country", "timezone")


def place_of(location: Any) -> Mapping[str, str]:
    """Return where a user is, from the object that Anthropic and OpenAI have for it."""
    if not isinstance(location, Mapping):
        return {}
    return {key: value for key in _PLACE if isinstance(value := location.get(key), str) and value}


def texts_in(value: Any) -> tuple[str, ...]:
    """Return the texts of a list; none for anything else."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
