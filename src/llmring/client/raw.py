"""A provider by its vendor's own SDK, with the key and the address that calls use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from llmring.exceptions import ConfigurationError, ProviderNotFoundError
from llmring.lockfile.problem import nearest
from llmring.routing.targets import Endpoint

# An SDK that is given no key looks for one in the environment, which is not for this server.
_NO_KEY = "none"


class RawProvider:
    """A provider that can be called, outside of aliases, failover and cost.

    Attributes:
        name: Its name in model references.
        base_url: Where it lives.
        api: The API that llmring speaks with it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.name = endpoint.provider.name
        self.base_url = endpoint.base_url
        self.api = endpoint.provider.speaking(endpoint.api).name

    def __repr__(self) -> str:
        return f"RawProvider({self.name!r}, {self.base_url!r}, api={self.api!r})"

    @functools.cached_property
    def client(self) -> Any:
        """The vendor's official client, made when first asked for; it is the caller's to close.

        That is `openai.AsyncOpenAI`, `anthropic.AsyncAnthropic`, `google.genai.Client` or
        `ollama.AsyncClient`.

        Raises:
            ConfigurationError: The SDK is not installed, or there is none for this provider.
        """
        sdk = self._endpoint.provider.sdk
        if sdk is None:
            raise ConfigurationError(
                f"{self.name} runs within llmring, so there is no SDK for it; call it by chat()"
            )
        try:
            return _SDKS[sdk](self._endpoint)
        except ImportError as error:
            # Outside of this clause, the traceback is not that of the missing module.
            missing = str(error)
        raise ConfigurationError(
            f'the SDK for {self.name} can\'t be imported ({missing}); pip install "llmring[{sdk}]"'
        )


def raw_provider(name: str, endpoints: Mapping[str, Endpoint]) -> RawProvider:
    """The provider of this name.

    Args:
        name: In any case.
        endpoints: Every provider by name.

    Raises:
        ProviderNotFoundError: There is none of that name, or its key or its address is not set.
    """
    found = endpoints.get(name.lower())
    if found is None:
        meant = nearest(name.lower(), endpoints)
        hint = f"did you mean {meant!r}?" if meant else f"known are {', '.join(endpoints)}"
        raise ProviderNotFoundError(f"there is no provider {name!r}; {hint}", provider=name)
    objection = found.objection()
    if objection is not None:
        raise ProviderNotFoundError(objection.message, provider=found.provider.name)
    return RawProvider(found)


def _openai(endpoint: Endpoint) -> Any:
    from openai import AsyncOpenAI

    return AsyncOpenAI(
        api_key=endpoint.key or _NO_KEY,
        base_url=endpoint.base_url,
        default_headers=endpoint.extra_headers,
        default_query=dict(endpoint.provider.query),
    )


def _anthropic(endpoint: Endpoint) -> Any:
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(
        api_key=endpoint.key or _NO_KEY,
        base_url=endpoint.base_url,
        default_headers=endpoint.extra_headers,
        default_query=dict(endpoint.provider.query),
    )


def _google(endpoint: Endpoint) -> Any:
    from google import genai

    return genai.Client(
        vertexai=False,
        api_key=endpoint.key or _NO_KEY,
        http_options={"base_url": endpoint.base_url, "headers": endpoint.extra_headers},
    )


def _ollama(endpoint: Endpoint) -> Any:
    from ollama import AsyncClient

    return AsyncClient(endpoint.base_url, headers=endpoint.extra_headers)


# By the name of the extra that installs it.
_SDKS: Mapping[str, Callable[[Endpoint], Any]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "ollama": _ollama,
}
