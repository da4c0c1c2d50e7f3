"""Listing the models of a provider, as the provider reports them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from llmring.client.executor import Executor
from llmring.client.operations.shared_deadline import SharedDeadline
from llmring.config.settings import Settings
from llmring.dialects.dialect import ListedModel, Listing
from llmring.exceptions import UnsupportedFeatureError
from llmring.local import llama, mock
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.routing.attempt import AttemptState
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Target, targets
from llmring.wire import HttpHead, is_success

_Page = tuple[list[ListedModel], str | None]


async def list_models(
    executor: Executor,
    name: str,
    endpoints: Mapping[str, Endpoint],
    settings: Settings,
    shared_deadline: SharedDeadline,
) -> list[ListedModel]:
    """Return all models of a provider, in its own order.

    Args:
        executor: Sends requests.
        name: The provider.
        endpoints: Every provider by name.
        settings: Settings that locate the local models.
        shared_deadline: Creates the failover of a request.

    Raises:
        ProviderError: The provider is unknown, or gives no list.
    """
    candidates = targets([ModelRef(name.lower(), "")], endpoints, lambda _: None)
    for candidate in candidates:
        if isinstance(candidate, Target):
            here = _HERE.get(urlsplit(candidate.endpoint.base_url).scheme)
            if here is not None:
                return here(settings)
    models: list[ListedModel] = []
    mark: str | None = None
    seen: set[str | None] = set()
    while mark not in seen:
        seen.add(mark)
        page, mark = await executor.send(
            shared_deadline.failover(candidates, _page_request(mark)), _settle
        )
        models += page
        if mark is None:
            break
    return models


def _page_request(mark: str | None) -> Callable[[Target], Prepared]:
    def prepare(target: Target) -> Prepared:
        return Prepared(target.endpoint.request(_listing(target).encode(mark), target.dialect))

    return prepare


def _settle(attempt: AttemptState, head: HttpHead, body: bytes) -> _Page:
    if not is_success(head):
        raise attempt.target.dialect.explain(head, body)
    page = _listing(attempt.target).decode(head, body)
    attempt.succeed(head.status)
    return page


def _listing(target: Target) -> Listing:
    listing = target.dialect.listing or target.endpoint.provider.dialect.listing
    if listing is None:
        raise UnsupportedFeatureError(f"{target.ref.provider} can't list its models")
    return listing


def _local(settings: Settings) -> list[ListedModel]:
    here = llama.models(settings.local_model, settings.cache_dir)
    return [ListedModel(id=model.name, context_window=model.context) for model in here]


def _mock(_: Settings) -> list[ListedModel]:
    return [ListedModel(id=name) for name in mock.names()]


# Providers inside this process, by the scheme of their address.
_HERE: Mapping[str, Callable[[Settings], list[ListedModel]]] = {"local": _local, "mock": _mock}
