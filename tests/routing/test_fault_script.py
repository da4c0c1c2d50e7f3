import pytest

from llmring.routing.fault_script import FaultScript, ScriptedFault, matches

ANY = "openai:gpt-4o"


def met(count: int, *faults: ScriptedFault) -> list[int | None]:
    """Return the status of the fault that each of so many requests meets."""
    script = FaultScript(faults)
    found = [script.due(ANY) for _ in range(count)]
    return [fault.status if fault else None for fault in found]


@pytest.mark.parametrize(
    ("pattern", "model", "fits"),
    [
        ("*", ANY, True),
        ("openai:*", ANY, True),
        ("*gpt*", ANY, True),
        ("openai:gpt-4o", ANY, True),
        ("openai:gpt-4", ANY, False),
        ("anthropic:*", ANY, False),
        ("openai:gpt.4o", ANY, False),
        ("openai:[g]*", ANY, False),
    ],
)
def test_a_star_matches_any_characters_and_all_else_matches_itself(
    pattern: str, model: str, fits: bool
) -> None:
    assert matches(pattern, model) is fits


def test_a_fault_happens_every_time_unless_times_is_set() -> None:
    assert met(2, ScriptedFault(status=429)) == [429, 429]
    assert met(3, ScriptedFault(status=429, times=2)) == [429, 429, None]


def test_a_fault_leaves_alone_the_requests_that_it_skips() -> None:
    assert met(4, ScriptedFault(status=429, skip=1, times=2)) == [None, 429, 429, None]


def test_when_one_fault_is_over_the_next_one_begins() -> None:
    faults = ScriptedFault(status=429, times=1), ScriptedFault(status=503)

    assert met(3, *faults) == [429, 503, 503]


def test_a_fault_of_another_model_is_ignored() -> None:
    assert met(1, ScriptedFault(status=429, model="anthropic:*")) == [None]


def test_a_rate_is_about_the_share_of_requests_and_the_same_ones_in_every_run() -> None:
    first, second = (met(1000, ScriptedFault(status=429, rate=0.1)) for _ in range(2))

    assert first == second
    assert 50 < first.count(429) < 150


def test_a_fault_that_is_added_later_comes_behind_the_others() -> None:
    script = FaultScript([ScriptedFault(status=429, times=1)])
    script.append(ScriptedFault(status=500))

    assert [script.due(ANY), script.due(ANY)] == [
        ScriptedFault(status=429, times=1),
        ScriptedFault(status=500),
    ]
