from llmring.lockfile.document import ModelRef
from llmring.routing.served_models import ServedModels

MINI = ModelRef("openai", "mini")


def remarks(*names: str | None, pinned: str | None = None) -> list[str | None]:
    served = ServedModels()
    return [served.remark(MINI, name, pinned) for name in names]


def test_another_model_than_the_pinned_one_is_reported_once() -> None:
    assert remarks("mini-2", "mini-2", "mini-1", "mini-2", pinned="mini-1") == [
        "served as mini-2; the lockfile has pinned mini-1",
        None,
        None,
        None,
    ]


def test_without_a_pin_a_change_of_model_is_reported_once() -> None:
    assert remarks("mini-1", "mini-1", "mini-2", "mini-2") == [
        None,
        None,
        "served as mini-2, and as mini-1 before",
        None,
    ]


def test_the_name_that_was_asked_for_is_not_reported() -> None:
    assert remarks("mini", None, "", pinned="mini-1") == [None, None, None]
    assert remarks("mini-1", "mini", "mini-1") == [None, None, None]
