"""Endpoints: providers with the address and key to call them."""

import base64
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from llmring.address import variables_in
from llmring.chat.json_text import json_bytes
from llmring.dialects.dialect import Dialect, Outgoing
from llmring.exceptions import ProviderAuthenticationError, ProviderError, ProviderNotFoundError
from llmring.providers.kept_key import KeptKey
from llmring.providers.table import Provider
from llmring.redaction import MASK, secrets_in
from llmring.wire import HttpRequest


class Endpoint(Struct, frozen=True):
    """A provider with its address and key. The key shows in no repr.

    Attributes:
        provider: The provider's row.
        base_url: Its address, without a final slash.
        key: The key that the environment sets, if any.
        login: "user:password" for a server that requires them, such as a gateway.
        api: The API used for all models; None for the one that the catalog names for a model, or
            else the provider's default.
        fault: The error in its settings that keeps it from being used, if any.
        kept: The key that the user has kept for it, used without one in the environment.
    """

    provider: Provider
    base_url: str
    key: str | None = None
    login: str | None = None
    api: str | None = None
    fault: str | None = None
    kept: KeptKey | None = None

    def __repr__(self) -> str:
        key = MASK if self.key else None
        return f"Endpoint({self.provider.name!r}, {self.base_url!r}, key={key})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("provider", self.provider.name), ("base_url", self.base_url)]

    @property
    def key_in_use(self) -> str | None:
        """The key of the environment, or else the kept one, which may be read now."""
        return self.kept.value() if self.key is None and self.kept is not None else self.key

    @property
    def usable(self) -> bool:
        """True if the key and address that its provider needs are set."""
        return self.objection() is None

    def objection(self) -> ProviderError | None:
        """Return why the endpoint can't be used, and what to set; None if it can."""
        unset = variables_in(self.base_url)
        keyless = self.key_in_use is None and self.login is None
        error: ProviderError
        if self.fault:
            return ProviderNotFoundError(self.fault, provider=self.provider.name)
        if keyless and self.provider.key_env:
            fix = f"set {' or '.join(self.provider.key_env)}"
            error = ProviderAuthenticationError(f"no key; {fix}", provider=self.provider.name)
        elif unset:
            fix = f"set {' and '.join(unset)}"
            error = ProviderNotFoundError(f"no address; {fix}", provider=self.provider.name)
        else:
            return None
        error.fix = fix
        return error

    @property
    def secrets(self) -> list[str]:
        """The secrets that must not appear in errors and logs."""
        key = self.known_key
        return [key, *self.other_secrets] if key else self.other_secrets

    @property
    def known_key(self) -> str | None:
        """The key, unless it is a kept one that was not read: no text can hold that."""
        return self.key or (self.kept.known if self.kept is not None else None)

    @property
    def other_secrets(self) -> list[str]:
        """The secrets apart from the key."""
        secrets = []
        if self.login:
            secrets += [_basic(self.login), self.login.partition(":")[2]]
        return secrets + secrets_in(self.provider.headers) + secrets_in(self.provider.query)

    def request(self, outgoing: Outgoing, dialect: Dialect) -> HttpRequest:
        """Return the HTTP request that sends this to the endpoint in this dialect."""
        has_body = outgoing.method not in ("GET", "DELETE")
        body = outgoing.body
        if body is None:
            body = json_bytes(outgoing.payload) if has_body else b""
        return HttpRequest(
            outgoing.method,
            self.url(outgoing.path),
            {
                **({"content-type": outgoing.content_type} if has_body else {}),
                **self.headers(dialect),
                **outgoing.headers,
            },
            body,
            outgoing.notes,
        )

    def headers(self, dialect: Dialect) -> dict[str, str]:
        """Return the headers that all requests to the endpoint carry, key included."""
        own_header = self.provider.key_header
        key = self.key_in_use
        return {
            **dialect.headers,
            **(dialect.authorize(key) if key and not own_header else {}),
            **self.extra_headers,
        }

    @property
    def extra_headers(self) -> dict[str, str]:
        """The headers of its requests in addition to the dialect's, in lower case."""
        headers = dict(self.provider.headers)
        name, key = self.provider.key_header, self.key_in_use
        if key and name:
            headers[name] = f"Bearer {key}" if name == "authorization" else key
        if self.login:
            headers["authorization"] = f"Basic {_basic(self.login)}"
        return headers

    def url(self, path: str) -> str:
        """Return the address of a path below the base URL."""
        if not self.provider.query:
            return self.base_url + path
        return f"{self.base_url}{path}{'&' if '?' in path else '?'}{urlencode(self.provider.query)}"


def _basic(login: str) -> str:
    return base64.b64encode(login.encode()).decode()
