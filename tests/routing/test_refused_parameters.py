"""The memory of what models refuse."""

import asyncio
import json
from functools import partial

import pytest

from circuits import target as target_of
from llmring.dialects.refusals.unknown_to_server import LeaveOutBetas, LeaveOutField
from llmring.dialects.request_changes import LeaveOut, RequestChange
from llmring.exceptions import ProviderError, ProviderResponseError, UnsupportedFeatureError
from llmring.routing.refused_parameters import (
    MOST_CHANGES,
    MOST_MODELS,
    RefusedParameters,
    is_refused_at_once,
    without_refused,
)
from llmring.routing.selection.prepare import Fetch, Prepared
from llmring.routing.targets import Target
from llmring.wire import HttpHead, HttpRequest

BODY = {"model": "m", "seed": 1, "top_k": 2}


def target(model: str = "m", url: str = "http://one") -> Target:
    return target_of(f"openai:{model}", base_url=url)


def left_out(name: str) -> LeaveOut:
    return LeaveOut(name=name, paths=((name,),))


def request() -> HttpRequest:
    return HttpRequest("POST", "http://x", {}, json.dumps(BODY).encode())


def test_a_new_memory_changes_nothing() -> None:
    refused, prepared = RefusedParameters(), Prepared(request())

    assert refused.is_empty
    assert refused.adjusted(target(), prepared) is prepared


def test_what_one_model_refused_is_left_out_for_it_alone() -> None:
    refused, prepared = RefusedParameters(), Prepared(request(), ("before",))
    refused.remember(target(), [left_out("seed")])
    refused.remember(target(), [left_out("top_k")])
    adjusted = refused.adjusted(target(), prepared)

    assert not refused.is_empty
    assert json.loads(adjusted.http.body) == {"model": "m"}
    assert adjusted.adjusted == (
        "before",
        "seed left out: the model refuses it",
        "top_k left out: the model refuses it",
    )
    assert refused.adjusted(target("other"), prepared) is prepared
    assert refused.adjusted(target(url="http://two"), prepared) is prepared


@pytest.mark.parametrize(
    "change", [LeaveOutBetas(("seed",)), LeaveOutField(name="seed", vendor="v.example")]
)
def test_g051_what_a_server_does_not_know_is_left_out_for_all_of_its_models(
    change: RequestChange,
) -> None:
    http = HttpRequest("POST", "http://x", {"anthropic-beta": "seed"}, request().body)
    refused, prepared = RefusedParameters(), Prepared(http)
    refused.remember(target(), [change, left_out("top_k")])

    of_other = refused.adjusted(target("other"), prepared)

    assert len(of_other.adjusted) == 1
    assert "seed" in of_other.adjusted[0]
    assert refused.adjusted(target("other", url="http://two"), prepared) is prepared
    assert len(refused.adjusted(target(), prepared).adjusted) == 2


@pytest.mark.parametrize(
    ("change", "relay"), [(LeaveOutBetas(("b",)), "verbatim"), (left_out("seed"), "translated")]
)
def test_g051_a_body_whose_bytes_stay_is_still_the_client_s(
    change: RequestChange, relay: str
) -> None:
    http = HttpRequest("POST", "http://x", {"anthropic-beta": "b"}, request().body)
    refused = RefusedParameters()
    refused.remember(target(), [change])

    assert refused.adjusted(target(), Prepared(http, relay="verbatim")).relay == relay
    assert refused.adjusted(target(), Prepared(http)).relay is None


def test_a_request_that_is_finished_later_is_changed_too() -> None:
    async def finish(fetch: Fetch, seconds: float | None) -> HttpRequest:
        return request()

    async def fetch(request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
        raise AssertionError

    refused = RefusedParameters()
    refused.remember(target(), [left_out("seed")])
    adjusted = refused.adjusted(target(), Prepared(request(), finish=finish))

    assert adjusted.finish is not None

    async def finished() -> HttpRequest:
        assert adjusted.finish is not None
        return await adjusted.finish(fetch, None)

    http = asyncio.run(finished())
    assert json.loads(http.body) == {"model": "m", "top_k": 2}


def test_the_memory_is_bounded() -> None:
    refused = RefusedParameters()
    for at in range(MOST_MODELS + 1):
        refused.remember(target(f"m{at}"), [left_out("seed")])
    for at in range(MOST_CHANGES):
        refused.remember(target("last"), [left_out(f"p{at}")])
    refused.remember(target("last"), [left_out("seed")])
    adjusted = partial(refused.adjusted, prepared=Prepared(request()))

    assert adjusted(target("m0")).adjusted == ()
    assert adjusted(target(f"m{MOST_MODELS}")).adjusted
    assert adjusted(target("last")).adjusted


def unsupported(*changes: RequestChange, status: int | None = 400) -> UnsupportedFeatureError:
    error = UnsupportedFeatureError("no", status=status)
    error.changes = changes
    return error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (unsupported(left_out("seed")), True),
        (unsupported(left_out("other")), False),
        (unsupported(), False),
        (ProviderResponseError("busy", status=503), False),
    ],
)
def test_a_request_is_sent_again_only_if_it_changes(error: ProviderError, again: bool) -> None:
    assert (without_refused(request(), error) is not None) is again


@pytest.mark.parametrize(
    ("status", "expected"), [(400, True), (422, True), (200, False), (None, False)]
)
def test_only_an_error_status_shows_that_nothing_was_done(
    status: int | None, expected: bool
) -> None:
    assert is_refused_at_once(unsupported(status=status)) is expected
