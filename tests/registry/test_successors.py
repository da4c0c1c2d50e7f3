"""Replacements of models."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import Catalog, ModelFacts
from llmring.registry.effective_facts import EffectiveFacts
from llmring.registry.successors import ReplacementRules, Step, is_preview, steps

TODAY = date(2026, 11, 23)
TOOLS = frozenset({"tools"})
ANY = ReplacementRules(TODAY)


def model(name: str, released: str | None = "2025-01-01", **more: Any) -> ModelFacts:
    result: dict[str, Any] = {"provider": "acme", "family": "mini", "capabilities": TOOLS, **more}
    day = None if released is None else date.fromisoformat(released)
    return ModelFacts(name=name, released=day, **result)


OLD = model("old", "2025-01-01", context_window=100, max_output=10)


def became(
    *models: ModelFacts, of: tuple[str, ...] = ("acme:old",), rules: ReplacementRules = ANY
) -> list[Step]:
    known = EffectiveFacts(Catalog(TODAY, {}, [OLD, *models]), {})
    return steps([ModelRef.parse(text) for text in of], known, rules)


def taken(*models: ModelFacts, rules: ReplacementRules = ANY) -> str | None:
    [step] = became(*models, rules=rules)
    return step.to.model if step.to else None


def fit(name: str, released: str | None = "2026-01-01", **more: Any) -> ModelFacts:
    return model(name, released, **{"context_window": 100, "max_output": 10, **more})


def test_a_model_is_replaced_by_the_newest_of_its_family() -> None:
    assert taken(fit("newer", "2026-01-01"), fit("newest", "2026-02-01")) == "newest"


@pytest.mark.parametrize(
    "other",
    [
        fit("other", family="maxi"),
        fit("other", family=None),
        fit("other", provider="rival"),
        fit("other", kind="embedding"),
        fit("other", "2024-12-31"),
        fit("other", "2025-01-01"),
    ],
    ids=["another family", "no family", "a rival's", "another kind", "older", "of the same day"],
)
def test_only_newer_models_of_the_family_are_considered(other: ModelFacts) -> None:
    [step] = became(other)

    assert (step.to, step.held, step.why) == (None, (), "it is the newest of its line")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (fit("new", "2026-11-24"), "is not released until 2026-11-24"),
        (fit("new", retires=TODAY), "is retired since 2026-11-23"),
        (fit("new", retires=date(2027, 1, 1)), "retires 2027-01-01"),
        (fit("new", deprecated=TODAY), "is deprecated since 2026-11-23"),
        (fit("new-preview"), "is a preview"),
        (fit("new", capabilities=frozenset()), "has no tools"),
        (fit("new", context_window=99), "has a context of 99 tokens, less than 100"),
        (fit("new", context_window=None), "has a context of unknown size"),
        (fit("new", max_output=9), "has an answer of 9 tokens, less than 10"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rejected_newer_model_is_listed_with_the_reason(other: ModelFacts, why: str) -> None:
    [step] = became(other)

    assert (step.to, step.why) == (None, "no newer model fits")
    assert [(str(each.model), each.why) for each in step.held] == [(str(other), why)]


def test_a_model_is_not_replaced_by_one_that_retires_earlier() -> None:
    last, first = date(2028, 1, 2), date(2028, 1, 1)
    [step] = became(fit("a", retires=last), fit("b", "2026-02-01", retires=first), of=("acme:a",))

    assert [each.why for each in step.held] == ["retires 2028-01-01, before a"]
    assert taken(fit("a", retires=first)) == "a"


def test_a_rejected_model_is_marked_if_only_its_size_is_the_reason() -> None:
    less: dict[str, Any] = {"context_window": 1}
    [step] = became(fit("a", **less), fit("b-preview", **less), fit("c", retires=TODAY, **less))

    assert {each.model.model: each.smaller for each in step.held} == {
        "a": True,
        "b-preview": False,
        "c": False,
    }


def test_the_newest_fitting_model_is_used_if_a_newer_one_does_not_fit() -> None:
    [step] = became(fit("fits", "2026-01-01"), fit("blind", "2026-02-01", context_window=1))

    assert str(step.to) == "acme:fits"
    assert [each.model.model for each in step.held] == ["blind"]


@pytest.mark.parametrize("less", [{"context_window": 1}, {"capabilities": frozenset()}])
def test_a_smaller_model_is_accepted_if_allowed(less: dict[str, Any]) -> None:
    assert taken(fit("new", **less), rules=ReplacementRules(TODAY, allow_smaller=True)) == "new"


@pytest.mark.parametrize(
    "rules",
    [
        ReplacementRules(TODAY, allow_smaller=True, needs={"vision"}),
        ReplacementRules(TODAY, allow_smaller=True, min_context=101),
    ],
)
def test_needs_of_the_lockfile_apply_even_if_smaller_models_are_allowed(
    rules: ReplacementRules,
) -> None:
    assert taken(fit("new"), rules=rules) is None


def test_the_recommended_successor_may_be_of_another_family() -> None:
    old = fit("dying", family=None, successor="heir")
    [step] = became(old, fit("heir", family="other"), of=("acme:dying",))

    assert str(step.to) == "acme:heir"


def test_the_search_continues_from_the_successor() -> None:
    models = [
        fit("dying", "2025-01-01", family="a", successor="heir"),
        fit("heir", "2025-06-01", family="b"),
        fit("heir-2", "2026-06-01", family="b"),
    ]
    [step] = became(*models, of=("acme:dying",))

    assert str(step.to) == "acme:heir-2"


def test_a_circle_of_successors_ends_the_search() -> None:
    one, two = fit("one", successor="two"), fit("two", "2026-02-01", successor="one")
    [step] = became(one, two, of=("acme:one",))

    assert str(step.to) == "acme:two"


def test_a_preview_is_replaced_by_a_newer_preview() -> None:
    [step] = became(
        fit("x-preview", family="x"),
        fit("x-2-preview", "2026-02-01", family="x"),
        of=("acme:x-preview",),
    )

    assert str(step.to) == "acme:x-2-preview"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("gemini-3-pro-preview", True),
        ("gemini-3-pro-preview-05-06", True),
        ("gemini-2.0-flash-exp", True),
        ("m-beta", True),
        ("m-RC1", True),
        ("gemini-expert", False),
        ("alphabet", False),
        ("search-5", False),
    ],
)
def test_a_preview_is_recognized_by_its_name(name: str, is_one: bool) -> None:
    assert is_preview(name) is is_one


def test_a_dated_name_is_replaced_by_a_dated_name() -> None:
    new = fit("new", aliases=("new-latest", "new-2026-01-01", "new-2026-03-01"))
    old = model("thing", aliases=("thing-2025-01-01",), context_window=1)
    dated, moving = (
        became(old, new, of=("acme:thing-2025-01-01", "mock:x"))[0],
        became(old, new, of=("acme:thing",))[0],
    )

    assert (str(dated.to), str(moving.to)) == ("acme:new-2026-03-01", "acme:new")


def test_no_replacement_repeats_a_model_of_the_list() -> None:
    older, new = became(fit("new"), of=("acme:old", "acme:new"))
    first, second = became(fit("new"), model("old-2"), of=("acme:old", "acme:old-2"))

    assert (older.to, older.why) == (None, "the newer ones are in the list already")
    assert (new.to, new.why) == (None, "it is the newest of its line")
    assert (str(first.to), second.to) == ("acme:new", None)


def test_models_without_known_family_are_kept() -> None:
    unknown, alone = became(fit("alone", family=None), of=("acme:unknown", "acme:alone"))

    assert [unknown.why, alone.why] == [
        "it is in no catalog",
        "its family is unknown",
    ]
    assert (unknown.is_unknown, alone.is_unknown) == (True, True)


@given(st.permutations([fit("a"), fit("b"), fit("m-9"), fit("m-10"), fit("c", "2026-02-02")]))
def test_the_order_of_the_catalog_does_not_matter(models: list[ModelFacts]) -> None:
    *same_day, newest = sorted(models, key=lambda facts: facts.released or TODAY)

    assert taken(*models) == newest.name == "c"
    assert taken(*same_day) == "m-10"
