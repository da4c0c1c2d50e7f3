"""The upgrades for the models of a lockfile, binding by binding."""

from datetime import date

import pytest

from cli.lineages import MODELS, lockfile
from llmring import AliasNotFoundError, ConfigurationError
from llmring.audit.upgrades import (
    BindingUpgrade,
    binding_upgrades,
    bindings,
    held_back,
    own_bindings,
    price_change,
    to_json,
)
from llmring.lockfile.document import Lockfile, parse

DAY = date(2026, 11, 23)
FAMILY = lockfile(
    default={"fast": ["openai:t-1", "mock:a"], "slow": ["openai:t-2"]},
    prod={"fast": ["openai:t-1"]},
)
HEIR = f'{FAMILY}\n[profiles.heir]\nextends = "default"\n'


def lineup(text: str, *, allow_smaller: bool = False) -> BindingUpgrade:
    """Return the upgrades of the first binding."""
    document = parse(text)
    first = next(iter(document.profiles["default"].bindings.values()))
    return binding_upgrades(document, [first], allow_smaller=allow_smaller)[0]


def keys(document: Lockfile, profile: str | None) -> list[tuple[str, str]]:
    return [(str(each.at[1]), each.alias) for each in bindings(document, profile)]


def test_bindings_are_those_of_a_profile_with_inherited_ones_or_all_of_the_file_once() -> None:
    document = parse(HEIR)
    own = [("default", "fast"), ("default", "slow")]

    assert keys(document, "heir") == own
    assert keys(document, None) == [*own, ("prod", "fast")]


def test_own_bindings_are_those_of_an_alias_in_all_profiles_or_in_one() -> None:
    document = parse(HEIR)

    assert [each.at[1] for each in own_bindings(document, None, "fast")] == ["default", "prod"]
    assert [each.at[1] for each in own_bindings(document, "prod", "fast")] == ["prod"]
    assert own_bindings(document, "heir", None) == []


@pytest.mark.parametrize(
    ("profile", "alias", "error", "message"),
    [
        ("heir", "fast", AliasNotFoundError, "inherits alias 'fast' from profile 'default'"),
        ("prod", "slow", AliasNotFoundError, "it is defined in profiles: default"),
        (None, "fats", AliasNotFoundError, "did you mean 'fast'"),
        ("pord", None, ConfigurationError, "did you mean 'prod'"),
    ],
)
def test_an_alias_or_profile_that_is_not_there_is_an_error_with_a_hint(
    profile: str | None, alias: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        own_bindings(parse(HEIR), profile, alias)


def test_each_model_of_a_binding_has_its_own_step() -> None:
    steps = lineup(FAMILY).steps

    assert [(str(step.ref), step.to and str(step.to)) for step in steps] == [
        ("openai:t-1", "openai:t-2"),
        ("mock:a", None),
    ]


@pytest.mark.parametrize(
    "need",
    ["[profiles.default]\nmin_context = 2001", '[profiles.default]\nneeds = ["json_schema"]'],
)
def test_a_model_that_does_not_meet_a_need_of_the_profile_is_no_upgrade(need: str) -> None:
    text = FAMILY.replace("[profiles.default]", need, 1)

    assert lineup(text).steps[0].to is None
    assert lineup(text, allow_smaller=True).steps[0].to is None


def test_a_need_of_a_profile_that_inherits_the_binding_applies_too() -> None:
    heir = f"{HEIR}min_context = 2001\n"

    assert lineup(heir).steps[0].to is None


def test_a_model_with_fewer_capabilities_is_held_back_unless_that_is_allowed() -> None:
    text = FAMILY.replace('["tools", "vision"]', "[]", 1)

    [remark] = held_back(lineup(text))

    assert lineup(text).steps[0].to is None
    assert remark.startswith("default.fast: newer than openai:t-1, but held back: ")
    assert remark.endswith("; to accept openai:t-2, use lock upgrade --allow-smaller")
    assert str(lineup(text, allow_smaller=True).steps[0].to) == "openai:t-2"


def test_a_remark_names_three_held_back_models_and_counts_the_others() -> None:
    previews = "".join(
        f'\n[registry.models."openai:t-{number}-preview"]\nfamily = "t"\n'
        f"released = 2025-07-0{number}\n"
        for number in range(4, 8)
    )

    [remark] = held_back(lineup(FAMILY + previews))

    assert remark.count("is a preview") == 3
    assert remark.endswith(", and 2 more")


def test_nothing_is_remarked_if_no_newer_model_is_held_back() -> None:
    current = lockfile(MODELS.replace("t-3-preview", "v-3"), default={"fast": ["anthropic:u-1"]})

    assert [*held_back(lineup(current))] == []


def test_the_prices_of_a_replaced_model_are_shown_before_and_after_and_of_a_kept_one_once() -> None:
    replaced, kept = lineup(FAMILY.replace("'mock:a'", "'anthropic:u-1'", 1)).steps

    assert price_change(replaced, DAY) == "$1.00/$2.00 → $0.50/$3.00"
    assert price_change(kept, DAY) == "$4.00/$8.00"


def test_the_plain_form_gives_the_facts_of_both_models() -> None:
    found = lineup(FAMILY)
    replaced, unknown = (to_json(found, step, DAY) for step in found.steps)

    assert (replaced["model"], replaced["newest"]) == ("openai:t-1", "openai:t-2")
    assert (replaced["context_window"], replaced["context_window_then"]) == (1000, 2000)
    assert (replaced["why"], replaced["retires"]) == (None, date(2099, 12, 31))
    assert (unknown["newest"], unknown["prices"], unknown["why"]) == (
        None,
        None,
        "it is in no catalog",
    )
