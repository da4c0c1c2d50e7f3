"""Routes that are worked out once for an alias."""

import logging
from datetime import date
from pathlib import Path

import msgspec
import pytest

import priced
from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.client.route_cache import Route, Routes, route_of
from llmring.config.lockfile_reading import LockfileReading
from llmring.config.settings import read_settings
from llmring.ledger.project import Stamp
from llmring.lockfile.compose import Resolved
from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.file import LockfileSource
from llmring.routing.policy import Policy
from llmring.routing.targets import Target

DAY = date(2026, 11, 23)
OLD = ModelRef("openai", "old")
NEW = ModelRef("openai", "new")
SOURCE = LockfileSource(Path("llmring.lock"), "folder", writable=True)


def target(ref: ModelRef, retires: date | None = None) -> Target:
    found = priced.target(ref.model, "1")
    assert found.facts is not None
    facts = msgspec.structs.replace(found.facts, retires=retires)
    replaced: Target = msgspec.structs.replace(found, facts=facts)
    return replaced


def route(
    policy: Policy | None = None, day: date = DAY, pins: dict[str, dict[str, str]] | None = None
) -> Route:
    """Return the route over a model that retires on `DAY`, and one that does not."""
    candidates = [target(OLD, retires=DAY), target(NEW)]
    found = Resolved((OLD, NEW), "fast")
    lockfile = Lockfile(registry={"pins": pins or {}})
    reading = LockfileReading(lockfile, SOURCE, read_settings({}), {})
    return route_of(found, policy or Policy(), candidates, Stamp("default"), reading, day)


def models(found: Route) -> list[str]:
    request = parse_request(LLMRequest("fast", "Hi"))
    return [each.ref.model for each in found.models.fit_for(request).candidates]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def test_a_model_is_last_from_the_day_on_which_it_retires() -> None:
    assert models(route(day=date(2026, 11, 22))) == ["old", "new"]
    assert models(route(day=DAY)) == ["new", "old"]


def test_a_retired_model_is_warned_of_once_however_often_its_route_is_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    route(day=date(2026, 11, 22))
    assert warnings(caplog) == []

    for _ in range(3):
        route(day=DAY)

    [warning] = warnings(caplog)
    assert "openai:old was retired by its provider on 2026-11-23" in warning


@pytest.mark.parametrize(
    ("policy", "is_weighed"),
    [
        (Policy(), False),
        (Policy(retries=2, timeout=5), False),
        (Policy(rpm=10), True),
        (Policy(daily_budget=1.0), True),
        (Policy(strategy="cheapest"), True),
    ],
    ids=["none", "retries", "rpm", "budget", "strategy"],
)
def test_only_calls_with_limits_or_a_choice_of_models_are_weighed(
    policy: Policy, is_weighed: bool
) -> None:
    assert route(policy).is_weighed is is_weighed


def test_another_snapshot_than_the_pinned_one_is_remarked_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = route(pins={"openai:new": {"snapshot": "new-1"}})

    assert found.remark(NEW, "new-1") is None
    remark = found.remark(NEW, "new-2")

    assert remark is not None
    assert "new-1" in remark
    assert "new-2" in remark
    assert found.remark(NEW, "new-2") is None
    assert warnings(caplog)[-1] == f"openai:new {remark}"
    assert caplog.text.count("new-2") == 1


def test_made_up_names_of_models_do_not_fill_the_memory() -> None:
    routes, one = Routes(None), route()

    for number in range(5000):
        routes.keep((f"openai:made-up-{number}", None, None), one)

    assert len(routes) <= 1000
    assert routes["openai:made-up-4999", None, None] is one
