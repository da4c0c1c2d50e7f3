"""Changes to a refused request with which the same model may take it.

A dialect reads from an error which parameter a model refuses; the change is then made to the JSON
body or the headers of the request, wherever the parameter came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Struct

from llmring.chat.reasoning import EFFORTS
from llmring.wire import HttpRequest

# The keys that lead to a value in the body.
Path = tuple[str, ...]


class Draft:
    """A request that is being changed.

    Attributes:
        host: The host that it goes to.
        body: Its JSON body.
        headers: Its headers.
    """

    def __init__(self, http: HttpRequest) -> None:
        self.host = urlsplit(http.url).hostname or ""
        body = msgspec.json.decode(http.body)
        self.body: dict[str, Any] = body if isinstance(body, dict) else {}
        self.headers = dict(http.headers)

    def get(self, path: Path) -> Any:
        """Return the value at a path; UNSET without one."""
        value: Any = self.body
        for key in path:
            if not isinstance(value, dict) or key not in value:
                return UNSET
            value = value[key]
        return value

    def has(self, path: Path | None) -> bool:
        """Return True if there is a value at the path."""
        return path is not None and self.get(path) is not UNSET

    def remove(self, path: Path) -> None:
        """Remove the value at a path, and the tables that are empty without it."""
        *tables, last = path
        table = self.get(tuple(tables))
        del table[last]
        if not table and tables:
            self.remove(tuple(tables))

    def put(self, path: Path, value: Any) -> None:
        """Set the value at a path."""
        *tables, last = path
        table = self.body
        for key in tables:
            table = table.setdefault(key, {})
        table[last] = value


class RequestChange(Protocol):
    """A change to requests, which can be made to any request to the same model."""

    def apply(self, draft: Draft) -> str | None:
        """Change the draft and return a remark on it; None if nothing changes."""

    def settled(self, draft: Draft) -> RequestChange | None:
        """Return the change in the form in which later requests need it; None if they don't.

        Args:
            draft: The request that was refused.
        """


# Words of a refusal, and what builds the changes that they demand.
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[RequestChange, ...]]]


def first_match(rules: Sequence[Rule], message: str) -> tuple[RequestChange, ...]:
    """Return the changes of the first rule whose words are in the message; empty without one."""
    for words, build in rules:
        match = words.search(message)
        if match is not None:
            return build(match)
    return ()


class LeaveOut(Struct, frozen=True, kw_only=True):
    """Leaving out a parameter.

    Attributes:
        name: Its name, for people.
        paths: Where it may be in the body.
        together_with: The path of another parameter; without that one, nothing is changed.
    """

    name: str
    paths: tuple[Path, ...]
    together_with: Path | None = None

    def apply(self, draft: Draft) -> str | None:
        """Remove the parameter."""
        if self.together_with is not None and not draft.has(self.together_with):
            return None
        found = [path for path in self.paths if draft.has(path)]
        for path in found:
            draft.remove(path)
        return f"{self.name} left out: the model refuses it" if found else None

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class LeaveOutValue(Struct, frozen=True, kw_only=True):
    """Leaving out one value of a parameter that may take others.

    Attributes:
        name: Its name, for people.
        paths: Where it may be in the body.
        value: The value; UNSET for any.
    """

    name: str
    paths: tuple[Path, ...]
    value: Any = UNSET

    def apply(self, draft: Draft) -> str | None:
        """Remove the parameter if it has the value."""
        note = None
        for path in self.paths:
            value = draft.get(path)
            if value is not UNSET and self.value in (UNSET, value):
                draft.remove(path)
                note = f"{self.name} {value} left out: the model refuses this value"
        return note

    def settled(self, draft: Draft) -> RequestChange:
        """Return the change for the value that was refused."""
        values = [draft.get(path) for path in self.paths if draft.has(path)]
        return msgspec.structs.replace(self, value=values[0]) if values else self


class LeaveOutItem(Struct, frozen=True, kw_only=True):
    """Leaving out one item of a list.

    Attributes:
        path: The list.
        item: The item.
    """

    path: Path
    item: str

    def apply(self, draft: Draft) -> str | None:
        """Remove the item."""
        items = draft.get(self.path)
        if not isinstance(items, list) or self.item not in items:
            return None
        rest = [each for each in items if each != self.item]
        if rest:
            draft.put(self.path, rest)
        else:
            draft.remove(self.path)
        return f"{self.item} left out: the model refuses it"

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class LeaveOutOfTools(Struct, frozen=True):
    """Leaving out a field of tools.

    Attributes:
        name: The field.
    """

    name: str

    def apply(self, draft: Draft) -> str | None:
        """Remove the field from all tools."""
        tools = draft.get(("tools",))
        given = tools if isinstance(tools, list) else []
        found = [each for each in given if isinstance(each, dict) and self.name in each]
        for tool in found:
            del tool[self.name]
        return f"{self.name} of tools left out: the model refuses it" if found else None

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class Replace(Struct, frozen=True, kw_only=True):
    """Setting a parameter to the value that the model demands.

    Attributes:
        name: Its name, for people.
        path: Where it is in the body.
        value: The value.
        together_with: The path of another parameter; without that one, nothing is changed.
        without: The path of another parameter; with that one, nothing is changed.
    """

    name: str
    path: Path
    value: Any
    together_with: Path | None = None
    without: Path | None = None

    def apply(self, draft: Draft) -> str | None:
        """Set the value."""
        if self.together_with is not None and not draft.has(self.together_with):
            return None
        if draft.has(self.without) or draft.get(self.path) == self.value:
            return None
        draft.put(self.path, self.value)
        shown = self.value if isinstance(self.value, str) else msgspec.json.encode(self.value)
        text = shown if isinstance(shown, str) else shown.decode()
        return f"{self.name} set to {text}: the model demands it"

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class Rename(Struct, frozen=True, kw_only=True):
    """Sending a parameter under another name.

    Attributes:
        name: The name that the model refuses.
        to: The name that it takes.
    """

    name: str
    to: str

    def apply(self, draft: Draft) -> str | None:
        """Rename the parameter."""
        if self.name not in draft.body or self.to in draft.body:
            return None
        draft.body[self.to] = draft.body.pop(self.name)
        return f"{self.name} sent as {self.to}: the model refuses the other name"

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class Clamp(Struct, frozen=True, kw_only=True):
    """Keeping a number within the range that the model takes, as far as it is known.

    Attributes:
        name: Its name, for people.
        paths: Where it may be in the body.
        least: The smallest number; None for no bound.
        most: The largest number; None for no bound.
    """

    name: str
    paths: tuple[Path, ...]
    least: float | None = None
    most: float | None = None

    def apply(self, draft: Draft) -> str | None:
        """Set the number to the nearest one that the model takes."""
        note = None
        for path in self.paths:
            number = draft.get(path)
            if not isinstance(number, int | float) or isinstance(number, bool):
                continue
            nearest: float = number
            if self.least is not None:
                nearest = max(nearest, self.least)
            if self.most is not None:
                nearest = min(nearest, self.most)
            if nearest != number:
                draft.put(path, int(nearest) if nearest == int(nearest) else nearest)
                note = f"{self.name} {nearest:g} for {number:g}: the model takes no other"
        return note

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class ChooseLevel(Struct, frozen=True, kw_only=True):
    """Choosing the nearest level that the model has.

    Attributes:
        name: The parameter's name, for people.
        paths: Where it may be in the body.
        levels: The levels that the model has.
    """

    name: str
    paths: tuple[Path, ...]
    levels: tuple[str, ...]

    def apply(self, draft: Draft) -> str | None:
        """Set the nearest level; without one, leave the parameter out."""
        note = None
        for path in self.paths:
            wanted = draft.get(path)
            if not isinstance(wanted, str) or wanted.lower() in self.levels:
                continue
            nearest = self._nearest(wanted.lower())
            if nearest is None:
                draft.remove(path)
                note = f"{self.name} left out: the model has no {wanted}"
            else:
                draft.put(path, nearest.upper() if wanted.isupper() else nearest)
                note = f"{self.name} {nearest} for {wanted}: the model has no {wanted}"
        return note

    def _nearest(self, wanted: str) -> str | None:
        ranks: dict[str, int] = {effort: rank for rank, effort in enumerate(EFFORTS)}
        # "none" turns reasoning off, which is more than a small amount less.
        usable = [level for level in self.levels if level in ranks and level != "none"]
        if wanted not in ranks:
            return None
        return min(usable, key=lambda level: abs(ranks[level] - ranks[wanted]), default=None)

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class ChangedRequest(Struct, frozen=True):
    """A request with changes, remarks on them, and the changes as later requests need them."""

    http: HttpRequest
    notes: tuple[str, ...]
    changes: tuple[RequestChange, ...]


def changed_request(http: HttpRequest, changes: Sequence[RequestChange]) -> ChangedRequest | None:
    """Make changes to a request; None if none of them changes anything."""
    try:
        refused, draft = Draft(http), Draft(http)
    except (ValueError, RecursionError):
        return None  # not JSON, such as an upload
    made = [(note, change) for change in changes if (note := change.apply(draft))]
    if not made:
        return None
    # A body that stays is not written again, as its bytes may be signed.
    body = http.body if draft.body == refused.body else msgspec.json.encode(draft.body)
    return ChangedRequest(
        HttpRequest(http.method, http.url, draft.headers, body),
        tuple(note for note, _ in made),
        tuple(lasting for _, change in made if (lasting := change.settled(refused)) is not None),
    )
