import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.lockfile.array import Array, array
from llmring.lockfile.layout import scan

SPACES = st.sampled_from(("", " ", "\n  ", " # c, ]\n ", "\n# c\n\n\t", "\r\n  "))


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An array in any layout, and the texts that it holds."""
    texts = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    items = [f"{draw(SPACES)}'{text}'{draw(SPACES)}" for text in texts]
    comma = draw(st.sampled_from(("", ","))) if texts else ""
    return f"[{','.join(items)}{comma}{draw(SPACES)}]", texts


def taken_apart(text: str) -> Array:
    return array(scan(f"x = {text}"), ("x",))


def held(pieces: Array) -> list[str]:
    values: list[str] = tomllib.loads(f"x = {pieces.text}")["x"]
    return values


@settings(deadline=None)
@given(arrays())
def test_an_array_put_together_again_is_the_same_text(case: tuple[str, list[str]]) -> None:
    assert taken_apart(case[0]).text == case[0]


@settings(deadline=None)
@given(arrays())
def test_adding_an_element_and_taking_it_away_gives_back_the_same_text(
    case: tuple[str, list[str]],
) -> None:
    text, texts = case

    added = taken_apart(text).adding("'new'")

    assert held(added) == [*texts, "new"]
    assert taken_apart(added.text).without(len(texts)).text == text


@settings(deadline=None)
@given(arrays(), st.lists(st.sampled_from("abcdef"), unique=True, min_size=1))
def test_an_array_holds_what_it_is_told_to_hold(
    case: tuple[str, list[str]], wanted: list[str]
) -> None:
    text, texts = case

    assert held(taken_apart(text).holding(wanted, texts)) == wanted


@settings(deadline=None)
@given(arrays(), st.integers(0, 3))
def test_taking_an_element_away_leaves_the_others(case: tuple[str, list[str]], index: int) -> None:
    text, texts = case
    if index < len(texts):
        left = [*texts[:index], *texts[index + 1 :]]

        assert held(taken_apart(text).without(index)) == left


def test_one_more_element_is_laid_out_as_the_last_one_is() -> None:
    assert taken_apart("[\n  'a',\n  'b',\n]").adding("'c'").text == "[\n  'a',\n  'b',\n  'c',\n]"


def test_a_comma_that_is_needed_goes_before_the_comment() -> None:
    assert taken_apart("[\n 'a' # c\n]").adding("'b'").text == "[\n 'a', # c\n 'b'\n]"


def test_an_element_goes_with_its_own_comments_only() -> None:
    text = "[ # all\n # a\n 'a', # the first\n # b\n 'b', # the second\n # end\n]"

    assert taken_apart(text).without(0).text == "[ # all\n # b\n 'b', # the second\n # end\n]"
