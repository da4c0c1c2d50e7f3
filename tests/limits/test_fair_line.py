"""Lines of waiting calls."""

from hypothesis import given
from hypothesis import strategies as st

from llmring.limits.fair_line import FairLine


def drained(line: FairLine[str]) -> list[str]:
    found = []
    while (item := line.pop()) is not None:
        found.append(item)
    return found


def lined_up(items: list[str]) -> FairLine[str]:
    line: FairLine[str] = FairLine()
    for item in items:
        line.add(item[0], item)
    return line


ITEMS = st.lists(st.sampled_from("abc"), max_size=30).map(
    lambda groups: [f"{group}{number}" for number, group in enumerate(groups)]
)


@given(ITEMS)
def test_within_a_group_the_first_that_came_is_first(items: list[str]) -> None:
    found = drained(lined_up(items))

    assert sorted(found) == sorted(items)
    for group in "abc":
        assert [each for each in found if each[0] == group] == [
            each for each in items if each[0] == group
        ]


@given(ITEMS, st.integers(0, 30))
def test_no_group_that_waits_is_left_out_of_a_round(items: list[str], served: int) -> None:
    line = lined_up(items)
    for _ in range(served):
        line.pop()
    waiting = {item[0] for item in line}

    assert {item[0] for item in drained(line)[: len(waiting)]} == waiting


@given(ITEMS, st.data())
def test_an_item_that_is_removed_is_not_served(items: list[str], data: st.DataObject) -> None:
    line = lined_up(items)
    gone = data.draw(st.lists(st.sampled_from(items), unique=True)) if items else []
    for item in gone:
        assert line.remove(item[0], item)
        assert not line.remove(item[0], item)

    assert len(line) == len(items) - len(gone)
    assert not set(drained(line)) & set(gone)
