from llmring import LLMRequest
from llmring.batch.engine.row_queue import Lane, RowQueue, Work
from llmring.batch.row import InputRow, RowRequest


def work(lane: Lane, number: int) -> Work:
    row = InputRow(number, f"r{number}", {}, "")
    return Work(RowRequest(row, "chat", LLMRequest("m", "Hi")), lane)


def test_b22_a_row_of_a_later_round_comes_behind_the_others() -> None:
    queue, lane = RowQueue(10), Lane("m", 4)
    first, second = work(lane, 1), work(lane, 2)

    queue.add_later(first, at=5.0)
    queue.add(second)
    queue.put_due(now=4.9)
    assert queue.take(lane) is second
    assert queue.take(lane) is None
    queue.put_due(now=5.0)

    assert queue.take(lane) is first
    assert queue.count == 0


def test_b22_the_rows_that_wait_are_bounded() -> None:
    queue, lane = RowQueue(2), Lane("m", 4)

    queue.add(work(lane, 1))
    queue.add_later(work(lane, 2), at=1.0)

    assert queue.is_full


def test_a_cold_model_takes_one_row_until_that_is_answered() -> None:
    lane = Lane("m", 4, is_cold=True)

    lane.in_flight = 1
    assert not lane.has_room
    lane.row_answered()

    assert lane.has_room


def test_a_narrowed_model_widens_again_with_answers() -> None:
    lane = Lane("m", 4)
    lane.in_flight = 3

    lane.narrow()
    lane.in_flight = 2
    assert not lane.has_room
    for _ in range(8):
        lane.row_answered()

    assert lane.has_room
