"""Models that do not meet the needs of a lockfile."""

import pytest

from llmring.lockfile.check import problems
from llmring.lockfile.document import ModelRef
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts

MODELS = {
    "openai:able": ModelFacts(
        provider="openai",
        name="able",
        context_window=100_000,
        capabilities=frozenset({"tools", "vision"}),
    ),
    "openai:blind": ModelFacts(
        provider="openai", name="blind", context_window=8_000, capabilities=frozenset({"tools"})
    ),
}


class Known:
    models = tuple(MODELS.values())

    def facts(self, ref: ModelRef, /) -> ModelFacts | None:
        return MODELS.get(str(ref))


def reported(text: str) -> list[tuple[int, str, str, str]]:
    """Return the line, severity, key and message of each problem about needs."""
    return [
        (each.line, each.severity, each.key, each.message)
        for each in problems(text, PROVIDERS, lambda _: Known())
        if "requires" in each.message or "context" in each.message
    ]


def lockfile(models: str, *, profile: str = "", binding: str = "") -> str:
    return (
        f"[profiles.default]\n{profile}\n[[profiles.default.bindings]]\n"
        f'alias = "a"\nmodels = {models}\n{binding}\n'
    )


BOTH = '["openai:able", "openai:blind"]'
BLIND = "openai:blind lacks vision, which profiles.default{}needs requires"


@pytest.mark.parametrize(
    ("profile", "binding", "place"),
    [
        ("", 'needs = ["tools", "vision"]', ".bindings[0]."),
        ("", 'policy = { needs = ["vision"] }', ".bindings[0].policy."),
        ('needs = ["vision"]', "", "."),
        ('policy = { needs = ["vision"] }', "", ".policy."),
        ('needs = ["audio"]', 'needs = ["vision"]', ".bindings[0]."),
    ],
)
def test_each_model_is_checked_for_needed_capabilities(
    profile: str, binding: str, place: str
) -> None:
    key = "profiles.default.bindings[0].models[1]"

    assert reported(lockfile(BOTH, profile=profile, binding=binding)) == [
        (5, "warning", key, BLIND.format(place))
    ]


def test_an_empty_need_of_a_binding_overrides_that_of_its_profile() -> None:
    assert reported(lockfile(BOTH, profile='needs = ["vision"]', binding="needs = []")) == []


def test_a_warning_about_a_small_context_gives_both_sizes() -> None:
    [(_, severity, _, message)] = reported(lockfile(BOTH, binding="min_context = 100_000"))

    assert severity == "warning"
    assert message == (
        "openai:blind has a context of 8,000 tokens, less than the 100,000 of "
        "profiles.default.bindings[0].min_context"
    )


@pytest.mark.parametrize("sent", ['needs = ["vision"]', "min_context = 5"])
def test_a_need_that_can_not_be_checked_for_an_unknown_model_is_a_hint(sent: str) -> None:
    [(_, severity, _, message)] = reported(lockfile('["openai:new"]', binding=sent))

    assert severity == "hint"
    assert "no catalog shows whether openai:new has" in message


def test_an_inherited_binding_is_reported_once() -> None:
    text = lockfile(BOTH, binding='needs = ["vision"]') + '[profiles.dev]\nextends = "default"\n'

    assert len(reported(text)) == 1


def test_the_needs_of_a_profile_apply_to_inherited_bindings() -> None:
    text = lockfile(BOTH) + '[profiles.dev]\nextends = "default"\nneeds = ["vision"]\n'

    [(line, _, _, message)] = reported(text)

    assert line == 5
    assert "profiles.dev.needs" in message
