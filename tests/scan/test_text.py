"""Finding the aliases used in scripts, settings and documentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.scan.aliases import Use
from llmring.scan.text import in_text


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
def test_aliases_and_profiles_in_commands_and_settings_are_found(
    text: str, kind: str, name: str
) -> None:
    assert [(use.kind, use.name, use.sure) for use in in_text(text).found] == [(kind, name, True)]


def test_uses_in_documentation_are_never_sure() -> None:
    [use] = in_text("llmring chat --model fast 'Hi'", prose=True).found

    assert not use.sure


@pytest.mark.parametrize(
    "text",
    ['"model": "fast"', "model: 'fast',", "model: fast", 'model = "fast"', "{model: `fast`}"],
)
def test_a_model_setting_of_any_program_is_a_possible_use(text: str) -> None:
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
def test_texts_without_a_name_have_no_uses(text: str) -> None:
    assert [use for use in in_text(text).found if use.sure] == []


def test_the_position_of_a_use_is_that_of_the_name() -> None:
    [use] = in_text("#!/bin/sh\nllmring chat --model fast").found

    assert use == Use(kind="alias", name="fast", line=2, column=22)


@given(st.text(), st.booleans())
def test_no_text_crashes_the_reader(text: str, prose: bool) -> None:
    for use in in_text(text + "\nllmring chat --model " + text, prose=prose).found:
        assert use.name
