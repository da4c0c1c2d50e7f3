"""Checks that call providers: that each answers, and that the clock is right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmring.audit.machine import Check, CheckOutcome, Setup
from llmring.bridge import portal
from llmring.chat.request import LLMRequest
from llmring.config.settings import effective_facts_here
from llmring.exceptions import LimitExceededError, ProviderError
from llmring.registry.price import dollars
from llmring.transport.http_client import HttpClient
from llmring.wire import HttpRequest

if TYPE_CHECKING:
    from llmring.lockfile.document import ModelRef

# Signatures and certificates tolerate a few minutes.
MOST_SECONDS_OFF = 120

_SECONDS = 20.0


def _calls(setup: Setup) -> Iterator[CheckOutcome]:
    from llmring.audit.candidate_trial import TrialRing

    spent, unpriced = Decimal(0), False
    for ref in _one_each(setup):
        name = str(ref)
        request = LLMRequest(model=name, messages="Hi", max_tokens=1, timeout=_SECONDS)
        with TrialRing(setup.source.path, name, [ref]) as ring:
            try:
                answer = ring.chat(request, profile=setup.profile).result()
            except (ProviderError, LimitExceededError) as error:
                line = " ".join(str(error).split())
                fix = f"see its configuration: llmring explain {name}"
                yield CheckOutcome("fail", f"{name}: {line:.300}", fix)
                continue
        if answer.cost is None:
            unpriced = True
        spent += answer.cost or 0
        cost = "cost unknown" if answer.cost is None else dollars(answer.cost)
        yield CheckOutcome("ok", f"{name} answered, {answer.attempts[-1].ms:.0f} ms, {cost}")
    more = ", without calls of unknown cost" if unpriced else ""
    yield CheckOutcome("ok", f"total cost: {dollars(spent)}{more}")


def _one_each(setup: Setup) -> list[ModelRef]:
    """Choose the first chat model of each usable provider."""
    known = effective_facts_here(setup.lockfile)
    chosen: dict[str, ModelRef] = {}
    for ref in setup.models:
        endpoint = setup.endpoints.get(ref.provider)
        facts = known.facts(ref)
        chats = facts is None or facts.kind == "chat"
        if endpoint is not None and endpoint.usable and chats:
            chosen.setdefault(ref.provider, ref)
    return [*chosen.values()]


def _clock(setup: Setup) -> Iterator[CheckOutcome]:
    for name, endpoint in setup.used.items():
        if urlsplit(endpoint.base_url).scheme not in ("http", "https") or not endpoint.usable:
            continue
        try:
            server_time = portal.run(_date(endpoint.base_url))
        except ProviderError:
            continue
        if server_time is None:
            continue
        off = abs((setup.settings.clock.now() - server_time).total_seconds())
        if off > MOST_SECONDS_OFF:
            yield CheckOutcome("fail", f"{off:.0f} s off the clock of {name}", "set it, or use NTP")
        else:
            yield CheckOutcome("ok", f"agrees with the clock of {name}")
        return
    yield CheckOutcome("warn", "no server sent its time", "see the calls above")


async def _date(url: str) -> datetime | None:
    """Return the time in the Date header of a server's reply, whatever its status."""
    client = HttpClient()
    try:
        exchange = await client.open(HttpRequest("GET", url, {}, b""), _SECONDS)
        head = exchange.head
        exchange.close()
    finally:
        await client.aclose()
    try:
        server_time = parsedate_to_datetime(head.headers.get("date", ""))
    except ValueError:
        return None
    return server_time if server_time.tzinfo else server_time.replace(tzinfo=UTC)


LIVE: tuple[tuple[str, Check], ...] = (("calls", _calls), ("clock", _clock))
