"""Model references resolved to targets, or to skips with the reason."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import Event
from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import Decoder, Dialect, Quirks
from llmring.dialects.think_tags import UntaggedDecoder, untagged
from llmring.exceptions import ProviderError, ProviderNotFoundError
from llmring.lockfile.document import ModelRef
from llmring.lockfile.problem import listed, nearest
from llmring.providers.endpoint import Endpoint
from llmring.redaction import MASK, marks_of, pattern_of
from llmring.registry.catalog import ModelFacts
from llmring.wire import HttpHead, HttpRequest


class Target(Struct, frozen=True, dict=True):
    """A model that can be called; values derived from its attributes are computed once.

    Attributes:
        ref: Its reference in the lockfile.
        endpoint: The endpoint that serves it.
        dialect: The dialect of that endpoint's API.
        facts: Its facts in the catalog, if any.
    """

    ref: ModelRef
    endpoint: Endpoint
    dialect: Dialect
    facts: ModelFacts | None = None

    @property
    def prefills(self) -> bool:
        """True if it continues a last message of the assistant by itself."""
        if self.endpoint.provider.quirks.prefills:
            return True
        return self.facts is not None and "prefill" in self.facts.capabilities

    def encode(self, request: ParsedRequest, *, stream: bool) -> HttpRequest:
        """Return the HTTP request that asks this model.

        Raises:
            UnsupportedFeatureError: The API has no equivalent for a part of the request.
        """
        outgoing = self.dialect.encode(request, self.ref.model, stream=stream, quirks=self.quirks)
        if outgoing.headers or outgoing.body is not None or outgoing.method != "POST":
            return self.endpoint.request(outgoing, self.dialect)
        try:
            # What `json_bytes` does first; each call takes this path.
            body = msgspec.json.encode(outgoing.payload)
        except UnicodeEncodeError:
            body = json_bytes(outgoing.payload)
        url = self.endpoint.url(outgoing.path)
        return HttpRequest("POST", url, self._json_headers, body, outgoing.notes)

    def decode(self, head: HttpHead, body: bytes) -> list[Event]:
        """Decode a whole reply; see `Dialect`."""
        events = self.dialect.decode(head, body)
        return untagged(events) if self.quirks.think_tags else events

    def decoder(self, head: HttpHead) -> Decoder:
        """Create a decoder for one streamed reply; see `Dialect`."""
        decoder = self.dialect.decoder(head)
        return UntaggedDecoder(decoder) if self.quirks.think_tags else decoder

    @functools.cached_property
    def elsewhere(self) -> Target | None:
        """The same model by its provider's second API; None if its API is settled."""
        provider, facts = self.endpoint.provider, self.facts
        settled = self.endpoint.api or (facts.api if facts is not None else None)
        if provider.second_api is None or settled or self.dialect is not provider.dialect:
            return None
        return Target(self.ref, self.endpoint, provider.speaking(provider.second_api), facts)

    @functools.cached_property
    def takes_tools_elsewhere(self) -> bool:
        """True if it takes tools only by its provider's second API, unless reasoning is off."""
        tools_api = self.facts.tools_api if self.facts is not None else None
        if tools_api is None:
            return self.dialect.refuses_tools(self.ref.model)
        return tools_api == self.endpoint.provider.second_api

    @functools.cached_property
    def name(self) -> str:
        """The reference as text."""
        return str(self.ref)

    @functools.cached_property
    def quirks(self) -> Quirks:
        """The quirks of its server and of the model itself."""
        quirks, facts = self.endpoint.provider.quirks, self.facts
        changes: dict[str, Any] = {"server": self.ref.provider}
        if quirks.json_schema and facts is not None and facts.lacks("json_schema"):
            # Older models of a server that enforces schemas may refuse its JSON mode too (GPT-4).
            # https://platform.openai.com/docs/guides/structured-outputs#json-mode
            changes |= {"json_schema": False, "json_mode": False}
        if facts is None and quirks.thinking_display:
            # An older model may not know the field.
            changes["thinking_display"] = False
        if facts is not None and facts.system_turns:
            changes["system_turns"] = True
        return msgspec.structs.replace(quirks, **changes)

    @functools.cached_property
    def secrets(self) -> re.Pattern[str]:
        """The pattern of the secrets that requests carry, in the spellings of servers."""
        return pattern_of(self.endpoint.secrets)

    @functools.cached_property
    def _secret_marks(self) -> tuple[bytes, ...]:
        return marks_of(self.endpoint.secrets)

    def masked(self, data: bytes) -> bytes:
        """Return bytes of the server without the secrets that requests carry."""
        marks = self._secret_marks
        lower = data.lower() if marks else b""
        if not any(mark in lower for mark in marks):
            return data
        return self.secrets.sub(MASK, data.decode("latin-1")).encode("latin-1")

    @functools.cached_property
    def _json_headers(self) -> dict[str, str]:
        return {"content-type": "application/json", **self.endpoint.headers(self.dialect)}


class Skip(Struct, frozen=True):
    """A model that is skipped, and the error with the reason."""

    ref: ModelRef
    error: ProviderError


def targets(
    refs: Iterable[ModelRef],
    endpoints: Mapping[str, Endpoint],
    facts: Callable[[ModelRef], ModelFacts | None],
) -> list[Target | Skip]:
    """Resolve each reference, in order, to a target or to a skip with the reason.

    Args:
        refs: The models that the lockfile binds.
        endpoints: The known endpoints by name of provider.
        facts: Looks a model up in the catalog.
    """
    return [_target(ref, endpoints, facts) for ref in refs]


def _target(
    ref: ModelRef,
    endpoints: Mapping[str, Endpoint],
    facts: Callable[[ModelRef], ModelFacts | None],
) -> Target | Skip:
    endpoint = endpoints.get(ref.provider)
    if endpoint is None:
        near = nearest(ref.provider, endpoints)
        names = listed(endpoints, "llmring providers")
        hint = f"did you mean {near}?" if near else f"known are {names}"
        return Skip(
            ref,
            ProviderNotFoundError(
                f"no provider {ref.provider!r}; {hint}", provider=ref.provider, model=ref.model
            ),
        )
    objection = endpoint.objection()
    if objection is not None:
        objection.model = ref.model
        return Skip(ref, objection)
    known = facts(ref)
    api = endpoint.api or (known.api if known else None)
    return Target(ref, endpoint, endpoint.provider.speaking(api), known)
