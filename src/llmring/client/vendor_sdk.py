"""A provider's official SDK, with the key and the address that calls use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from llmring.exceptions import ConfigurationError, ProviderNotFoundError
from llmring.lockfile.problem import nearest
from llmring.providers.endpoint import Endpoint

# Without a key, an SDK would send one from the environment to a server it was not meant for.
_NO_KEY = "none"


class RawProvider:
    """A provider that can be called directly, without aliases, failover and cost.

    Attributes:
        name: Its name in model references.
        base_url: Its address.
        api: The API that llmring uses with it.
    """

    __module__ = "llmring"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.name = endpoint.provider.name
        self.base_url = endpoint.base_url
        self.api = endpoint.provider.speaking(endpoint.api).name

    def __repr__(self) -> str:
        return f"RawProvider({self.name!r}, {self.base_url!r}, api={self.api!r})"

    @functools.cached_property
    def client(self) -> Any:
        """The vendor's official client, created on first use; the caller must close it.

        Its type is `openai.AsyncOpenAI`, `anthropic.AsyncAnthropic`, `google.genai.Client` or
        `ollama.AsyncClient`.

        Raises:
            ConfigurationError: The SDK is not installed, or the provider has no SDK.
        """
        sdk = self._endpoint.provider.sdk
        if sdk is None:
            raise ConfigurationError(
                f"{self.name} runs within llmring and has no SDK; call it with chat()"
            )
        try:
            return _SDKS[sdk](self._endpoint)
        except ImportError as error:
            # The error is raised outside this clause, without the traceback of the import.
            missing = str(error)
        raise ConfigurationError(
            f'can\'t import the SDK for {self.name} ({missing}); run pip install "llmring[{sdk}]"'
        )


def raw_provider(name: str, endpoints: Mapping[str, Endpoint]) -> RawProvider:
    """Return the provider of this name.

    Args:
        name: The name, in upper or lower case.
        endpoints: Every provider by name.

    Raises:
        ProviderNotFoundError: The provider is unknown, or its key or address is not set.
    """
    found = endpoints.get(name.lower())
    if found is None:
        meant = nearest(name.lower(), endpoints)
        hint = f"did you mean {meant!r}?" if meant else f"use one of {', '.join(endpoints)}"
        raise ProviderNotFoundError(f"unknown provider {name!r}; {hint}", provider=name)
    objection = found.objection()
    if objection is not None:
        raise ProviderNotFoundError(objection.message, provider=found.provider.name)
    return RawProvider(found)


def _openai(endpoint: Endpoint) -> Any:
    from openai import AsyncOpenAI

    return AsyncOpenAI(
        api_key=endpoint.key_in_use or _NO_KEY,
        base_url=endpoint.base_url,
        default_headers=endpoint.extra_headers,
        default_query=dict(endpoint.provider.query),
    )


def _anthropic(endpoint: Endpoint) -> Any:
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(
        api_key=endpoint.key_in_use or _NO_KEY,
        base_url=endpoint.base_url,
        default_headers=endpoint.extra_headers,
        default_query=dict(endpoint.provider.query),
    )


def _google(endpoint: Endpoint) -> Any:
    from google import genai

    return genai.Client(
        vertexai=False,
        api_key=endpoint.key_in_use or _NO_KEY,
        http_options={"base_url": endpoint.base_url, "headers": endpoint.extra_headers},
    )


def _ollama(endpoint: Endpoint) -> Any:
    from ollama import AsyncClient

    return AsyncClient(endpoint.base_url, headers=endpoint.extra_headers)


# By the name of the extra that installs the SDK.
_SDKS: Mapping[str, Callable[[Endpoint], Any]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "ollama": _ollama,
}
