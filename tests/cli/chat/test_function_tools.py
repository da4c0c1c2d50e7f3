"""Python functions as tools."""

import asyncio
from pathlib import Path

import pytest

from llmring import ValidationError, tool
from llmring.cli.chat.function_tools import call_text, find_function, with_consent


def test_a_function_is_found_in_a_module_of_this_folder() -> None:
    Path("sums_of_this_test.py").write_text("def add(a: int, b: int) -> int:\n    return a + b\n")

    found = find_function("sums_of_this_test:add")

    assert (found.name, found(a=1, b=2)) == ("add", 3)


@pytest.mark.parametrize(
    "place",
    ["json", ":dumps", "json:", "json:missing", "missing_module:f", "json:JSONDecoder", "os:sep"],
)
def test_what_is_not_a_function_is_an_error(place: str) -> None:
    with pytest.raises(ValidationError):
        find_function(place)


def test_a_module_that_fails_is_an_error() -> None:
    Path("failing_of_this_test.py").write_text("1 / 0\n")

    with pytest.raises(ValidationError, match="ZeroDivisionError"):
        find_function("failing_of_this_test:f")


def greet(name: str) -> str:
    return f"Hello {name}"


async def shout(name: str) -> str:
    return name.upper()


def test_consent_is_asked_before_the_first_call_of_each_function() -> None:
    asked = []

    async def agrees(call: str) -> bool:
        asked.append(call)
        return True

    first, second = with_consent([tool(greet), tool(shout)], agrees)

    async def call() -> list[str]:
        return [await first(name="A"), await first(name="B"), await second(name="c")]

    assert asyncio.run(call()) == ["Hello A", "Hello B", "C"]
    assert asked == ['greet(name="A")', 'shout(name="c")']


def test_without_consent_nothing_is_called_and_the_next_call_asks_again() -> None:
    answers = [False, True]

    async def agrees(_: str) -> bool:
        return answers.pop(0)

    [guarded] = with_consent([tool(greet)], agrees)

    with pytest.raises(PermissionError):
        asyncio.run(guarded(name="A"))
    assert asyncio.run(guarded(name="A")) == "Hello A"


def test_a_call_is_shown_on_one_line() -> None:
    assert call_text("f", {"a": "x\ny", "b": [1]}) == 'f(a="x\\ny", b=[1])'
