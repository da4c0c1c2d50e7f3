"""Models that are retired, about to retire, deprecated, or in no catalog."""

from datetime import date, timedelta

import pytest

from llmring.lockfile.check import problems
from llmring.lockfile.document import ModelRef
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts

TODAY = date(2026, 6, 1)
PAST, SOON, LATE = date(2026, 5, 1), date(2026, 7, 1), date(2027, 6, 1)


def model(
    name: str,
    *,
    deprecated: date | None = None,
    retires: date | None = None,
    successor: str | None = None,
    family: str | None = None,
    released: date = PAST,
) -> ModelFacts:
    return ModelFacts(
        provider="openai",
        name=name,
        deprecated=deprecated,
        retires=retires,
        successor=successor,
        family=family,
        released=released,
    )


class Known:
    models = (
        model("good-1"),
        model("gone", retires=PAST, successor="good-1"),
        model("gone-today", retires=TODAY),
        model("advised", deprecated=PAST, retires=LATE),
        model("advised-later", deprecated=LATE),
        model("going", retires=SOON),
        model("staying", retires=TODAY + timedelta(days=91)),
        model("old", family="f", retires=PAST, successor="gone"),
        model("middle", family="f"),
        model("young", family="f", released=TODAY),
    )

    def facts(self, ref: ModelRef, /) -> ModelFacts | None:
        return next((each for each in self.models if str(each) == str(ref)), None)


def reported(*models: str) -> list[str]:
    text = (
        f'[[profiles.default.bindings]]\nalias = "a"\nmodels = {["mock:echo", *models]}\n'
        '[profiles.dev]\nextends = "default"\n'
    )
    return [
        f"{each.severity}: {each.message}; {each.fix}"
        for each in problems(text, PROVIDERS, lambda _: Known(), TODAY)
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "gone",
            "is retired since 2026-05-01; bind openai:good-1, which its provider recommends "
            "instead",
        ),
        (
            "gone-today",
            "is retired since 2026-06-01; bind another model; list them: "
            "llmring list --provider openai",
        ),
        (
            "advised",
            "is deprecated since 2026-05-01, and retires 2027-06-01; bind another model; list "
            "them: llmring list --provider openai",
        ),
        (
            "going",
            "retires 2026-07-01; bind another model; list them: llmring list --provider openai",
        ),
        (
            "old",
            "is retired since 2026-05-01; bind openai:young, the newest of its family",
        ),
    ],
)
def test_C08_a_retiring_model_is_a_warning_that_recommends_another(name: str, message: str) -> None:
    assert reported(f"openai:{name}") == [f"warning: openai:{name} {message}"]


@pytest.mark.parametrize("name", ["good-1", "advised-later", "staying"])
def test_a_model_that_stays_available_has_no_problem(name: str) -> None:
    assert reported(f"openai:{name}") == []


def test_C08_a_model_in_no_catalog_is_a_hint_that_names_a_near_one() -> None:
    assert reported("openai:god-1") == [
        "hint: openai:god-1 is in no catalog, so its price and capabilities are unknown; did "
        'you mean openai:good-1? If not, describe it under [registry.models."openai:god-1"]'
    ]


def test_an_unknown_model_of_several_bindings_is_one_hint() -> None:
    aliases = "".join(
        f'[[profiles.default.bindings]]\nalias = "{alias}"\nmodels = ["mock:a", "openai:x"]\n'
        for alias in ("a", "b")
    )

    found = problems(aliases, PROVIDERS, lambda _: Known(), TODAY)

    assert [(each.line, each.message.partition(",")[2]) for each in found] == [
        (3, " named 2 times, is in no catalog, so its price and capabilities are unknown")
    ]


def test_a_retiring_model_is_never_suggested_for_a_mistyped_one() -> None:
    [hint] = reported("openai:goin")

    assert "did you mean" not in hint


def test_S068_models_of_a_provider_that_no_catalog_covers_are_left_alone() -> None:
    assert reported("groq:anything", "ollama:anything") == []


def test_C08_a_retired_model_of_several_bindings_is_one_warning_that_names_them() -> None:
    def binding(profile: str, alias: str, model: str) -> str:
        return f'[[profiles.{profile}.bindings]]\nalias = "{alias}"\nmodels = ["{model}"]\n'

    text = (
        binding("default", "fast", "openai:gone")
        + binding("default", "deep", "openai:going")
        + binding("default", "code", "openai:gone")
        + '[profiles.dev]\nextends = "default"\n'
        + binding("dev", "fast", "openai:gone")
    )

    found = problems(text, PROVIDERS, lambda _: Known(), TODAY)

    assert [(each.line, each.message) for each in found if each.severity == "warning"] == [
        (3, "openai:gone is retired since 2026-05-01 (in fast, code, fast of dev)"),
        (6, "openai:going retires 2026-07-01"),
    ]
