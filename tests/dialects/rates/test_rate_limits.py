"""The limits of requests and tokens that the headers of a reply report."""

from collections.abc import Mapping
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.rates.rate_limits import (
    NO_LIMITS,
    RateLimit,
    RateLimits,
    anthropic_limits,
    openai_limits,
    standard_limits,
)
from llmring.providers.dialects import DialectName, dialect_named
from llmring.wire import HttpHead

DIALECTS = {name: dialect_named(name) for name in get_args(DialectName)}
NOW = "Mon, 23 Nov 2026 12:00:00 GMT"

OPENAI = {
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-limit-tokens": "200000",
    "x-ratelimit-remaining-tokens": "1500",
    "x-ratelimit-reset-tokens": "6m0s",
}
MISTRAL = {
    "x-ratelimit-limit-req-minute": "60",
    "x-ratelimit-remaining-req-minute": "59",
    "x-ratelimit-limit-tokens-minute": "50000",
    "x-ratelimit-remaining-tokens-minute": "47196",
    "x-ratelimit-limit-tokens-month": "4000000",
    "x-ratelimit-remaining-tokens-month": "3950246",
    "x-ratelimit-tokens-query-cost": "2804",
}
CEREBRAS = {
    "x-ratelimit-limit-requests-day": "14400",
    "x-ratelimit-remaining-requests-day": "100",
    "x-ratelimit-reset-requests-day": "33011.382867",
    "x-ratelimit-limit-tokens-minute": "60000",
    "x-ratelimit-remaining-tokens-minute": "30000",
    "x-ratelimit-reset-tokens-minute": "11.38",
}
TOGETHER = {
    "x-ratelimit-limit": "10",
    "x-ratelimit-remaining": "3",
    "x-ratelimit-reset": "0.7",
    "x-tokenlimit-limit": "3000",
    "x-tokenlimit-remaining": "1200",
}
FIREWORKS = {
    "x-ratelimit-limit-tokens-prompt": "120000",
    "x-ratelimit-remaining-tokens-prompt": "119900",
    "x-ratelimit-limit-tokens-generated": "1200",
    "x-ratelimit-remaining-tokens-generated": "300",
    "x-ratelimit-over-limit": "no",
}
XAI = {
    "x-ratelimit-limit-requests": "480",
    "x-ratelimit-remaining-requests": "479",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-tokens": "1999000",
}
OPENROUTER = {
    "date": NOW,
    "x-ratelimit-limit": "20",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "1795435230000",
}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (OPENAI, RateLimits(RateLimit(9999, 0.006, 10000), RateLimit(1500, 360.0, 200000))),
        (MISTRAL, RateLimits(RateLimit(59, 60.0, 60), RateLimit(47196, 60.0, 50000))),
        (CEREBRAS, RateLimits(RateLimit(100, 33011.382867, 14400), RateLimit(30000, 11.38, 60000))),
        (TOGETHER, RateLimits(RateLimit(3, 0.7, 10), RateLimit(1200, None, 3000))),
        (FIREWORKS, RateLimits(None, RateLimit(300, None, 1200))),
        (XAI, RateLimits(RateLimit(479, None, 480), RateLimit(1999000, None, 2000000))),
        (OPENROUTER, RateLimits(RateLimit(0, 30.0, 20))),
        ({"content-type": "application/json", "x-ratelimit-over-limit": "no"}, NO_LIMITS),
    ],
    ids=["openai", "mistral", "cerebras", "together", "fireworks", "xai", "openrouter", "none"],
)
def test_b19_limits_of_servers_with_openai_s_api(
    headers: Mapping[str, str], expected: RateLimits
) -> None:
    assert openai_limits(HttpHead(200, headers)) == expected


