"""Removal of profiles: everything else stays byte for byte."""

import pytest

from llmring import ConfigurationError, LockfileError
from llmring.lockfile.edit.remove_profile import remove_profile

HEAD = """\
version = "1.0"

# For everyone.
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini"]
"""
DEV = """
# For developers.
[profiles.dev]
extends = "default"

[[profiles.dev.bindings]]
alias = "deep"
models = ["openai:gpt-4o"]
"""
TEST = """
[profiles.test]
name = "test"
"""


@pytest.mark.parametrize(("text", "rest"), [(HEAD + DEV, HEAD), (HEAD + DEV + TEST, HEAD + TEST)])
def test_a_profile_is_removed_with_its_bindings_and_comments(text: str, rest: str) -> None:
    assert remove_profile(text, "dev") == rest


def test_a_profile_that_another_extends_stays() -> None:
    with pytest.raises(ConfigurationError, match="'heir' extends it"):
        remove_profile(f'{HEAD}{TEST}\n[profiles.heir]\nextends = "test"\n', "test")


@pytest.mark.parametrize("name", ["default", "none"])
def test_the_default_profile_and_unknown_ones_are_errors(name: str) -> None:
    with pytest.raises(ConfigurationError):
        remove_profile(HEAD + DEV, name)


def test_an_inline_table_is_left_to_its_author() -> None:
    with pytest.raises(LockfileError):
        remove_profile('[profiles]\ndefault = {}\ndev = { name = "dev" }\n', "dev")
