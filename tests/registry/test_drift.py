from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from llmring.chat.events import Usage
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.edit.pins import pinned
from llmring.lockfile.problem import Fault
from llmring.lockfile.toml.quoting import dotted
from llmring.registry.catalog import Catalog, LongContext, ModelFacts, Prices
from llmring.registry.drift import DriftInputs, drift
from llmring.registry.effective_facts import EffectiveFacts
from llmring.registry.pin_facts import pin_of

DAY = date(2026, 11, 23)
MINI = ModelRef("openai", "mini")
FACTS = ModelFacts(
    provider="openai",
    name="mini",
    context_window=128_000,
    max_output=16_384,
    capabilities=frozenset({"tools", "vision"}),
    prices=Prices(input=Decimal("0.15"), output=Decimal("0.60")),
    released=date(2026, 1, 1),
    family="mini",
)
OTHER = ModelFacts(provider="anthropic", name="claude", context_window=1)
TEXT = """\
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:mini", "anthropic:claude"]
"""
REGISTRY = 'registry.pins."openai:mini"'


def text_of(facts: ModelFacts = FACTS, text: str = TEXT) -> str:
    """Pin a lockfile with these facts of its model."""
    other = ModelRef("anthropic", "claude")
    pins = {MINI: pin_of(MINI, facts, DAY), other: pin_of(other, OTHER, DAY)}
    return pinned(text, pins, DAY)


def found(
    *now: ModelFacts,
    text: str | None = None,
    usages: Mapping[ModelRef, Sequence[Usage | None]] | None = None,
    **scene: Any,
) -> list[Fault]:
    known = EffectiveFacts(Catalog(DAY, {}, [*(now or [FACTS]), OTHER]), {})
    lockfile = parse(text_of() if text is None else text)
    return [*drift(lockfile, DriftInputs(known=known, day=DAY, usages=usages or {}, **scene))]


def reported(*args: ModelFacts, **kwargs: Any) -> list[tuple[str, str, str]]:
    return [(each.severity, dotted(each.path), each.message) for each in found(*args, **kwargs)]


MODEL = "profiles.default.bindings[0].models[0]"


def test_an_unchanged_lockfile_has_no_drift() -> None:
    assert reported() == []


@pytest.mark.parametrize(
    ("day", "severity", "message"),
    [
        (date(2026, 11, 23), "error", "openai:mini was retired on 2026-11-23"),
        (date(2026, 11, 24), "warning", "openai:mini will be retired in 1 day, on 2026-11-24"),
        (date(2027, 2, 21), "warning", "openai:mini will be retired in 90 days, on 2027-02-21"),
    ],
)
def test_a_retiring_model_is_reported_where_it_is_bound(
    day: date, severity: str, message: str
) -> None:
    assert reported(replace(FACTS, retires=day)) == [(severity, MODEL, message)]


def test_a_model_that_retires_in_91_days_is_not_reported() -> None:
    assert reported(replace(FACTS, retires=date(2027, 2, 22))) == []


def test_a_higher_price_is_a_warning() -> None:
    dearer = Prices(input=Decimal("0.2"), output=Decimal("0.60"))

    assert reported(replace(FACTS, prices=dearer)) == [
        (
            "warning",
            f"{REGISTRY}.prices",
            "openai:mini costs more than when it was pinned, in USD per million tokens: "
            "input $0.15 → $0.20",
        )
    ]


def test_a_lower_price_is_a_hint() -> None:
    cheaper = Prices(input=Decimal("0.15"), output=Decimal("0.5"), cached_input=Decimal("0.1"))

    [(severity, _, message)] = reported(replace(FACTS, prices=cheaper))

    assert severity == "hint"
    assert message.endswith("tokens: output $0.60 → $0.50; cached input as any → $0.10")


def test_last_month_s_calls_are_priced_at_old_and_new_rates() -> None:
    dearer = replace(FACTS, prices=Prices(input=Decimal("0.3"), output=Decimal("0.60")))
    usages = {MINI: [Usage(prompt_tokens=10_000_000, completion_tokens=1_000_000), None]}

    [(_, _, message)] = reported(dearer, usages=usages)

    assert message.endswith("; the last 30 days' 2 calls would have cost $2.10 then and $3.60 now")


