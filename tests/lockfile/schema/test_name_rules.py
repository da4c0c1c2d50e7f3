"""What can be the name of an alias or of a profile."""

import pytest

from llmring.lockfile.schema.name_rules import alias_objection, profile_objection


@pytest.mark.parametrize("name", ["fast", "a:b", "résumé", "a/b"])
def test_a_plain_name_is_no_objection(name: str) -> None:
    assert alias_objection(name) is None
    assert profile_objection(name) is None


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a\tb", "a\x00b", "a\x9fb"])
def test_an_alias_is_not_empty_and_has_no_spaces_commas_or_control_characters(name: str) -> None:
    assert alias_objection(name) is not None


@pytest.mark.parametrize(
    ("name", "good"), [("a b", True), ("a,b", True), ("", False), ("\n", False)]
)
def test_a_profile_may_have_spaces_and_commas(name: str, good: bool) -> None:
    assert (profile_objection(name) is None) is good
