"""Models that answer and models that embed are not mixed."""

import asyncio
from pathlib import Path

import pytest

from advisor.fakes import Person
from advisor.small_catalog import LOCK, small_agent, small_editor
from llmring.advisor.planning.kinds import embeds, require_kind
from llmring.advisor.planning.unclear import UnclearRequestError
from llmring.advisor.rule_based import RuleBasedReply

SMALL = "openai:text-embedding-3-small"
HAIKU = "anthropic:claude-haiku-5-5"
WITH_EMBEDDINGS = LOCK.replace(
    "[profiles.prod]",
    f'[[profiles.default.bindings]]\nalias = "search"\nmodels = ["{SMALL}"]\n\n[profiles.prod]',
)
HERE = Path("llmring.lock")


def said(text: str) -> RuleBasedReply:
    return asyncio.run(small_agent(small_editor(WITH_EMBEDDINGS), Person()).say(text))


@pytest.mark.parametrize(
    ("models", "expected"),
    [([SMALL], True), ([HAIKU], False), (["mine:unknown"], False), ([], False)],
)
def test_only_known_models_embed(models: list[str], expected: bool) -> None:
    assert embeds(small_editor(), models) is expected


@pytest.mark.parametrize(
    ("before", "after"),
    [([SMALL], [HAIKU]), ([HAIKU], [SMALL]), ([], [HAIKU, SMALL]), ([SMALL], [SMALL, HAIKU])],
)
def test_models_of_another_kind_are_refused(before: list[str], after: list[str]) -> None:
    with pytest.raises(UnclearRequestError):
        require_kind(small_editor(), "search", before, after)


@pytest.mark.parametrize(
    ("before", "after"), [([], [SMALL]), ([SMALL], [SMALL]), ([SMALL], ["mine:unknown"])]
)
def test_models_of_one_kind_are_accepted(before: list[str], after: list[str]) -> None:
    require_kind(small_editor(), "search", before, after)


@pytest.mark.parametrize(
    "text",
    [
        "bind search to haiku",
        "add a fallback to search",
        "add haiku to search",
        "replace text-embedding-3-small with haiku everywhere",
    ],
)
def test_an_alias_for_embeddings_gets_no_other_model(text: str) -> None:
    reply = said(text)

    assert not reply.done
    assert HERE.read_text() == WITH_EMBEDDINGS


@pytest.mark.parametrize(
    "text",
    [
        "bind all aliases to haiku",
        "add opus as a fallback to all aliases",
        "make sure no alias depends on a single vendor",
        "create a cheap profile",
        "create a profile eu where everything uses haiku",
    ],
)
def test_what_is_asked_for_all_aliases_leaves_embeddings_as_they_are(text: str) -> None:
    reply = said(text)
    aliases = small_editor(HERE.read_text()).lockfile.profiles

    assert reply.done
    assert HERE.read_text() != WITH_EMBEDDINGS
    for profile in aliases.values():
        assert [str(each) for each in profile.bindings["search"].models] == [SMALL]
