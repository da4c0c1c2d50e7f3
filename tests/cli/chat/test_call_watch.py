"""Notes of a call: fallbacks and cautions, before the answer."""

import pytest

from llmring import Attempt, LLMRequest, LLMRing, ProviderError
from llmring.cli.chat.call_watch import CallWatch

FAILED = Attempt(model="openai:a", outcome="failed", reason="HTTP 500")
DONE = Attempt(model="openai:b", outcome="ok")


@pytest.mark.parametrize(
    ("explains", "noted"), [(False, "openai:a failed: HTTP 500\n"), (True, "")]
)
def test_on_a_pipe_fallbacks_are_noted_when_the_answer_begins(
    capsys: pytest.CaptureFixture[str], explains: bool, noted: str
) -> None:
    watch = CallWatch(explains=explains)
    with LLMRing() as ring:
        watch.wait(ring, LLMRequest("mock:echo", "Hello"), None)
        watch.attempt(FAILED)
        watch.failover("openai:a", "openai:b", ProviderError("no"))
        watch.attempt(DONE)

        assert capsys.readouterr().err == ""
        watch.begun("openai:b")

    assert capsys.readouterr().err == noted


def test_each_call_has_its_own_notes(capsys: pytest.CaptureFixture[str]) -> None:
    watch = CallWatch()
    with LLMRing() as ring:
        watch.attempt(FAILED)
        watch.wait(ring, LLMRequest("mock:echo", "Hello"), None)
        watch.begun("openai:b")

    assert capsys.readouterr().err == ""
