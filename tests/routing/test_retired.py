from datetime import date

import pytest

from llmring.exceptions import ProviderError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts
from llmring.routing.selection.filters import retired_last, warning
from llmring.routing.targets import Skip, Target

DAY = date(2026, 11, 23)
GONE = date(2026, 11, 23)
GOING = date(2026, 11, 24)


def target(name: str, retires: date | None = None, *, known: bool = True) -> Target:
    row = PROVIDERS["openai"]
    facts = ModelFacts(provider="openai", name=name, retires=retires) if known else None
    endpoint = Endpoint(row, "https://a.b", "k")
    return Target(ModelRef("openai", name), endpoint, row.speaking(None), facts)


def names(*candidates: Target | Skip) -> str:
    return "".join(each.ref.model for each in retired_last(candidates, DAY))


@pytest.mark.parametrize(
    ("candidates", "order"),
    [
        ([target("a", GONE), target("b")], "ba"),
        ([target("a", GOING), target("b")], "ab"),
        ([target("a", GONE), target("b"), target("c", GONE), target("d", GOING)], "bdac"),
        ([target("a", known=False), target("b", GONE), target("c", known=False)], "acb"),
        ([target("a", GONE)], "a"),
        ([target("a", GONE), Skip(ModelRef("x", "b"), ProviderError("no")), target("c")], "bca"),
        ([], ""),
    ],
)
def test_a_model_past_its_last_day_comes_last(candidates: list[Target], order: str) -> None:
    assert names(*candidates) == order


def test_the_warning_gives_the_date_and_the_fix() -> None:
    assert warning(target("a", GONE)) == (
        "openai:a was retired by its provider on 2026-11-23, so it is tried last; "
        "run `llmring lock upgrade` to bind another model"
    )
