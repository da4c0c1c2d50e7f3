from decimal import Decimal
from pathlib import Path

import pytest

from batch_outcomes import bad, ok
from llmring import ConfigurationError
from llmring.batch.input.row_source import InputFingerprint
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.job_status import job_status
from llmring.batch.journal.open_job import open_job

INPUT = InputFingerprint(name="in.csv", size=4, digest="1", covers="whole")
DESCRIPTION = JobDescription(inputs=(INPUT,), parts={"alias": "fast"})


def test_b33_the_state_of_a_job_is_read_while_it_runs(tmp_path: Path) -> None:
    job = open_job(tmp_path, DESCRIPTION, None)
    job.add(ok(0, model="openai:a", tokens_in=3))
    job.add(bad(1))
    job.add(bad(2, passing=True, cost=None, cost_reason="cut"))

    status = job_status(tmp_path)
    job.close()

    assert status.running is not None
    assert (status.ok, status.failed, status.to_retry, status.runs) == (1, 1, 1, 1)
    assert (status.spent, status.unknown_costs) == (Decimal("0.001"), 1)
    assert (status.inputs, status.parts) == (["in.csv"], {"alias": "fast"})
    assert (status.models, status.error_classes) == ({"openai:a": 1}, {"ProviderError": 2})
    assert job_status(tmp_path).running is None


def test_b33_what_was_spent_before_a_change_is_in_the_state(tmp_path: Path) -> None:
    job = open_job(tmp_path, DESCRIPTION, None)
    job.add(ok(0))
    job.close()
    changed = JobDescription(inputs=(INPUT,), parts={"alias": "deep"})
    open_job(tmp_path, changed, lambda: iter([]), changed="rerun").close()

    status = job_status(tmp_path)

    assert (status.ok, status.runs, status.spent) == (0, 0, Decimal("0.001"))


def test_b33_a_folder_that_is_not_a_job_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"OUT\.llmring"):
        job_status(tmp_path)
