"""Headers that show how an answer came about."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import Attempt, LLMResponse, StreamChunk
from llmring.gateway.answer_headers import (
    LONGEST,
    CallFacts,
    Duration,
    LockDigest,
    answer_headers,
    attempts_text,
    header_text,
    limit_headers,
    request_id_headers,
)
from llmring.gateway.wires import CHAT, MESSAGES
from llmring.lockfile.document import parse
from llmring.wire import HttpHead

FACTS = CallFacts(alias="fast", profile="default", relay="translated", lock="sha256:ab")
FAILED = Attempt(model="openai:gpt-4o", outcome="failed", status=503, ms=120.4)
CUT = Attempt(model="openai:gpt-4o", outcome="failed", ms=3.0)
SKIPPED = Attempt(model="groq:x", outcome="skipped", reason="no key")
OK = Attempt(model="anthropic:claude", outcome="ok", status=200, ms=812.0)
LOCKFILE = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:gpt-4o"]\n'


def response(attempts: Sequence[Attempt] = (FAILED, OK), **fields: object) -> LLMResponse:
    given = {"content": "Hi", "model": "anthropic:claude", "attempts": tuple(attempts), **fields}
    return LLMResponse(**given)  # type: ignore[arg-type]


def test_g104_an_answer_shows_its_model_alias_profile_attempts_relay_and_lockfile() -> None:
    headers = answer_headers(response(cost=Decimal("0.00120")), FACTS)

    assert headers == {
        "x-llmring-model": "anthropic:claude",
        "x-llmring-alias": "fast",
        "x-llmring-profile": "default",
        "x-llmring-attempts": "openai:gpt-4o 503 120ms; anthropic:claude ok 812ms",
        "x-llmring-relay": "translated",
        "x-llmring-lock": "sha256:ab",
        "x-llmring-cost": "0.0012",
    }


def test_g104_a_call_without_an_alias_shows_none() -> None:
    facts = CallFacts(alias=None, profile="default", relay="verbatim")

    assert (
        answer_headers(response(), facts).keys().isdisjoint({"x-llmring-alias", "x-llmring-lock"})
    )


def test_g104_a_stream_shows_the_attempts_so_far_and_no_cost() -> None:
    chunk = StreamChunk(delta="Hi", model="anthropic:claude", attempts=(FAILED, SKIPPED))
    headers = answer_headers(chunk, FACTS)

    assert headers["x-llmring-attempts"] == (
        "openai:gpt-4o 503 120ms; groq:x skipped; anthropic:claude ok"
    )
    assert not any("cost" in name for name in headers)


def test_g069_the_limits_of_a_provider_are_read_from_its_headers() -> None:
    sent = {
        "x-ratelimit-remaining-requests": "9",
        "anthropic-ratelimit-tokens-reset": "2026-11-30T10:00:00Z",
        "x-ratelimit-limit-tokens": "1\x00\n" + "9" * 900,
        "set-cookie": "a=b",
        "my-x-ratelimit-a": "1",
        "request-id": "req_1",
    }

    found = limit_headers(HttpHead(200, sent))

    assert found.keys() == {*list(sent)[:3]}
    assert found["x-ratelimit-remaining-requests"] == "9"
    assert len(found["x-ratelimit-limit-tokens"]) <= 128
    assert found["x-ratelimit-limit-tokens"].isprintable()


def test_g069_their_number_is_limited() -> None:
    head = HttpHead(200, {f"x-ratelimit-{at}": "1" for at in range(1000)})

    assert 0 < len(limit_headers(head)) <= 32
    assert limit_headers(None) == {}


def test_an_attempt_without_a_status_shows_its_outcome() -> None:
    assert attempts_text([CUT, OK]) == "openai:gpt-4o failed 3ms; anthropic:claude ok 812ms"
    assert attempts_text([]) == ""


@pytest.mark.parametrize(
    ("cost", "reason", "shown"),
    [
        (Decimal("1E-7"), None, {"x-llmring-cost": "0.0000001"}),
        (Decimal(0), None, {"x-llmring-cost": "0"}),
        (None, "no price is known", {"x-llmring-cost-unknown": "no price is known"}),
        (None, None, {"x-llmring-cost-unknown": "not known"}),
    ],
)
def test_g105_a_cost_is_exact_or_unknown_with_the_reason(
    cost: Decimal | None, reason: str | None, shown: dict[str, str]
) -> None:
    headers = answer_headers(response(cost=cost, cost_reason=reason), FACTS)

    assert {name: text for name, text in headers.items() if "cost" in name} == shown


def test_g105_notes_name_what_was_changed_and_why_a_cost_is_not_exact() -> None:
    facts = CallFacts(alias=None, profile="p", relay="adapted", notes=("top_k", "top_k", "effort"))
    headers = answer_headers(response(cost=Decimal(1), cost_reason="estimated"), facts)

    assert headers["x-llmring-notes"] == "top_k; effort; cost: estimated"
    assert "x-llmring-notes" not in answer_headers(response(), FACTS)


@pytest.mark.parametrize(
    ("upstream", "shown"),
    [(812.04, "gateway;dur=1.5, upstream;dur=812.0"), (9e9, "gateway;dur=0.0, upstream;dur=813.5")],
)
def test_g104_the_gateway_s_own_time_is_apart_from_the_provider_s(
    upstream: float, shown: str
) -> None:
    headers = answer_headers(response(), FACTS, Duration(total=813.5, upstream=upstream))

    assert headers["server-timing"] == shown


def test_g104_the_request_s_id_has_the_names_that_clients_read() -> None:
    assert request_id_headers(CHAT, "r1") == {"x-request-id": "r1"}
    assert request_id_headers(MESSAGES, "r1") == {"x-request-id": "r1", "request-id": "r1"}


def test_g107_of_too_many_attempts_the_first_and_the_last_are_shown() -> None:
    text = attempts_text([FAILED] * 500 + [OK])

    assert text.startswith("openai:gpt-4o 503 120ms; openai:gpt-4o 503 120ms; ")
    assert text.endswith("openai:gpt-4o 503 120ms; ...; anthropic:claude ok 812ms")
    assert LONGEST - 50 < len(text) <= LONGEST


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ollama:llama3.2", "ollama:llama3.2"),
        ("a\r\nset-cookie: x=1", "a%0D%0Aset-cookie: x=1"),
        ("ollama:é", "ollama:%C3%A9"),
        ("\x1b[31m\u202e", "%1B[31m%E2%80%AE"),
        ("\ud800", "%3F"),
        ("  x ", "x"),
    ],
)
def test_g107_a_header_is_one_line_of_printable_ascii(text: str, shown: str) -> None:
    assert header_text(text) == shown


@given(
    name=st.text(max_size=3000),
    models=st.lists(st.text(max_size=900), max_size=6),
    notes=st.lists(st.text(max_size=900), max_size=6),
    reason=st.text(max_size=3000),
)
def test_g107_any_header_is_short_and_one_line_whatever_names_it_has(
    name: str, models: list[str], notes: list[str], reason: str
) -> None:
    attempts = tuple(Attempt(model=model, outcome="failed") for model in models)
    answer = LLMResponse(content="", model=name, attempts=attempts, cost_reason=reason)
    facts = CallFacts(alias=name, profile=name, relay="adapted", lock=name, notes=tuple(notes))
    for header in answer_headers(answer, facts).values():
        assert header == "" or (header.isascii() and header.isprintable())
        assert header == header.strip()
        assert len(header) <= LONGEST


def test_g104_the_digest_of_a_lockfile_is_that_of_its_bindings_and_pins() -> None:
    digests = LockDigest()
    first, same = parse(LOCKFILE), parse(f"# A comment.\n{LOCKFILE}")
    changed = parse(LOCKFILE.replace("gpt-4o", "gpt-5"))

    assert digests.of(first) == digests.of(same)
    assert digests.of(changed) != digests.of(first)
    assert digests.of(first).removeprefix("sha256:").isalnum()
    assert len(digests.of(first)) == len("sha256:") + 2 * hashlib.sha256().digest_size
