"""The aliases that scripts, settings and pages name are found, and little else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.usage import Use
from llmring.lockfile.usage_text import in_text


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("llmring chat --model fast 'Hi'", "alias", "fast"),
        ('cat x | llmring chat "Sum up" -m fast', "alias", "fast"),
        ("  - run: uv run llmring chat --model='fast' Hi", "alias", "fast"),
        ("llmring explain fast --json", "alias", "fast"),
        ("llmring aliases --profile prod", "profile", "prod"),
        ("export LLMRING_PROFILE=prod", "profile", "prod"),
        ('  LLMRING_PROFILE: "prod"', "profile", "prod"),
    ],
)
def test_a_command_and_a_setting_name_what_they_mean(text: str, kind: str, name: str) -> None:
    assert [(use.kind, use.name, use.sure) for use in in_text(text).found] == [(kind, name, True)]


def test_what_a_page_shows_need_not_be_so() -> None:
    [use] = in_text("llmring chat --model fast 'Hi'", prose=True).found

    assert not use.sure


@pytest.mark.parametrize(
    "text",
    ['"model": "fast"', "model: 'fast',", "model: fast", 'model = "fast"', "{model: `fast`}"],
)
def test_a_model_of_whatever_program_may_be_an_alias(text: str) -> None:
    assert [(use.name, use.sure) for use in in_text(text).found] == [("fast", False)]


@pytest.mark.parametrize(
    "text",
    [
        "llmring chat --model $MODEL Hi",
        "llmring chat --model <ALIAS> Hi",
        "llmring explain ALIAS",
        "LLMRING_PROFILE=${{ inputs.profile }}",
        "LLMRING_PROFILE=",
        "supermodel train --model fast",
        "llmring aliases; other --model fast",
        "the llmring profile of a model",
    ],
)
def test_what_names_nothing_is_left_alone(text: str) -> None:
    assert [use for use in in_text(text).found if use.sure] == []


def test_the_place_is_that_of_the_name() -> None:
    [use] = in_text("#!/bin/sh\nllmring chat --model fast").found

    assert use == Use(kind="alias", name="fast", line=2, column=22)


@given(st.text(), st.booleans())
def test_no_text_crashes_it(text: str, prose: bool) -> None:
    for use in in_text(text + "\nllmring chat --model " + text, prose=prose).found:
        assert use.name
