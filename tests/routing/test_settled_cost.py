"""Costs that servers report, counted where the catalog has no price and compared where it has."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from ledgers import wait_for
from llmring import BudgetExceededError, LLMResponse, LLMRing, StreamChunk
from llmring.chat.cost import Cost
from llmring.cli.main import main
from loopback import Answer, Loopback, as_json, as_stream

Serve = Callable[..., Loopback]
Ask = Callable[..., LLMResponse | StreamChunk]

USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
PRICED = """
[registry.models."{model}"]
prices = {{ input = 10, output = 20 }}
"""


def whole(cost: dict[str, Any], header: str | None = None) -> Answer:
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = as_json({"id": "c", "model": "m", "choices": [choice], "usage": USAGE | cost})
    if header is not None:
        answer.headers["x-litellm-response-cost"] = header
    return answer


def streamed(cost: dict[str, Any]) -> Answer:
    usage = answers.sse({"id": "c", "choices": [], "usage": USAGE | cost})
    text = [answers.openai_event(content="Hi"), answers.openai_event(finish_reason="stop")]
    return as_stream(answers.ROLE, *text, usage, answers.DONE)


@pytest.fixture
def ask(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way) -> Ask:
    """Ask a provider that gives this answer."""

    def start(provider: str, answer: Answer, more: str = "", *, stream: bool = False) -> Any:
        server = serve(answer)
        monkeypatch.setenv(f"{provider.upper()}_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv(f"{provider.upper()}_API_KEY", "a-key-that-opens-nothing")
        path = tmp_path / "llmring.lock"
        path.write_text(
            '[[profiles.default.bindings]]\nalias = "fast"\n'
            f'models = ["{provider}:of-no-catalog"]\n'
            + more.format(url=server.url, model=f"{provider}:of-no-catalog")
        )
        ring = LLMRing(path)
        return way.stream(ring, "fast", "Hi")[-1] if stream else way.chat(ring, "fast", "Hi")

    return start


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("provider", "cost", "usd"),
    [
        ("openrouter", {"cost": 0.00105}, "0.00105"),
        ("openrouter", {"cost": 0}, "0"),
        (
            "openrouter",
            {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.19}},
            "0.2",
        ),
        ("perplexity", {"cost": {"request_cost": 0.006, "total_cost": 0.00705}}, "0.00705"),
        ("xai", {"cost_in_usd_ticks": 37756000}, "0.0037756"),
        ("deepinfra", {"estimated_cost": 0.0000019}, "0.0000019"),
        ("litellm", {"cost": 0.0031}, "0.0031"),
    ],
)
def test_a_reported_cost_counts_where_the_catalog_has_no_price(
    ask: Ask, provider: str, cost: dict[str, Any], usd: str, stream: bool
) -> None:
    end = ask(provider, streamed(cost) if stream else whole(cost), stream=stream)

    assert end.cost == Decimal(usd)
    assert (end.cost_reason or "").startswith("as reported by the provider (usage.")
    assert isinstance(end.cost, Cost)
    assert (end.cost.reported, end.cost.output) == (Decimal(usd), Decimal(0))


def test_a_reported_cost_is_written_as_a_part_of_its_own(ask: Ask) -> None:
    end = ask("openrouter", whole({"cost": 0.5}))

    parts = {"input": "0", "cached_input": "0", "cache_write": "0", "output": "0"}
    assert end.to_dict()["cost_parts"] == {**parts, "reported": "0.5"}


def test_a_cost_in_litellm_s_header_counts(ask: Ask) -> None:
    end = ask("litellm", whole({}, "3.45e-05"))

    assert end.cost == Decimal("0.0000345")
    assert end.cost_reason == "as reported by the provider (x-litellm-response-cost)"


@pytest.mark.parametrize("cost", [{}, {"cost": None}, {"cost": -1}, {"cost": "soon"}])
def test_without_a_reported_cost_it_stays_unknown(ask: Ask, cost: dict[str, Any]) -> None:
    end = ask("openrouter", whole(cost))

    assert (end.cost, end.cost_reason) == (None, "the model is not in the catalog")


def test_a_field_that_the_server_is_not_known_for_is_no_cost(ask: Ask) -> None:
    assert ask("groq", whole({"cost": 0.5})).cost is None


def test_the_catalog_s_price_counts_and_a_reported_cost_that_differs_is_noted(ask: Ask) -> None:
    end = ask("openrouter", whole({"cost": 0.007}), PRICED)

    assert end.cost == Decimal("0.002")
    assert end.cost_reason == "the provider reports $0.007 (usage.cost)"
    [attempt] = end.attempts or ()
    assert attempt.notes == (
        "the provider reports $0.007 (usage.cost); the cost by the catalog's prices is $0.002",
    )


@pytest.mark.parametrize("cost", [0.002, 0.002001])
def test_a_reported_cost_that_agrees_is_not_mentioned(ask: Ask, cost: float) -> None:
    end = ask("openrouter", whole({"cost": cost}), PRICED)

    assert (end.cost, end.cost_reason) == (Decimal("0.002"), None)
    assert [attempt.notes for attempt in end.attempts or ()] == [()]


OWN = """
[providers.{name}]
kind = "{kind}"
base_url = "{{url}}/v1"
"""


@pytest.mark.parametrize(
    ("keys", "usd"),
    [
        ("", "0.5"),
        ('reports_cost = ["estimated_cost"]\n', "0.25"),
        ("reports_cost = []\n", None),
    ],
)
def test_a_server_of_one_s_own_may_report_costs_too(ask: Ask, keys: str, usd: str | None) -> None:
    table = OWN.format(name="mine", kind="openai") + keys

    end = ask("mine", whole({"cost": 0.5, "estimated_cost": 0.25}), table)

    assert end.cost == (None if usd is None else Decimal(usd))


def test_the_ledger_and_the_statistics_have_a_reported_cost(
    ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("openrouter", whole({"cost": 0.25}))
    ledger = tmp_path / "state" / "llmring" / "ledger.sqlite"
    [kept] = wait_for(ledger, 1)
    assert (kept.cost, kept.cost_reason) == (
        Decimal("0.25"),
        "as reported by the provider (usage.cost)",
    )
    assert main(["stats"]) == 0
    assert "$0.25" in capsys.readouterr().out


def test_the_day_s_budget_counts_a_reported_cost(ask: Ask, tmp_path: Path) -> None:
    # There is a price, but the answer has no usage that it could be applied to.
    choice = {"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}
    answer = as_json({"id": "c", "choices": [choice]}, x_litellm_response_cost="0.25")
    end = ask("litellm", answer, "daily_budget = 0.4\n" + PRICED)
    assert end.cost == Decimal("0.25")

    with LLMRing(tmp_path / "llmring.lock") as ring:
        ring.chat("fast", "Hi", max_tokens=10).result()
        with pytest.raises(BudgetExceededError) as caught:
            ring.chat("fast", "Hi", max_tokens=10).result()

    assert caught.value.spent == Decimal("0.5")


@pytest.mark.parametrize("provider", ["openrouter", "litellm"])
def test_vectors_have_their_reported_cost(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    usage = {"prompt_tokens": 3, "total_tokens": 3, "cost": 0.125}
    server = serve(as_json({"data": [{"index": 0, "embedding": [1.0]}], "usage": usage}))
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "a-key-that-opens-nothing")

    with LLMRing() as ring:
        vectors = ring.embed(f"{provider}:of-no-catalog", "Hi").result()

    assert vectors.cost == Decimal("0.125")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_usage_within_the_choice_counts(ask: Ask, stream: bool) -> None:
    """Moonshot sends it there: https://platform.kimi.ai/docs/api/chat."""
    counts = {"prompt_tokens": 19, "completion_tokens": 13, "total_tokens": 32, "cached_tokens": 4}
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "finish_reason": "stop", "usage": counts}
    answer = (
        as_stream(
            answers.ROLE, answers.sse({"choices": [{**choice, "delta": message}]}), answers.DONE
        )
        if stream
        else as_json({"id": "c", "choices": [{**choice, "message": message}]})
    )

    end = ask("moonshot", answer, stream=stream)

    assert end.usage is not None
    assert (end.usage.prompt_tokens, end.usage.completion_tokens) == (19, 13)
    assert end.usage.cached_tokens == 4
