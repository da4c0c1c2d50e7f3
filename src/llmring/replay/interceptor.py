"""The transport of tests: answers come from a script, a recording or the provider.

Scripted faults apply first; the rest of the answer is scripted, replayed, recorded or real.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from llmring.address import variables_in
from llmring.bridge.inline import on_loop
from llmring.clock import Clock
from llmring.replay.cassette import Cassette, Mode
from llmring.replay.recorded_call import call_of
from llmring.replay.recording import query_of
from llmring.routing.fault_script import FaultScript, ScriptedFault

if TYPE_CHECKING:
    from llmring.client.network import Transport
    from llmring.providers.endpoint import Endpoint
    from llmring.replay.overrides import Overrides
    from llmring.routing.call_context import CallContext
    from llmring.routing.policy import Policy
    from llmring.routing.targets import Target
    from llmring.transport.exchange import Exchange
    from llmring.wire import HttpRequest


# No provider is called, so any value will do.
_NO_KEY = "no-key-is-needed"
_NO_ADDRESS = "http://localhost"


class Interceptor:
    """The transport of tests; it keeps track of the recordings it has replayed.

    Args:
        network: The transport for requests that are really sent.
        folder_of: Returns the folder of recordings, given the policy's setting.
        overrides: The overrides of tests; None if only the lockfile asks for replay or faults.
        clock: The ring's clock.
    """

    def __init__(
        self,
        network: Transport,
        folder_of: Callable[[str | None], Path],
        overrides: Overrides | None,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._network = network
        self._overrides = overrides
        self._folder_of = folder_of
        self._faults: dict[tuple[ScriptedFault, ...], FaultScript] = {}
        self._cassettes: dict[tuple[Path, Mode], Cassette] = {}

    async def open(
        self,
        request: HttpRequest,
        seconds: float | None,
        target: Target | None,
        context: CallContext,
    ) -> Exchange:
        """Answer a request; see `Transport`.

        The policy's `faults` and `mode` apply. A new recording includes the call that the request
        is part of.

        Raises:
            ProviderError: No answer came, or none was recorded.
            ConfigurationError: The test's setup does not fit the request.
            OSError: A recording can't be read or written.
        """
        await on_loop()

        async def answer(left: float | None) -> Exchange:
            return await self._answer(context, target, request, left)

        if target is not None:
            fault = self._due(context.policy, str(target.ref))
            if fault is not None:
                from llmring.replay.fault_injection import open_faulty

                return await open_faulty(fault, target.dialect.name, seconds, answer)
        return await answer(seconds)

    def _due(self, policy: Policy, model: str) -> ScriptedFault | None:
        now = self._overrides
        fault = now.faults.due(model) if now is not None and now.faults else None
        if fault is None and policy.faults:
            script = self._faults.setdefault(policy.faults, FaultScript(policy.faults))
            fault = script.due(model)
        return fault

    async def _answer(
        self,
        context: CallContext,
        target: Target | None,
        request: HttpRequest,
        seconds: float | None,
    ) -> Exchange:
        now = self._overrides
        if now is not None and now.replies is not None and target is not None:
            return await now.replies.open(str(target.ref), target.dialect.name, request)
        cassette = self._cassette(context.policy)
        if cassette is None:
            return await self._network.open(request, seconds, target, context)
        if target is None:
            query = query_of(request, None)
        else:
            endpoint = target.endpoint
            query = query_of(request, str(target.ref), endpoint.base_url, endpoint.secrets)
            if context.request is not None and cassette.mode == "record":
                query = structs.replace(
                    query, call=call_of(context.request, self._clock.now(), endpoint.secrets)
                )

        async def send(sent: HttpRequest, left: float | None) -> Exchange:
            return await self._network.open(sent, left, target, context)

        return await cassette.open(query, request, seconds, send)

    def _cassette(self, policy: Policy) -> Cassette | None:
        now = self._overrides
        if now is not None and now.cassette is not None:
            return now.cassette
        if policy.mode is None:
            return None
        folder = self._folder_of(policy.recordings)
        mode: Mode = "record" if now is not None and now.recording else policy.mode
        return self._cassettes.setdefault((folder, mode), Cassette(folder, mode))


def keyless(endpoints: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Return the providers with made-up keys, for when no provider is really called.

    Args:
        endpoints: Every provider by name.
    """
    return {name: _keyless(endpoint) for name, endpoint in endpoints.items()}


def _keyless(endpoint: Endpoint) -> Endpoint:
    if endpoint.fault is not None:
        return endpoint
    keyed = endpoint.key is not None or endpoint.login is not None
    return structs.replace(
        endpoint,
        key=endpoint.key if keyed else _NO_KEY,
        base_url=_NO_ADDRESS if variables_in(endpoint.base_url) else endpoint.base_url,
    )