def test_a_lower_long_context_threshold_is_a_price_increase() -> None:
    before, now = (
        replace(
            FACTS,
            prices=Prices(
                input=Decimal(1),
                output=Decimal(2),
                long_context=LongContext(above=above, input=Decimal(2), output=Decimal(4)),
            ),
        )
        for above in (200_000, 100_000)
    )

    [(severity, _, message)] = reported(now, text=text_of(before))

    assert severity == "warning"
    assert message.endswith("long context from 200,000 → 100,000 tokens")


def test_new_long_context_rates_are_a_price_increase() -> None:
    long = LongContext(above=100_000, input=Decimal("0.3"), output=Decimal("0.6"))

    [(severity, _, message)] = reported(
        replace(
            FACTS,
            prices=Prices(input=Decimal("0.15"), output=Decimal("0.6"), long_context=long),
        )
    )

    assert severity == "warning"
    assert message.endswith("input above 100,000 tokens $0.15 → $0.30")


def test_a_price_that_is_no_longer_known_is_a_hint() -> None:
    [(severity, _, message)] = reported(replace(FACTS, prices=None))

    assert (severity, message) == ("hint", "the price of openai:mini is no longer known")


def test_a_lost_capability_is_a_warning() -> None:
    assert reported(replace(FACTS, capabilities=frozenset({"tools"}))) == [
        ("warning", f"{REGISTRY}.capabilities", "openai:mini no longer has vision")
    ]


def test_a_context_that_has_shrunk_is_a_warning() -> None:
    assert reported(replace(FACTS, context_window=64_000, max_output=20_000)) == [
        (
            "warning",
            f"{REGISTRY}.context_window",
            "the context window of openai:mini has shrunk from 128,000 to 64,000 tokens",
        )
    ]


def test_a_newer_model_of_the_family_is_a_hint() -> None:
    newer = replace(FACTS, name="mini-2", released=date(2026, 6, 1))

    assert reported(FACTS, newer) == [("hint", MODEL, "openai:mini-2 is newer than openai:mini")]


def test_a_pinned_model_that_left_the_catalog_is_a_hint() -> None:
    [(severity, _, message)] = reported(replace(FACTS, name="other"))

    assert severity == "hint"
    assert message == "openai:mini is pinned, but no longer in any catalog"


def test_an_unpinned_lockfile_is_a_hint() -> None:
    assert reported(text=TEXT) == [("hint", "registry", "is not pinned")]


def test_an_empty_lockfile_need_not_be_pinned() -> None:
    assert reported(text="") == []


def test_bindings_changed_after_pinning_are_a_warning() -> None:
    changed = text_of().replace('["openai:mini"', '["openai:mini-9", "openai:mini"')

    assert reported(text=changed) == [
        (
            "warning",
            "registry.digest",
            "the bindings or the pins differ from those of 2026-11-23",
        )
    ]


def test_a_pin_that_was_changed_by_hand_is_an_error() -> None:
    [first, *_] = reported(text=text_of().replace("input = 0.15", "input = 0.01"))

    assert first == ("error", REGISTRY, "the pin of openai:mini was changed after it was made")


def test_a_missing_key_of_a_provider_is_a_hint() -> None:
    lacks = {"openai": "no key; set OPENAI_API_KEY"}

    [fault] = found(keyless=lacks.get)

    assert (fault.severity, fault.fix) == ("hint", "set OPENAI_API_KEY")
    assert fault.message == "profile 'default' binds openai, which can't be called here: no key"


def test_aliases_with_only_the_same_vendor_share_one_hint() -> None:
    text = "".join(
        f'[[profiles.default.bindings]]\nalias = "{alias}"\nmodels = ["{model}"]\n'
        for alias, model in {"fast": "openai:mini", "deep": "openai:mini", "x": "a:b"}.items()
    )

    alone = [message for _, _, message in reported(text=text) if "alone" in message]

    assert alone == [
        "aliases 'fast', 'deep' depend on openai alone",
        "alias 'x' depends on a alone",
    ]


def test_an_alias_with_only_one_vendor_is_a_hint_where_it_is_bound() -> None:
    text = TEXT.replace("anthropic:claude", "openai:mini-3") + '[profiles.dev]\nextends = "default"'

    alone = [each for each in reported(text=text) if "alone" in each[2]]

    assert alone == [
        ("hint", "profiles.default.bindings[0].models", "alias 'fast' depends on openai alone")
    ]
