"""What can be the name of an alias, of a profile or of a package."""

import pytest

from llmring.lockfile.schema.name_rules import (
    alias_objection,
    import_name,
    package_name,
    profile_objection,
)


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


def test_a_hyphen_in_the_name_of_a_package_is_read_as_an_underscore_with_a_hint() -> None:
    name, fault = package_name("my-library", ("extends", "packages", 0))

    assert (name, import_name("my-library")) == ("my_library", "my_library")
    assert fault is not None
    assert (fault.severity, fault.raises, fault.fix) == ("hint", None, "write 'my_library'")


def test_an_import_name_needs_no_hint() -> None:
    assert package_name("my_library", ()) == ("my_library", None)


@pytest.mark.parametrize("listed", ["", "-", "a b", "1a", "a.b", 1, None])
def test_what_can_t_be_imported_is_an_error(listed: object) -> None:
    name, fault = package_name(listed, ())

    assert name is None
    assert fault is not None
    assert fault.raises is not None
