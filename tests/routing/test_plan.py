"""The plan of a call, from its models and their facts."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from llmring.exceptions import ProviderError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import LongContext, ModelFacts, Prices
from llmring.routing.circuits import OpenCircuit
from llmring.routing.plan import CallSize, Plan, PlanInputs, plan
from llmring.routing.policy import Policy
from llmring.routing.selection.prepare import Prepared
from llmring.routing.targets import Skip, Target
from llmring.wire import HttpRequest

PRICES = Prices(
    input=Decimal(1),
    output=Decimal(4),
    long_context=LongContext(above=1000, input=Decimal(2), output=Decimal(8)),
)
FACTS = ModelFacts(provider="openai", name="a", prices=PRICES, retires=date(2026, 12, 1))
A, B, C = (ModelRef("openai", name) for name in "abc")
GIVEN = PlanInputs(
    prepare=lambda _: Prepared(HttpRequest("POST", "https://x.test", {}, b"")),
    size=CallSize(),
    policy=Policy(),
    models=(A, B, C),
    facts=lambda ref: FACTS if ref == A else None,
    blocked={},
    day=date(2026, 11, 23),
)


def target(ref: ModelRef) -> Target:
    row = PROVIDERS[ref.provider]
    return Target(ref, Endpoint(row, row.base_url, "a-key"), row.dialect)


def skip(ref: ModelRef) -> Skip:
    return Skip(ref, ProviderError("no reason"))


def order(found: Plan) -> Sequence[tuple[int | None, str, str | None]]:
    return [(step.turn, step.model[-1], step.reason) for step in found.steps]


def test_those_to_be_tried_come_first_in_their_order() -> None:
    found = plan([skip(A), target(C), target(B)], "fast", GIVEN)

    assert order(found) == [(1, "c", None), (2, "b", None), (None, "a", "no reason")]


def test_a_model_whose_circuit_is_open_is_skipped() -> None:
    blocked = {"openai:a": OpenCircuit(7.0, "it was down")}

    found = plan([target(A), target(B)], "fast", replace(GIVEN, blocked=blocked))

    reason = "circuit open for another 7 s: it was down"
    assert order(found) == [(1, "b", None), (None, "a", reason)]


def test_where_all_circuits_are_open_the_first_to_close_is_tried() -> None:
    blocked = {"openai:a": OpenCircuit(7.0, "down"), "openai:b": OpenCircuit(5.0, "down")}

    found = plan([target(A), target(B), skip(C)], "fast", replace(GIVEN, blocked=blocked))

    assert [step.model for step in found.tried] == ["openai:b"]
    assert found.tried[0].remarks[-1].endswith("tried anyway, as all circuits are open")


def test_a_model_that_the_request_can_not_be_put_to_is_skipped() -> None:
    def prepare(_: Target) -> Prepared:
        raise ProviderError("too large for the provider")

    found = plan([target(A)], "fast", replace(GIVEN, prepare=prepare))

    assert order(found) == [(None, "a", "too large for the provider")]


def test_a_long_prompt_is_at_the_rates_of_long_prompts() -> None:
    for prompt, rate in ((1000, 1), (1001, 2)):
        [step] = plan(
            [target(A)], "fast", replace(GIVEN, size=CallSize(prompt=prompt, answer=0))
        ).steps

        assert step.rates is not None
        assert (step.rates.input, step.rates.output) == (Decimal(rate), Decimal(4 * rate))
        assert step.cost == Decimal(prompt * rate) / 1_000_000


def test_a_plan_has_remarks_on_each_model() -> None:
    policy = Policy(strategy="weighted", weights=[3, 1, 0])

    found = plan([target(A), target(B)], "fast", replace(GIVEN, policy=policy))

    assert [step.remarks for step in found.steps] == [
        ("weight 3", "its provider retires it on 2026-12-01"),
        ("weight 1", "not in the catalog: its capabilities and prices are not known"),
    ]
