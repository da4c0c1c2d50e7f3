"""Corrections of model facts in a lockfile, which override the catalog in every call."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from catalogs import NEW
from llmring import LLMRing
from llmring.lockfile.document import ModelRef, parse
from llmring.registry import cache
from llmring.registry.bundled import bundled
from llmring.registry.effective_facts import EffectiveFacts, effective_facts
from loopback import Loopback
from rings import environ_of

Serve = Callable[..., Loopback]

MINI = "openai:gpt-4o-mini"


def known_with(text: str) -> EffectiveFacts:
    return effective_facts(parse(text))


def test_a_lockfile_without_corrections_leaves_the_catalog_as_it_is() -> None:
    assert [*known_with("").models] == [*bundled().models]


def test_a_correction_overrides_only_the_given_facts() -> None:
    facts = known_with(f"[registry.models.'{MINI}']\ncontext_window = 5").find(
        "openai", "gpt-4o-mini"
    )
    before = bundled().find("openai", "gpt-4o-mini")

    assert facts is not None
    assert before is not None
    assert facts.context_window == 5
    assert (facts.prices, facts.max_output, facts.aliases) == (
        *(before.prices, before.max_output, before.aliases),
    )


@pytest.mark.parametrize(
    "name", ["gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o-mini-2029-01-01"]
)
def test_a_correction_applies_to_all_names_of_the_model(name: str) -> None:
    models = known_with(f"[registry.models.'{MINI}']\ncontext_window = 5")

    facts = models.facts(ModelRef("openai", name))
    assert facts is not None
    assert facts.context_window == 5


def test_a_correction_of_one_snapshot_applies_only_to_it() -> None:
    models = known_with(f"[registry.models.'{MINI}-2024-07-18']\ncontext_window = 5")

    found = [
        models.find("openai", name) for name in ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", "gpt-4o")
    ]
    assert [facts is not None and facts.context_window == 5 for facts in found] == [
        *(True, False, False),
    ]


def test_prices_in_a_lockfile_are_exact_decimals() -> None:
    facts = known_with(
        "[registry.models.'ollama:mine']\n"
        "prices = { input = 0.1, output = 2, long_context = { above = 9, input = 1, output = 3 } }"
    ).find("ollama", "mine")

    assert facts is not None
    assert facts.prices is not None
    assert (facts.prices.input, facts.prices.output) == (Decimal("0.1"), Decimal(2))
    assert facts.prices.rates(10).output == 3


def test_a_model_added_by_the_lockfile_is_found_by_its_aliases_and_builds() -> None:
    models = known_with("[registry.models.'ollama:mine']\naliases = ['ours']")

    found = [models.find("ollama", name) for name in ("mine", "ours", "mine:latest", "yours")]
    assert [facts and facts.name for facts in found] == ["mine", "mine", "mine", None]
    assert [str(facts) for facts in models.models].count("ollama:mine") == 1


def test_announced_prices_do_not_change_prices_of_the_lockfile() -> None:
    changing = next((facts for facts in bundled().models if facts.announced), None)
    if changing is None:
        pytest.skip("the catalog announces no change of price")

    facts = known_with(
        f"[registry.models.'{changing}']\nprices = {{ input = 1, output = 1 }}"
    ).find(changing.provider, changing.name)

    assert facts is not None
    prices = facts.prices_on(date.max)
    assert prices is not None
    assert prices.input == 1


def test_corrected_facts_have_the_lockfile_as_origin() -> None:
    facts = known_with(f"[registry.models.'{MINI}']\ncontext_window = 5").find(
        "openai", "gpt-4o-mini"
    )

    assert facts is not None
    assert facts.origins.context_window == ("lockfile",)
    assert facts.origins.prices != ("lockfile",)


def test_unknown_keys_of_a_model_are_ignored() -> None:
    facts = known_with(
        "[registry.models.'openai:mine']\nprovider = 'other'\norigins = 1\nx-team = 'a'\n"
        "prices = { input = 1, output = 2, x-note = 'b', later = 3 }"
    ).find("openai", "mine")

    assert facts is not None
    assert str(facts) == "openai:mine"


def ring(text: str, server: Loopback, tmp_path: Path) -> LLMRing:
    path = tmp_path / "llmring.lock"
    path.write_text(text)
    return LLMRing(path, environ=environ_of(server) | {"XDG_CACHE_HOME": str(tmp_path / "cache")})


def test_a_call_is_priced_by_the_lockfile(serve: Serve, tmp_path: Path) -> None:
    text = "[registry.models.'openai:mine']\nprices = { input = 1000000, output = 0 }"

    with ring(text, serve(answers.openai("Hi")), tmp_path) as calls:
        answer = calls.chat("openai:mine", "Hello").result()

    assert answer.usage is not None
    assert answer.cost == answer.usage.prompt_tokens > 0


def test_a_model_of_unknown_price_costs_an_unknown_amount(serve: Serve, tmp_path: Path) -> None:
    text = "[registry.models.'openai:mine']\ncontext_window = 9000"

    with ring(text, serve(answers.openai("Hi")), tmp_path) as calls:
        answer = calls.chat("openai:mine", "Hello").result()

    assert answer.cost is None
    assert answer.cost_reason == "the catalog has no price for openai:mine"


BINDING = "[[profiles.default.bindings]]\nalias = 'a'\nmodels = ['openai:mine', 'openai:gpt-4o']\n"


@pytest.mark.parametrize(
    ("binding", "correction"),
    [
        ("needs = ['vision']", "capabilities = ['tools']"),
        ("min_context = 10000", "context_window = 9000"),
        ("max_cost_per_request = 0.5", "prices = { input = 1, output = 1000000 }"),
    ],
)
def test_a_model_is_skipped_if_the_lockfile_denies_a_capability(
    serve: Serve, tmp_path: Path, binding: str, correction: str
) -> None:
    text = f"{BINDING}{binding}\n[registry.models.'openai:mine']\n{correction}"

    with ring(text, serve(answers.openai("Hi")), tmp_path) as calls:
        plan = calls.explain("a")

    assert [step.model for step in plan.tried] == ["openai:gpt-4o"]


def test_a_changed_lockfile_reaches_a_running_ring(serve: Serve, tmp_path: Path) -> None:
    with ring("", serve(answers.openai("Hi"), answers.openai("Hi")), tmp_path) as calls:
        before = calls.chat("openai:mine", "Hello").result()
        (tmp_path / "llmring.lock").write_text(
            "[registry.models.'openai:mine']\nprices = { input = 1, output = 1 }"
        )
        after = calls.chat("openai:mine", "Hello").result()

    assert before.cost is None
    assert after.cost is not None


def test_a_fetched_catalog_reaches_a_running_ring(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.test_cache import keep

    monkeypatch.setattr(cache, "LOOK_AGAIN_SECONDS", -1.0)
    with ring("", serve(answers.openai("Hi"), answers.openai("Hi")), tmp_path) as calls:
        before = calls.chat(MINI, "Hello").result()
        keep(tmp_path / "cache" / "llmring", NEW, dollars="1000000")
        after = calls.chat(MINI, "Hello").result()

    assert before.cost is not None
    assert after.cost is not None
    assert before.cost < 1 <= after.cost


@pytest.mark.parametrize(
    ("entry", "lacks"),
    [
        ("context_window = 1000", False),
        ("capabilities = []", True),
        ('capabilities = ["vision"]', True),
        ('capabilities = ["tools"]', False),
    ],
)
def test_a_model_lacks_what_is_known_to_be_missing(entry: str, lacks: bool) -> None:
    facts = known_with(f'[registry.models."mine:own"]\n{entry}\n').find("mine", "own")

    assert facts is not None
    assert facts.lacks("tools") is lacks
