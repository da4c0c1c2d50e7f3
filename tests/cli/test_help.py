import pytest

from cli.terminal import Call


@pytest.mark.parametrize("name", ["", "lock", "lock diff", "aliases", "help"])
def test_help_is_the_help_of_the_command(call: Call, name: str) -> None:
    assert call("help", *name.split()) == call(*name.split(), "--help")


def test_help_of_an_unknown_command_suggests_one(call: Call) -> None:
    result = call("help", "alias")

    assert (result.code, result.out) == (2, "")
    assert result.err.endswith("; did you mean 'llmring aliases'?\n")
