"""Parameters that models have refused, so that later requests leave them out at once.

A model that refuses a parameter gets the request once more without it, and only then the next model
is tried. What it refused is kept for each model and address, as long as the ring lives; what a
server does not know at all, for the address.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec

from llmring.chat.parsed_request import Relay
from llmring.dialects.refusals.unknown_to_server import OF_SERVER
from llmring.dialects.request_changes import (
    ChangedRequest,
    RequestChange,
    changed_request,
)
from llmring.exceptions import ProviderError, UnsupportedFeatureError
from llmring.routing.selection.prepare import Fetch, Prepared
from llmring.routing.targets import Target
from llmring.wire import HttpRequest

# A request may have more than one parameter that a model refuses; it names them one by one.
MOST_RESENDS = 3
# Of the models of a ring; the one that refused longest ago is forgotten first.
MOST_MODELS = 256
MOST_CHANGES = 16


class RefusedParameters:
    """The changes that models have demanded, for calls from any thread.

    Attributes:
        is_empty: True while no model has refused anything.
    """

    def __init__(self) -> None:
        self.is_empty = True
        self._changes: dict[tuple[str, str], tuple[RequestChange, ...]] = {}
        self._lock = threading.Lock()

    def remember(self, target: Target, changes: Sequence[RequestChange]) -> None:
        """Make these changes to all further requests to a model, or to its server."""
        of_server = [each for each in changes if isinstance(each, OF_SERVER)]
        of_model = [each for each in changes if not isinstance(each, OF_SERVER)]
        with self._lock:
            for key, those in ((_server(target), of_server), (_key(target), of_model)):
                if those:
                    self._remember(key, those)
            self.is_empty = False

    def _remember(self, key: tuple[str, str], changes: Sequence[RequestChange]) -> None:
        known = self._changes.pop(key, ())
        together = tuple(dict.fromkeys((*known, *changes)))
        self._changes[key] = together[-MOST_CHANGES:]
        if len(self._changes) > MOST_MODELS:
            del self._changes[next(iter(self._changes))]

    def adjusted(self, target: Target, prepared: Prepared) -> Prepared:
        """Return a prepared request without what the model has refused."""
        of_model = self._changes.get(_key(target), ())
        of_server = self._changes.get(_server(target), ())
        changes = (*of_server, *of_model)
        changed = changed_request(prepared.http, changes) if changes else None
        if changed is None:
            return prepared
        finish = prepared.finish
        if finish is None:
            return _with_changes(prepared, changed)
        inner = finish

        async def finish_changed(fetch: Fetch, seconds: float | None) -> HttpRequest:
            http = await inner(fetch, seconds)
            again = changed_request(http, changes)
            return http if again is None else again.http

        return msgspec.structs.replace(_with_changes(prepared, changed), finish=finish_changed)


def _key(target: Target) -> tuple[str, str]:
    return target.endpoint.base_url, target.name


def _server(target: Target) -> tuple[str, str]:
    return target.endpoint.base_url, ""


def relay_of(http: HttpRequest, relay: Relay | None, changed: ChangedRequest) -> Relay | None:
    """Return how much of a client's body a changed request still has."""
    return relay if changed.http.body is http.body else relay and "translated"


def _with_changes(prepared: Prepared, changed: ChangedRequest) -> Prepared:
    notes = (*prepared.adjusted, *changed.notes)
    relay = relay_of(prepared.http, prepared.relay, changed)
    return msgspec.structs.replace(prepared, http=changed.http, adjusted=notes, relay=relay)


def without_refused(http: HttpRequest, error: ProviderError) -> ChangedRequest | None:
    """Return a refused request with the changes that the model takes; None if nothing changes."""
    if not isinstance(error, UnsupportedFeatureError) or not error.changes:
        return None
    return changed_request(http, error.changes)


def is_refused_at_once(error: ProviderError) -> bool:
    """Return True if nothing of the request has been carried out."""
    return error.status is not None and 400 <= error.status < 500
