"""Faults that a test scripts by itself."""

from typing import Any

import pytest

from llmring import ConfigurationError
from llmring.lockfile.schema import keys
from llmring.routing.fault_script import ScriptedFault
from llmring.testing import FaultFields, Faults


def test_of_several_faults_the_first_one_that_matches_happens() -> None:
    faults = Faults()

    faults.add(status=429, times=1)
    faults.add(model="openai:*", cut=2)

    assert [faults.script.due("openai:a") for _ in range(2)] == [
        ScriptedFault(status=429, times=1),
        ScriptedFault(model="openai:*", cut=2),
    ]
    assert faults.script.due("google:a") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": 200}, "^status: .*400"),
        ({"times": -1}, "^times: "),
        ({"connection": "lost"}, "^connection: .*refused"),
        ({"latency": "long"}, "^latency: "),
        ({"satus": 429}, "^satus: .*status"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_fault_that_a_lockfile_would_refuse_is_refused_with_its_key_and_the_fix(
    fields: dict[str, Any], message: str
) -> None:
    faults = Faults()

    with pytest.raises(ConfigurationError, match=message):
        faults.add(**fields)
    assert not faults.script


def test_a_test_can_script_every_fault_that_a_lockfile_can() -> None:
    assert set(FaultFields.__annotations__) == set(keys.FAULT)
    assert set(keys.FAULT) == set(ScriptedFault.__struct_fields__)
