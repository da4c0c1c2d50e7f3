"""The limits of requests and tokens that the headers of a reply report.

- OpenAI: https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
- Anthropic: https://platform.claude.com/docs/en/api/rate-limits#response-headers
- Azure: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota
- Groq: https://console.groq.com/docs/rate-limits#rate-limit-headers
- Mistral: https://docs.mistral.ai/deployment/laplateforme/tier/
- Cerebras: https://inference-docs.cerebras.ai/support/rate-limits
- Together: https://docs.together.ai/docs/rate-limits
- Fireworks: https://docs.fireworks.ai/serverless/rate-limits
- xAI: https://docs.x.ai/docs/consumption-and-rate-limits
- OpenRouter: https://openrouter.ai/docs/api-reference/limits
- IETF: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from llmring.dialects.rates.header_values import number_in, reset_in
from llmring.wire import HttpHead

Unit = Literal["requests", "tokens"]


class RateLimit(Struct, frozen=True):
    """A limit of requests or tokens.

    Attributes:
        remaining: What may still be sent until the limit is reset.
        reset: Seconds until it is reset; None if that is unknown.
        limit: What may be sent in all; None if that is unknown.
    """

    remaining: float
    reset: float | None = None
    limit: float | None = None

    @property
    def share(self) -> float:
        """The share of the limit that is left; 1.0 if that is unknown."""
        if not self.limit:
            return 0.0 if self.remaining <= 0 else 1.0
        return self.remaining / self.limit


class RateLimits(Struct, frozen=True):
    """The limits that a reply reports: of each unit, the one that is nearest to its end."""

    requests: RateLimit | None = None
    tokens: RateLimit | None = None


NO_LIMITS = RateLimits()

# The patterns are compiled when they are first needed, as few calls do.
# A part of a limit: "limit", "remaining" or "reset", its name before or after the unit's.
_PART = r"(?P<part>limit|remaining|reset)"
_PERIOD = r"(?P<period>-(second|minute|hour|day|month))?"

# OpenAI's own, with the suffixes of Mistral (`-req-minute`), Cerebras (`-requests-day`), Fireworks
# (`-tokens-prompt`, `-tokens-generated`).
_BY_UNIT = (
    rf"x-ratelimit-{_PART}-(?P<unit>requests|req|tokens)(?P<kind>-prompt|-generated)?{_PERIOD}"
)
# Together's, OpenRouter's, and the older drafts of the IETF.
_PLAIN = rf"(?P<unit>x-ratelimit|x-tokenlimit|ratelimit)-{_PART}"
# "Most restrictive" is Anthropic's own `tokens`; the others are for servers without it.
_ANTHROPIC = rf"anthropic-ratelimit-(?P<kind>input-|output-)?(?P<unit>requests|tokens)-{_PART}"

_UNITS: Mapping[str, Unit] = {
    "requests": "requests",
    "req": "requests",
    "x-ratelimit": "requests",
    "ratelimit": "requests",
    "tokens": "tokens",
    "x-tokenlimit": "tokens",
}

# The most seconds until a limit of this period is reset, where no header reports it.
_MOST_SECONDS = {"-second": 1.0, "-minute": 60.0, "-hour": 3600.0}


def openai_limits(head: HttpHead) -> RateLimits:
    """Return the limits that a server with OpenAI's API, or one like it, reports."""
    return _limits(head, _BY_UNIT, _PLAIN)


def anthropic_limits(head: HttpHead) -> RateLimits:
    """Return the limits that a server with Anthropic's API reports."""
    return _limits(head, _ANTHROPIC, _PLAIN)


def standard_limits(head: HttpHead) -> RateLimits:
    """Return the limits that a server, or a proxy, reports as the drafts of the IETF have it."""
    return _limits(head, _PLAIN)


def _limits(head: HttpHead, *names: str) -> RateLimits:
    parts: dict[tuple[Unit, str, str], dict[str, str]] = {}
    for name, value in head.headers.items():
        if "limit" in name and (found := _meaning(name, names)) is not None:
            key, part = found
            parts.setdefault(key, {}).setdefault(part, value)
    found_limits = [(unit, _limit(head, each, period)) for (unit, _, period), each in parts.items()]
    found_limits += [("requests", each) for each in _structured(head)]
    if not found_limits:
        return NO_LIMITS
    return RateLimits(_nearest(found_limits, "requests"), _nearest(found_limits, "tokens"))


# The names of headers are few, and come again with each reply.
@functools.lru_cache(maxsize=256)
def _meaning(name: str, names: Sequence[str]) -> tuple[tuple[Unit, str, str], str] | None:
    """Return the unit, the kind and the period of a limit, and the part of it that a header has."""
    for each in names:
        match = re.fullmatch(each, name)
        if match is not None:
            groups = match.groupdict()
            unit = _UNITS[groups["unit"]]
            return (unit, groups.get("kind") or "", groups.get("period") or ""), groups["part"]
    return None


def _limit(head: HttpHead, parts: Mapping[str, str], period: str) -> RateLimit | None:
    remaining = number_in(parts.get("remaining"))
    if remaining is None:
        return None
    reset = reset_in(head, parts.get("reset"))
    if reset is None:
        reset = _MOST_SECONDS.get(period)
    return RateLimit(remaining, reset, number_in(parts.get("limit")))


def _nearest(found: list[tuple[Unit, RateLimit | None]], unit: Unit) -> RateLimit | None:
    limits = [limit for each, limit in found if each == unit and limit is not None]
    return min(limits, key=lambda limit: limit.share, default=None)


# `"default";r=50;t=30`, and of an older draft: `limit=100, remaining=50, reset=30`.
_ITEM = r"""("[^"]{0,100}"|[^",]{1,100})((?:\s*;\s*[a-z]{1,20}=[^;,]{1,40})*)"""
_PARAMETER = r";\s*([a-z]{1,20})=\s*([^;,]{1,40})"
_OLDER = r"(limit|remaining|reset)=\s*(\d{1,15})"


def _structured(head: HttpHead) -> Iterator[RateLimit]:
    """Yield the limits of the header `ratelimit`."""
    value = head.headers.get("ratelimit")
    if value is None:
        return
    older = dict(re.findall(_OLDER, value))
    if older:
        limit = _limit(head, older, "")
        if limit is not None:
            yield limit
        return
    quotas = {
        name: number_in(parameters.get("q"))
        for name, parameters in _items(head.headers.get("ratelimit-policy", ""))
    }
    for name, parameters in _items(value):
        remaining = number_in(parameters.get("r"))
        if remaining is not None:
            yield RateLimit(remaining, number_in(parameters.get("t")), quotas.get(name))


def _items(value: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, parameters in re.findall(_ITEM, value):
        yield name.strip(), dict(re.findall(_PARAMETER, parameters))
