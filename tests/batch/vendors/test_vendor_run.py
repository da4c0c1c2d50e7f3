"""Jobs at vendors' batch APIs, from the rows to their outcomes."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from batch_jobs import Job, Killed, TurnedClock, VendorCalls, rows, target_at
from batch_vendors import VENDORS
from fake_batches import DAY, HOUR, KEY, FakeBatches, whole
from fake_openai_batches import FakeOpenAI
from llmring.batch.vendors.batch_search import UnclearBatchError
from llmring.dialects.openai_responses.encode_reply import ENCODING as RESPONSES
from llmring.exceptions import ConfigurationError, ProviderAuthenticationError

each_vendor = pytest.mark.parametrize("name", VENDORS)
# Batches of Anthropic have no tag.
each_tagged_vendor = pytest.mark.parametrize(
    "name", [each for each in VENDORS if each != "anthropic"]
)

ERROR = b'{"error":{"message":"the server had an error","type":"server_error"}}'
BAD = b'{"error":{"message":"no such parameter","type":"invalid_request_error"}}'


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def vendor(name: str, clock: TurnedClock) -> Iterator[FakeBatches]:
    with VENDORS[name](clock) as server:
        yield server


@pytest.fixture
def openai(clock: TurnedClock) -> Iterator[FakeOpenAI]:
    with FakeOpenAI(clock) as server:
        yield server


def some(ends: dict[str, Any], vendor: FakeBatches) -> Any:
    """Return replies of which some, by the end of their IDs, are others than answers."""
    usual = vendor.reply
    return lambda id_, body: next(
        (end for name, end in ends.items() if id_.endswith(name)), usual(id_, body)
    )


def answers(job: Job) -> set[str]:
    return {id_ for id_, outcome in job.kept.items() if outcome.status == "ok"}


@each_vendor
def test_b39_rows_are_answered_by_a_batch_of_the_vendor(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    kept = Job(vendor, tmp_path, rows(5)).run()

    [batch] = vendor.batches.values()
    assert [outcome.text for outcome in kept.values()] == [
        f"answer to {id_}" for id_ in reversed(batch.requests)
    ]
    assert {outcome.vendor_batch for outcome in kept.values()} == {batch.id}
    assert [str(body).count(f"Question {n}") for n, body in enumerate(batch.requests.values())] == [
        1
    ] * 5


@each_vendor
def test_b39_parts_are_sent_in_the_order_of_the_rows(vendor: FakeBatches, tmp_path: Path) -> None:
    job = Job(vendor, tmp_path, rows(5), most_rows=2)

    job.run()

    sent = [[id_[-1] for id_ in batch.requests] for batch in vendor.batches.values()]
    assert sent == [["0", "1"], ["2", "3"], ["4"]]
    assert answers(job) == {f"row-{n}" for n in range(5)}


@pytest.mark.parametrize("name", ["openai", "mistral"])
def test_b39_a_row_is_rendered_as_for_a_call(vendor: FakeBatches, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"temperature": 0.5, "max_tokens": 9, "stop": "x"}
    target = target_at(vendor)
    Job(vendor, tmp_path, rows(1, **fields), target=target).run()

    [row] = rows(1, **fields)
    live = VendorCalls().prepare(row.request)(target).http

    [batch] = vendor.batches.values()
    assert {"model": "some-model", **batch.requests["row-0"]} == json.loads(live.body)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("openai", b'{"data":[{"index":0,"embedding":[1.0,2.0]}],"usage":{"prompt_tokens":100}}'),
        ("mistral", b'{"data":[{"index":0,"embedding":[1.0,2.0]}],"usage":{"prompt_tokens":100}}'),
        ("gemini", b'{"embedding":{"values":[1.0,2.0]}}'),
    ],
)
def test_b39_texts_are_embedded_by_a_batch(
    vendor: FakeBatches, tmp_path: Path, reply: bytes
) -> None:
    vendor.reply = lambda _id, _body: (200, reply)
    texts = [replace(row, operation="embeddings", texts=("some text",)) for row in rows(2)]

    kept = Job(vendor, tmp_path, texts).run()

    assert [kept[f"row-{n}"].vectors for n in range(2)] == [[[1.0, 2.0]]] * 2
    cost = None if vendor.provider == "google" else Decimal("0.0001")
    assert kept["row-0"].cost == cost


def test_b39_several_texts_for_a_row_are_refused_where_a_batch_takes_one(
    clock: TurnedClock, tmp_path: Path
) -> None:
    with VENDORS["gemini"](clock) as vendor:
        [row] = rows(1)
        kept = Job(vendor, tmp_path, [replace(row, operation="embeddings", texts=("a", "b"))]).run()

        assert kept["row-0"].error_class == "UnsupportedFeatureError"
        assert vendor.asked == []


def test_b39_a_row_that_batches_refuse_fails_before_anything_is_uploaded(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    bad = rows(1, start=7, extra_params={"stream": True})
    job = Job(openai, tmp_path, [*rows(1), *bad])

    kept = job.run()

    assert kept["row-7"].status == "failed"
    assert "'stream'" in (kept["row-7"].error or "")
    assert openai.requests_sent == 1
    assert kept["row-0"].status == "ok"


@each_vendor
def test_b40_each_step_is_noted_and_no_note_has_the_key_or_a_prompt(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    job = Job(vendor, tmp_path, rows(2))

    job.run()

    notes = "\n".join(job.notes())
    assert KEY not in notes
    assert "Question" not in notes
    steps = [line.split('"')[3] for line in job.notes()]
    upload = ["uploading", "uploaded"] if vendor.files or vendor.deleted else []
    assert steps[: 5 + len(upload)] == ["begun", "part", "split", *upload, "creating", "created"]


@each_vendor
@pytest.mark.parametrize("path", ["files", "batches", "jobs", ":batchGenerateContent"])
def test_b40_a_request_whose_answer_is_lost_is_not_repeated_blindly(
    vendor: FakeBatches, tmp_path: Path, path: str
) -> None:
    vendor.lose = [path]
    vendor.takes = 1.0
    job = Job(vendor, tmp_path, rows(3))

    try:
        job.run()
    except UnclearBatchError:
        # The batch has ended by now, and its results have the IDs of the job.
        vendor.clock.time += HOUR
        job.run()

    assert len(vendor.batches) == 1
    assert len(job.kept) == 3


@each_tagged_vendor
def test_b40_a_job_goes_on_after_an_end_at_any_moment(
    vendor: FakeBatches, name: str, clock: TurnedClock, tmp_path: Path
) -> None:
    moments = ends_of(vendor, tmp_path / "whole")

    for moment in range(moments):
        with VENDORS[name](clock) as server:
            job = interrupted(server, tmp_path / str(moment), moment)
            job.run()

            assert len(server.batches) == 2
            assert answers(job) == {f"row-{n}" for n in range(4)}


def test_b40_a_job_at_anthropic_goes_on_after_an_end_at_any_moment(
    clock: TurnedClock, tmp_path: Path
) -> None:
    with VENDORS["anthropic"](clock) as vendor:
        moments = ends_of(vendor, tmp_path / "whole")
    asked = 0

    for moment in range(moments):
        with VENDORS["anthropic"](clock) as server:
            job = interrupted(server, tmp_path / str(moment), moment)
            try:
                job.run()
            except UnclearBatchError:
                asked += 1
                clock.time += DAY
                job.run()

            assert len(server.batches) == 2
            assert answers(job) == {f"row-{n}" for n in range(4)}
    assert asked == 2


def ends_of(vendor: FakeBatches, folder: Path) -> int:
    """Return how often a job of two parts reads its clock, at any of which its process may end."""
    folder.mkdir()
    job = Job(vendor, folder, rows(4), most_rows=2)
    vendor.clock.kill_in = 1000
    job.run()
    moments = 1000 - (vendor.clock.kill_in or 0)
    vendor.clock.kill_in = None
    return moments


def interrupted(vendor: FakeBatches, folder: Path, moment: int) -> Job:
    folder.mkdir()
    job = Job(vendor, folder, rows(4), most_rows=2)
    vendor.clock.kill_in = moment
    with pytest.raises(Killed):
        job.run()
    return job


def test_b40_where_it_is_unclear_the_job_asks_and_can_be_resubmitted(
    clock: TurnedClock, tmp_path: Path
) -> None:
    with VENDORS["anthropic"](clock) as vendor:
        vendor.lose = ["batches"]
        job = Job(vendor, tmp_path, rows(3))
        with pytest.raises(UnclearBatchError, match="--resubmit"):
            job.submit()
        with pytest.raises(UnclearBatchError, match="msgbatch-0001"):
            job.submit()

        Job(vendor, tmp_path, rows(3), resubmit=True).submit()

        assert len(vendor.batches) == 2


def test_b40_another_machine_goes_on_with_the_folder(openai: FakeOpenAI, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    Job(openai, there, rows(3)).submit()
    here = there.rename(tmp_path / "here")
    openai.clock.time += 2 * DAY

    job = Job(openai, here, rows(3))
    job.run()

    assert answers(job) == {"row-0", "row-1", "row-2"}
    assert len(openai.batches) == 1


@each_vendor
def test_b41_submitting_does_not_wait_and_a_status_looks_once(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    job = Job(vendor, tmp_path, rows(3))
    job.submit()
    began = vendor.clock.time

    status = job.poll()

    assert (status.rows, status.open, status.is_done) == (3, 1, False)
    assert vendor.clock.time == began


def test_b41_the_waits_between_looks_grow_from_30_seconds_to_10_minutes(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    openai.takes = 5 * HOUR

    Job(openai, tmp_path, rows(1)).run()

    slept = openai.clock.slept
    assert slept[0] == 30
    assert slept == sorted(slept)
    assert max(slept) == 600


@each_vendor
def test_b41_a_part_beyond_the_limit_of_enqueued_tokens_waits_and_is_no_error(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    vendor.queue = 2
    job = Job(vendor, tmp_path, rows(6), most_rows=2)

    job.run()

    assert answers(job) == {f"row-{n}" for n in range(6)}
    assert vendor.requests_sent == 6


def test_b41_a_part_that_waits_is_shown_as_such(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.queue = 2
    job = Job(openai, tmp_path, rows(4), most_rows=2)
    job.submit()
    openai.clock.time += 120

    status = job.poll()

    assert (status.open, status.queued, status.waiting, status.failed) == (1, 1, 1, 0)


@each_vendor
@pytest.mark.parametrize("end", ["missing", "garbled"])
def test_b42_a_row_without_a_line_of_its_own_is_left_over(
    vendor: FakeBatches, tmp_path: Path, end: str
) -> None:
    vendor.reply = some({"row-1": end}, vendor)
    job = Job(vendor, tmp_path, rows(3))

    job.run()

    assert answers(job) == {"row-0", "row-2"}
    assert job.left() == ["row-1"]


def test_b42_a_row_with_two_results_and_an_unknown_id_are_matched_to_nothing(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    job = Job(openai, tmp_path, rows(3))
    job.submit()
    openai.clock.time += DAY / 2
    job.poll()
    [batch] = openai.batches.values()
    file = openai.files[batch.outputs["output_file_id"]]
    first, *_ = file.data.splitlines()
    file.data += first + b"\n" + first.replace(b"row-2", b"row-9") + b"\n"

    job.collect()

    assert answers(job) == {"row-0", "row-1"}
    assert job.left() == ["row-2"]


@pytest.mark.parametrize("name", ["openai", "groq", "together", "mistral"])
def test_b42_a_batch_with_an_error_file_alone_is_read(vendor: FakeBatches, tmp_path: Path) -> None:
    vendor.reply = lambda _id, _body: (400, BAD)
    job = Job(vendor, tmp_path, rows(2))

    kept = job.run()

    assert {(each.error_class, each.http_status, each.passing) for each in kept.values()} == {
        ("ProviderRequestError", 400, False)
    }
    assert "no such parameter" in (kept["row-0"].error or "")


@each_vendor
def test_b42_a_good_status_with_a_body_that_is_no_answer_is_no_success(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    vendor.reply = some({"row-1": (200, b'{"hello":"proxy"}')}, vendor)
    job = Job(vendor, tmp_path, rows(2), then="fail")

    kept = job.run()

    assert (kept["row-0"].status, kept["row-1"].status) == ("ok", "failed")


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("openai", Decimal("0.00014")),
        ("anthropic", Decimal("0.00014")),
        ("gemini", Decimal("0.00014")),
        ("mistral", Decimal("0.00014")),
        ("together", Decimal("0.00028")),
        ("groq", None),
    ],
)
def test_b43_an_answer_costs_the_batch_rate_and_is_unknown_where_that_is(
    vendor: FakeBatches, tmp_path: Path, cost: Decimal | None
) -> None:
    [outcome] = Job(vendor, tmp_path, rows(1)).run().values()

    assert outcome.cost == cost
    assert (outcome.cost_reason is None) == (cost is not None)


@pytest.mark.parametrize("name", ["openai", "mistral", "anthropic"])
def test_b43_what_an_expired_batch_has_done_is_fetched_and_priced(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    vendor.takes = 2 * DAY
    job = Job(vendor, tmp_path, rows(4))

    job.run()

    assert answers(job) == {"row-0", "row-1"}
    assert {each.cost for each in job.kept.values()} == {Decimal("0.00014")}
    assert job.left() == ["row-2", "row-3"]


def test_b43_an_expired_batch_without_results_leaves_all_of_its_rows(
    clock: TurnedClock, tmp_path: Path
) -> None:
    with VENDORS["gemini"](clock) as vendor:
        vendor.takes = 3 * DAY
        job = Job(vendor, tmp_path, rows(2))

        job.run()

        assert job.left() == ["row-0", "row-1"]


@pytest.mark.parametrize("name", ["openai", "groq", "together", "mistral"])
def test_b44_what_can_be_asked_again_is_left_for_live_calls_with_its_price(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    vendor.reply = some({"row-1": (500, ERROR), "row-2": "missing"}, vendor)
    job = Job(vendor, tmp_path, rows(4))

    job.run()

    async def price(run: Any) -> Any:
        return run.live_price()

    assert answers(job) == {"row-0", "row-3"}
    assert job.left() == ["row-1", "row-2"]
    expected = None if vendor.provider == "groq" else 2 * Decimal("0.00028")
    assert job.do(price) == expected
    assert job.status().left == 2


def test_b44_a_row_that_was_asked_live_is_left_no_more(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.reply = some({"row-1": "missing"}, openai)
    job = Job(openai, tmp_path, rows(2))
    job.run()

    job.kept["row-1"] = job.kept["row-0"]

    assert job.left() == []


@each_vendor
def test_b44_again_sends_another_batch_with_the_rest(vendor: FakeBatches, tmp_path: Path) -> None:
    usual = vendor.reply
    tried: Counter[str] = Counter()

    def second_time(id_: str, body: dict[str, Any]) -> Any:
        tried[id_] += 1
        return usual(id_, body) if tried[id_] > 1 or id_.endswith("row-0") else "missing"

    vendor.reply = second_time
    job = Job(vendor, tmp_path, rows(3), then="again")

    job.run()

    assert answers(job) == {"row-0", "row-1", "row-2"}
    assert [len(batch.requests) for batch in vendor.batches.values()] == [3, 2]


def test_b44_again_ends_after_three_batches(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.reply = lambda _id, _body: "missing"
    job = Job(openai, tmp_path, rows(2), then="again")

    kept = job.run()

    assert len(openai.batches) == 3
    assert {each.error_class for each in kept.values()} == {"missing"}


def test_b44_fail_lets_them_fail(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.reply = some({"row-1": (500, ERROR), "row-0": "expired"}, openai)
    job = Job(openai, tmp_path, rows(3), then="fail")

    kept = job.run()

    assert [kept[f"row-{n}"].status for n in range(3)] == ["failed", "failed", "ok"]
    assert [kept[f"row-{n}"].passing for n in range(3)] == [True, True, False]
    assert kept["row-0"].error_class == "expired"
    assert job.left() == []


def test_b44_a_line_that_the_vendor_refuses_fails_and_the_others_are_asked_again(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    openai.unknown_rows = {"row-1"}
    job = Job(openai, tmp_path, rows(3), then="again")

    kept = job.run()

    assert (kept["row-1"].error_class, kept["row-1"].passing) == ("refused", False)
    assert "model_not_found" in (kept["row-1"].error or "")
    assert answers(job) == {"row-0", "row-2"}


def test_b44_the_rows_of_a_batch_that_is_refused_as_a_whole_fail_with_its_reason(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    openai.most_requests = 2
    job = Job(openai, tmp_path, rows(3), then="again")

    kept = job.run()

    assert {(each.error_class, each.passing) for each in kept.values()} == {("refused", True)}
    assert "too_many_requests" in (kept["row-1"].error or "")
    assert len(openai.batches) == 1


def test_b39_a_batch_may_be_of_the_vendor_s_other_api(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.reply = lambda id_, _body: (200, whole(RESPONSES, f"answer to {id_}"))
    job = Job(openai, tmp_path, rows(2), target=target_at(openai, api="responses"))

    kept = job.run()

    [batch] = openai.batches.values()
    assert batch.endpoint == "/v1/responses"
    assert kept["row-1"].text == "answer to row-1"


@pytest.mark.parametrize("name", ["openai", "gemini"])
def test_b41_an_upload_beyond_a_quota_waits(vendor: FakeBatches, tmp_path: Path) -> None:
    vendor.refuse = [429] * 3
    job = Job(vendor, tmp_path, rows(2))

    job.run()

    assert answers(job) == {"row-0", "row-1"}
    assert sum(line.count('"queued"') for line in job.notes()) == 3


@each_vendor
def test_b45_a_batch_of_another_key_is_reported_and_not_sent_again(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    Job(vendor, tmp_path, rows(2)).submit()
    other = Job(vendor, tmp_path, rows(2), target=target_at(vendor, key="sk-another-key-123456"))
    asked = len(vendor.asked)

    status = other.poll()
    with pytest.raises(ConfigurationError, match="another key"):
        other.run()

    assert len(status.unreachable) == 1
    assert len(vendor.asked) == asked
    job = Job(vendor, tmp_path, rows(2))
    job.run()
    assert answers(job) == {"row-0", "row-1"}


@each_vendor
def test_b45_a_part_that_was_being_sent_with_another_key_is_not_sent_again_silently(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    folder = interrupted_at_creation(vendor, tmp_path)
    other = target_at(vendor, key="sk-another-key-123456")

    with pytest.raises(UnclearBatchError, match="another key"):
        Job(vendor, folder, rows(2), target=other).submit()


def interrupted_at_creation(vendor: FakeBatches, path: Path) -> Path:
    """Return the folder of a job that ended between the creation of its batch and the note."""
    for moment in range(30):
        folder = path / str(moment)
        folder.mkdir()
        vendor.clock.kill_in = moment
        with contextlib.suppress(Killed):
            Job(vendor, folder, rows(2)).submit()
        if vendor.batches:
            return folder
    raise AssertionError


def test_b41_a_look_alone_sends_nothing(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.queue = 2
    job = Job(openai, tmp_path, rows(4), most_rows=2)
    job.submit()
    openai.clock.time += DAY / 2
    openai.asked.clear()

    job.do(lambda run: run.poll(sends=False))

    assert {each.partition(" ")[0] for each in openai.asked} == {"GET"}


def test_a_key_that_the_vendor_refuses_ends_the_job(openai: FakeOpenAI, tmp_path: Path) -> None:
    job = Job(openai, tmp_path, rows(2), target=target_at(openai, key="sk-wrong-0123456789"))

    with pytest.raises(ProviderAuthenticationError) as caught:
        job.run()

    assert "sk-wrong" not in str(caught.value)


@pytest.mark.parametrize(("name", "hours"), [("mistral", 20), ("anthropic", 28 * 24 - 3)])
def test_b45_results_near_their_deletion_are_warned_of(
    vendor: FakeBatches, tmp_path: Path, hours: int
) -> None:
    job = Job(vendor, tmp_path, rows(2))
    job.submit()
    vendor.clock.time += 4 * HOUR
    early = job.poll()
    vendor.clock.time += hours * HOUR

    late = job.status()

    assert early.warnings == ()
    assert len(late.warnings) == 1


@each_vendor
def test_b45_results_that_the_vendor_has_deleted_leave_their_rows(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    job = Job(vendor, tmp_path, rows(2))
    job.submit()
    vendor.clock.time += 30 * DAY
    job.poll()
    vendor.files.clear()

    job.run()

    assert job.left() == ["row-0", "row-1"]


@each_vendor
def test_b46_a_cancelled_job_keeps_what_was_done(vendor: FakeBatches, tmp_path: Path) -> None:
    job = Job(vendor, tmp_path, rows(4))
    job.submit()

    status = job.do(lambda run: run.cancel())
    job.collect()

    assert (status.is_cancelled, status.open) == (True, 0)
    assert answers(job) == {"row-0", "row-1"}
    assert set(job.kept) == {"row-0", "row-1"}
    assert job.left() == []


def test_b46_a_cancelled_job_sends_nothing_more(openai: FakeOpenAI, tmp_path: Path) -> None:
    openai.queue = 2
    job = Job(openai, tmp_path, rows(4), most_rows=2)
    job.submit()

    job.do(lambda run: run.cancel())
    job.run()

    assert openai.requests_sent == 2


@pytest.mark.parametrize("name", [each for each in VENDORS if each != "anthropic"])
@pytest.mark.parametrize("keep_files", [False, True])
def test_b46_the_vendor_s_files_are_deleted_at_the_end_unless_they_are_kept(
    vendor: FakeBatches, tmp_path: Path, keep_files: bool
) -> None:
    Job(vendor, tmp_path, rows(2), keep_files=keep_files).run()

    assert bool(vendor.files) == keep_files
    assert len(vendor.deleted) == (0 if keep_files else 2)


@each_vendor
def test_b40_results_stay_at_the_vendor_until_their_outcomes_are_on_disk(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    job = Job(vendor, tmp_path, rows(2))
    job.disk_is_full = True
    with pytest.raises(OSError, match="no space"):
        job.run()
    job.kept.clear()
    assert vendor.deleted == []

    job.disk_is_full = False
    job.run()

    assert answers(job) == {"row-0", "row-1"}
    assert vendor.requests_sent == 2


@each_vendor
def test_rows_without_an_outcome_are_sent_again_if_that_is_asked_for(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    job = Job(vendor, tmp_path, rows(3))
    job.run()
    # As when failed rows are to be tried again.
    del job.kept["row-1"]
    job.run()
    assert vendor.requests_sent == 3

    again = Job(vendor, tmp_path, rows(3), asks_rest=True)
    again.kept = job.kept
    again.run()

    assert vendor.requests_sent == 4
    assert answers(again) == {"row-0", "row-1", "row-2"}


def test_b46_a_cancelled_job_goes_on_if_that_is_asked_for(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    job = Job(openai, tmp_path, rows(4))
    job.submit()
    job.do(lambda run: run.cancel())
    job.run()
    assert answers(job) == {"row-0", "row-1"}

    again = Job(openai, tmp_path, rows(4), asks_rest=True)
    again.kept = job.kept
    again.run()

    assert answers(again) == {f"row-{n}" for n in range(4)}
    assert [len(batch.requests) for batch in openai.batches.values()] == [4, 2]


@each_vendor
def test_a_job_that_starts_over_cancels_its_batches_first(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    job = Job(vendor, tmp_path, rows(2))
    job.submit()

    job.do(lambda run: run.abandon())
    job.run()

    first, second = vendor.batches.values()
    assert (first.cancelled is None, second.cancelled is None) == (False, True)
    assert answers(job) == {"row-0", "row-1"}


def test_nothing_but_the_notes_is_left_in_the_folder(openai: FakeOpenAI, tmp_path: Path) -> None:
    Job(openai, tmp_path, rows(2)).run()

    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ["part-00000.refused.jsonl", "vendor.jsonl"]


def test_an_outage_of_the_vendor_does_not_end_a_job(openai: FakeOpenAI, tmp_path: Path) -> None:
    job = Job(openai, tmp_path, rows(2))
    job.submit()
    openai.refuse = [503] * 40

    job.run()

    assert answers(job) == {"row-0", "row-1"}


def test_a_job_that_was_begun_with_another_model_is_refused(
    openai: FakeOpenAI, tmp_path: Path
) -> None:
    Job(openai, tmp_path, rows(1)).submit()

    with pytest.raises(ConfigurationError, match="openai:other"):
        Job(openai, tmp_path, rows(1), target=target_at(openai, model="other")).submit()


@each_vendor
def test_b60_a_job_of_three_days_survives_twenty_restarts(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    vendor.queue = 6
    vendor.takes = 15 * HOUR
    began = vendor.clock.time
    job = Job(vendor, tmp_path, rows(30), most_rows=3)
    restarts = 0

    while True:
        vendor.clock.kill_in = 3 + restarts % 7 if restarts < 20 else None
        try:
            job.run()
        except Killed:
            restarts += 1
        except UnclearBatchError:
            # As when someone has looked at the vendor's page, once the batch has ended.
            vendor.clock.time += DAY
        else:
            break

    assert restarts == 20
    assert vendor.clock.time - began > 3 * DAY
    assert answers(job) == {f"row-{n}" for n in range(30)}
    assert vendor.requests_sent == 30
