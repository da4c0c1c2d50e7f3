"""Python functions as tools: their schemas, and the arguments that models give."""

import asyncio
import enum
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import jsonschema_rs
import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest, Tool, ValidationError, tool
from llmring.chat.function import result_content
from llmring.schemas import ImagePart, TextPart


@tool
def weather(city: str, days: int = 3, *, unit: Literal["c", "f"] | None = None) -> str:
    """Look the weather up.

    It is a forecast.

    Args:
        city: Name of the city,
            in English.
        days: How many days.

    Returns:
        Words.
    """
    return f"{city} {days} {unit}"


class Room(pydantic.BaseModel):
    """A room."""

    beds: Annotated[int, pydantic.Field(ge=1)]


class Hotel(pydantic.BaseModel):
    rooms: list[Room]


@dataclass
class Guest:
    name: str
    age: int | None = None


class Stay(TypedDict):
    nights: int


class Colour(enum.Enum):
    RED = "red"


def test_a_function_becomes_a_tool() -> None:
    assert isinstance(weather, Tool)
    assert weather.name == "weather"
    assert weather.description == "Look the weather up.\n\nIt is a forecast."
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city, in English."},
            "days": {"type": "integer", "description": "How many days.", "default": 3},
            "unit": {"anyOf": [{"enum": ["c", "f"]}, {"type": "null"}]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def test_the_function_can_be_called_and_inspected_as_before() -> None:
    assert weather("Rome", unit="c") == "Rome 3 c"
    assert inspect.signature(weather).parameters["days"].default == 3
    assert vars(weather)["__name__"] == "weather"
    assert str(weather.__doc__).startswith("Look the weather up.")


def test_name_description_and_strictness_can_be_given() -> None:
    @tool(name="look-up", description="Look a word up.", strict=True)
    def find(word: str) -> str:
        """Ignore this."""
        return word

    assert (find.name, find.description, find.strict) == ("look-up", "Look a word up.", True)
    assert find("x") == "x"


def test_annotated_types_describe_and_limit() -> None:
    @tool
    def take(
        count: Annotated[int, "how many", msgspec.Meta(ge=1)],
        word: Annotated[str, msgspec.Meta(description="which one")],
        size: Annotated[float, pydantic.Field(description="how big")] = 1.0,
    ) -> None:
        """Take some.

        Args:
            count: Not this.
        """

    assert take.parameters["properties"] == {
        "count": {"type": "integer", "minimum": 1, "description": "how many"},
        "word": {"type": "string", "description": "which one"},
        "size": {"type": "number", "description": "how big", "default": 1.0},
    }


def test_a_function_without_docstring_or_hints_is_a_tool_too() -> None:
    @tool
    def anything(value, other=None):  # type: ignore[no-untyped-def]
        return value, other

    assert anything.description is None
    assert anything.parameters["properties"] == {"value": {}, "other": {}}
    assert anything.keywords('{"value": [1]}') == {"value": [1]}


def book(hotel: Hotel, guest: Guest, stay: Stay, colour: Colour, others: list[Room]) -> None:
    """Book a room."""


BOOKING = """{
    "hotel": {"rooms": [{"beds": 2}]}, "guest": {"name": "Ada"}, "stay": {"nights": 1},
    "colour": "red", "others": [{"beds": 1}]
}"""


def test_arguments_are_converted_to_models_and_classes() -> None:
    assert tool(book).keywords(BOOKING) == {
        "hotel": Hotel(rooms=[Room(beds=2)]),
        "guest": Guest("Ada"),
        "stay": {"nights": 1},
        "colour": Colour.RED,
        "others": [Room(beds=1)],
    }


def test_the_schema_of_nested_models_is_complete() -> None:
    validator = jsonschema_rs.validator_for(dict(tool(book).parameters))

    assert validator.is_valid(msgspec.json.decode(BOOKING))
    assert not validator.is_valid(msgspec.json.decode(BOOKING.replace('"beds": 2', '"beds": 0')))
    assert not validator.is_valid(msgspec.json.decode(BOOKING.replace('"nights": 1', "")))


def test_omitted_arguments_get_the_functions_defaults() -> None:
    assert weather.keywords('{"city": "Rome"}') == {"city": "Rome"}
    assert weather.keywords('{"city": "Rome", "days": "2"}') == {"city": "Rome", "days": 2}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ('{"city": 5}', r"weather: Expected `str`, got `int` - at `\$.city`"),
        ("{}", "missing required field `city`"),
        ('{"city": "Rome", "contry": "IT"}', "unknown field `contry`"),
        ("[]", "Expected `object`"),
        ('{"city": "Ro', "truncated"),
        ("", "missing required field `city`"),
    ],
)
def test_wrong_arguments_are_refused_with_their_position(arguments: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        weather.keywords(arguments)


def test_the_reason_of_a_pydantic_error_is_reported() -> None:
    with pytest.raises(ValidationError, match=r"greater than or equal to 1(.|\n)*\$.hotel"):
        tool(book).keywords(BOOKING.replace('"beds": 2', '"beds": 0'))


@given(st.text())
def test_any_text_is_parsed_or_refused_with_a_validation_error(text: str) -> None:
    try:
        given = weather.keywords(text)
    except ValidationError:
        return
    assert "city" in given


def of_any_number(*numbers: int) -> int:
    return sum(numbers)


def of_any_name(**names: int) -> int:
    return sum(names.values())


def by_position(number: int, /) -> int:
    return number


def of_no_json(number: complex) -> complex:
    return number


def of_unknown(number: "Missing") -> None:  # type: ignore[name-defined]  # noqa: F821
    del number


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (of_any_number, r"of_any_number can't be a tool: it takes \*numbers"),
        (of_any_name, r"it takes \*\*names"),
        (by_position, "takes 'number' by position only"),
        (of_no_json, "complex.*has no JSON form"),
        (of_unknown, "cannot read the type hints of of_unknown: name 'Missing'"),
        (lambda x: x, "not a function with a valid tool name"),
        (functools.partial(book), "not a function with a valid tool name"),
        (Guest, "not a function with a valid tool name"),
    ],
)
def test_a_function_without_a_schema_or_name_is_refused(
    function: Callable[..., Any], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        tool(function)


def test_a_partial_with_a_name_is_a_tool_with_the_other_parameters() -> None:
    at_home = tool(name="at_home")(functools.partial(weather.function, "Rome"))

    assert "city" not in at_home.parameters["properties"]
    assert at_home(days=1) == "Rome 1 None"


class Shop:
    def __init__(self, price: int) -> None:
        self.price = price

    @tool
    async def cost(self, pieces: int) -> int:
        """Return the cost."""
        return self.price * pieces

    def plain(self, pieces: int) -> int:
        return pieces

    @staticmethod
    @tool
    def opens(day: str) -> str:
        return day


def test_a_method_is_a_tool_bound_to_its_object() -> None:
    shop = Shop(price=7)

    assert shop.cost.parameters["required"] == ["pieces"]
    assert asyncio.run(shop.cost(pieces=2)) == 14
    assert tool(shop.plain).parameters["required"] == ["pieces"]
    assert shop.opens("Monday") == "Monday"


def test_a_request_takes_functions_among_its_tools() -> None:
    [first, second] = LLMRequest(messages="Hi", tools=[weather, book]).toolset()

    assert (first, getattr(second, "name", None)) == (weather, "book")


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ("text", "text"),
        (None, "null"),
        ({"a": [1, 2.5]}, '{"a":[1,2.5]}'),
        (Guest("Ada"), '{"name":"Ada","age":null}'),
        (Room(beds=1), '{"beds":1}'),
        ([Room(beds=1)], '[{"beds":1}]'),
        (TextPart("text"), [TextPart("text")]),
        ([ImagePart(url="https://example.com/a.png"), TextPart("it")],) * 2,
    ],
)
def test_a_result_is_encoded_as_text_json_or_parts(result: Any, content: Any) -> None:
    assert result_content(result) == content


def test_a_result_that_json_cannot_express_is_refused() -> None:
    with pytest.raises(ValidationError, match="Shop can't be written as JSON"):
        result_content(Shop(1))
