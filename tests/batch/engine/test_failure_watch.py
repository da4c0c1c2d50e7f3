from llmring.batch.engine.failure_watch import FailureWatch


def stopped_at(watch: FailureWatch, outcomes: list[bool]) -> int | None:
    """Return after how many rows a job stops; True is a failed row."""
    for number, failed in enumerate(outcomes, 1):
        if watch.add(failed=failed) is not None:
            return number
    return None


def test_b17_a_hundred_failures_in_a_row_stop_a_job() -> None:
    assert stopped_at(FailureWatch(), [True] * 300) == 100
    assert stopped_at(FailureWatch(), ([True] * 99 + [False] * 150) * 3) is None


def test_b17_half_of_the_last_200_rows_stop_a_job() -> None:
    assert stopped_at(FailureWatch(), [False] * 1000 + [True, False] * 100) == 1199
    assert stopped_at(FailureWatch(), [True, False, False] * 300) is None


def test_b17_a_number_and_a_share_replace_the_usual_rule() -> None:
    assert stopped_at(FailureWatch(most=3), [False, True, True, False, True]) == 5
    assert stopped_at(FailureWatch(most=1000), [True] * 500) is None
    assert stopped_at(FailureWatch(share=0.1), [True] * 10 + [False] * 89 + [True]) == 100
    assert stopped_at(FailureWatch(share=1.0), [True] * 500) is None
