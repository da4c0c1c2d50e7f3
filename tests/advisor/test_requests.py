"""Requests to the guided mode: each makes exactly the expected change, or none."""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from advisor.fakes import Person
from advisor.small_catalog import LOCK, small_agent, small_editor
from llmring.advisor.changes import Change
from llmring.advisor.grammar.words import FILLER_PHRASES, FILLERS
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.advisor.rule_based import RuleBasedReply
from llmring.exceptions import LLMRingError

REQUESTS: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "requests.toml").read_text(encoding="utf-8")
)
HERE = Path("llmring.lock")


def messages(request: dict[str, Any]) -> list[str]:
    say = request["say"]
    return [say] if isinstance(say, str) else list(say)


def name(request: dict[str, Any]) -> str:
    return " > ".join(messages(request))


def talk(request: dict[str, Any], person: Person) -> RuleBasedReply:
    """Send the messages to a new conversation, and return the last reply."""
    agent = small_agent(small_editor(), person)

    async def run() -> RuleBasedReply:
        for message in messages(request):
            reply = await agent.say(message)
        return reply

    return asyncio.run(run())


@pytest.mark.parametrize("request_", REQUESTS["edit"], ids=name)
def test_an_edit_makes_exactly_the_change_that_is_asked_for(request_: dict[str, Any]) -> None:
    person = Person()
    reply = talk(request_, person)
    done = request_["done"]

    assert reply.done
    assert person.proposals[-1].done == (done if isinstance(done, str) else "; ".join(done))
    assert person.proposals[-1].diff


@pytest.mark.parametrize("request_", REQUESTS["answer"], ids=name)
def test_a_question_is_answered_and_changes_nothing(request_: dict[str, Any]) -> None:
    reply = talk(request_, Person())

    assert reply.done
    assert reply.text
    assert HERE.read_text() == LOCK


@pytest.mark.parametrize("request_", REQUESTS["refused"], ids=name)
def test_what_is_not_understood_or_impossible_changes_nothing(request_: dict[str, Any]) -> None:
    reply = talk(request_, Person())

    assert not reply.done
    assert reply.text
    assert HERE.read_text() == LOCK


@pytest.mark.parametrize("kind", ["edit", "answer", "refused"])
def test_no_request_is_listed_twice(kind: str) -> None:
    every = [name(each) for each in REQUESTS[kind]]

    assert sorted(every) == sorted(set(every))


SINGLE = [each["say"] for each in REQUESTS["edit"] if isinstance(each["say"], str)]


def change_of(text: str) -> Change | None:
    """Return the change that a request comes to; None for none."""
    try:
        return small_agent(small_editor()).understand(text).change
    except (UnclearRequestError, LLMRingError):
        return None


def inserted(text: str, word: str, share: float) -> str:
    words = text.split(" ")
    at = round(share * len(words))
    return " ".join([*words[:at], word, *words[at:]])


def phrases(text: str) -> list[tuple[str, ...]]:
    return [each for each in FILLER_PHRASES if f" {' '.join(each)} " in f" {text.lower()} "]


# Not the beginning of any name or word of the grammar.
UNKNOWN = st.from_regex(r"zq[bcdfgh]{2,6}", fullmatch=True)
FOLDER = [HealthCheck.function_scoped_fixture]


@given(st.sampled_from(SINGLE), UNKNOWN, st.floats(0, 1))
@settings(max_examples=60, deadline=None, suppress_health_check=FOLDER)
def test_an_unknown_word_never_makes_another_edit(text: str, word: str, share: float) -> None:
    assert change_of(inserted(text, word, share)) in (None, change_of(text))


@given(st.sampled_from(SINGLE), st.sampled_from(sorted(FILLERS)), st.floats(0, 1))
@settings(max_examples=50, deadline=None, suppress_health_check=FOLDER)
def test_a_courtesy_never_makes_another_edit(text: str, word: str, share: float) -> None:
    assume('"' not in text and "'" not in text)
    longer = inserted(text, word, share)
    # The word may make a courtesy of two others ("for now coder"), or divide one.
    assume(phrases(longer) == phrases(text))

    # A courtesy can be read as another word, as in "as well"; then nothing is changed.
    assert change_of(longer) in (None, change_of(text))


@given(
    st.sampled_from(SINGLE), st.sampled_from(["not", "never", "don't", "unless"]), st.floats(0, 1)
)
@settings(max_examples=50, deadline=None, suppress_health_check=FOLDER)
def test_a_negation_makes_no_edit(text: str, word: str, share: float) -> None:
    assume("not" not in text and "never" not in text and "no " not in text)

    assert change_of(inserted(text, word, share)) is None


@given(st.text(max_size=120))
@settings(max_examples=50, deadline=None, suppress_health_check=FOLDER)
def test_any_text_is_answered(text: str) -> None:
    reply = asyncio.run(small_agent(small_editor()).say(text))

    assert reply.text
    assert HERE.read_text() == LOCK


@pytest.mark.parametrize("length", [1000, 100_000])
def test_a_very_long_request_changes_nothing(length: int) -> None:
    text = f"bind fast to {'haiku and ' * (length // 10)}haiku"

    assert change_of(text) is None