def test_b19_limits_of_anthropic_end_at_a_moment_of_the_reply_s_own_date() -> None:
    headers = {
        "date": NOW,
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-23T12:00:01Z",
        "anthropic-ratelimit-tokens-limit": "60000",
        "anthropic-ratelimit-tokens-remaining": "30000",
        "anthropic-ratelimit-tokens-reset": "2026-11-23T12:00:30+00:00",
        "anthropic-ratelimit-input-tokens-limit": "50000",
        "anthropic-ratelimit-input-tokens-remaining": "40000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-23T12:00:12Z",
        "anthropic-ratelimit-output-tokens-limit": "10000",
        "anthropic-ratelimit-output-tokens-remaining": "1000",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-23T12:00:54Z",
    }

    assert anthropic_limits(HttpHead(200, headers)) == RateLimits(
        RateLimit(49, 1.0, 50), RateLimit(1000, 54.0, 10000)
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "ratelimit": '"burst";r=90;t=1, "default";r=5;t=30',
                "ratelimit-policy": '"burst";q=100;w=1,"default";q=50;w=60',
            },
            RateLimit(5, 30.0, 50),
        ),
        ({"ratelimit": "limit=100, remaining=50, reset=7"}, RateLimit(50, 7.0, 100)),
        (
            {"ratelimit-limit": "300", "ratelimit-remaining": "280", "ratelimit-reset": "53"},
            RateLimit(280, 53.0, 300),
        ),
    ],
    ids=["draft 10", "draft 7", "draft 6"],
)
def test_b19_limits_of_the_ietf_s_drafts(headers: Mapping[str, str], expected: RateLimit) -> None:
    assert standard_limits(HttpHead(200, headers)) == RateLimits(expected)


def test_b19_each_dialect_reads_the_headers_of_its_own_vendor() -> None:
    anthropic = {"anthropic-ratelimit-requests-remaining": "7"}
    openai = {"x-ratelimit-remaining-requests": "7"}
    seven = RateLimits(RateLimit(7))
    found = {
        name: [dialect.rate_limits(HttpHead(200, each)) for each in (anthropic, openai)]
        for name, dialect in DIALECTS.items()
    }

    assert found == {
        "anthropic": [seven, NO_LIMITS],
        "gemini": [NO_LIMITS, NO_LIMITS],
        "ollama": [NO_LIMITS, NO_LIMITS],
        "openai_chat": [NO_LIMITS, seven],
        "openai_responses": [NO_LIMITS, seven],
    }


NAMES = st.sampled_from(
    sorted(
        {
            *OPENAI,
            *MISTRAL,
            *CEREBRAS,
            *TOGETHER,
            *FIREWORKS,
            "ratelimit",
            "ratelimit-policy",
            "date",
        }
        | {
            f"anthropic-ratelimit-{unit}-{part}"
            for unit in ("requests", "tokens", "input-tokens", "output-tokens")
            for part in ("limit", "remaining", "reset")
        }
    )
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[0-9hmsd.\-:TZ ,;=rtqw\"]{0,40}", fullmatch=True),
    st.integers(-5, 10**400).map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
)


@given(st.dictionaries(NAMES, VALUES))
def test_nonsense_in_headers_is_ignored(headers: dict[str, str]) -> None:
    for dialect in DIALECTS.values():
        found = dialect.rate_limits(HttpHead(429, headers))
        for limit in (found.requests, found.tokens):
            if limit is not None:
                numbers = [limit.remaining, limit.reset, limit.limit]
                assert all(0 <= each < float("inf") for each in numbers if each is not None)
                assert 0 <= limit.share < float("inf")


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 86399), st.integers(0, 999))
def test_what_openai_writes_is_read_back(left: int, most: int, seconds: int, millis: int) -> None:
    minutes, rest = divmod(seconds, 60)
    headers = {
        "x-ratelimit-limit-tokens": str(most),
        "x-ratelimit-remaining-tokens": str(left),
        "x-ratelimit-reset-tokens": f"{minutes}m{rest}s{millis}ms",
    }
    tokens = openai_limits(HttpHead(200, headers)).tokens

    assert tokens is not None
    assert tokens.reset is not None
    assert (tokens.remaining, tokens.limit) == (left, most)
    assert tokens.reset == pytest.approx(seconds + millis / 1000)
