from llmring.batch.input.row_source import InputFingerprint
from llmring.batch.journal.job_description import (
    JobDescription,
    digest_of,
    parts_of,
    shown_or_digest,
)


def test_b28_what_differs_is_named() -> None:
    before = JobDescription(parts={"alias": "fast", "prompt": "a"})

    after = JobDescription(parts={"alias": "fast", "prompt": "b", "system": "c"})

    assert before.differences(after) == ["prompt", "system"]
    assert before.differences(before) == []


def test_b28_another_input_or_other_ids_differ() -> None:
    before = JobDescription(inputs=(InputFingerprint(name="a.csv", size=3, digest="1"),))

    assert before.differences(JobDescription()) == ["the input"]
    assert JobDescription(ids=True).differences(JobDescription()) == ["the column of IDs"]


def test_b24_long_texts_are_known_by_their_digest() -> None:
    assert shown_or_digest("short") == "short"
    assert shown_or_digest("x" * 100) == f"digest {digest_of('x' * 100)}"
    assert shown_or_digest(0.5) == "0.5"


def test_b24_options_that_are_not_set_are_no_part() -> None:
    values = {"temperature": 0.5, "seed": None}

    assert parts_of(values, ["temperature", "seed", "top_p"]) == {"temperature": "0.5"}
