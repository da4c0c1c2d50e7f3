import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.lockfile.toml.array import Array, array
from llmring.lockfile.toml.layout import scan

SPACES = st.sampled_from(("", " ", "\n  ", " # c, ]\n ", "\n# c\n\n\t", "\r\n  "))


@st.composite
def arrays(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Generate an array in any layout, and the strings it contains."""
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
def test_splitting_and_joining_an_array_restores_its_text(case: tuple[str, list[str]]) -> None:
    assert taken_apart(case[0]).text == case[0]


@settings(deadline=None)
@given(arrays())
def test_appending_and_removing_an_element_restores_the_text(
    case: tuple[str, list[str]],
) -> None:
    text, texts = case

    added = taken_apart(text).adding("'new'")

    assert held(added) == [*texts, "new"]
    assert taken_apart(added.text).without(len(texts)).text == text


@settings(deadline=None)
@given(arrays(), st.lists(st.sampled_from("abcdef"), unique=True, min_size=1))
def test_an_array_is_changed_to_contain_exactly_the_given_strings(
    case: tuple[str, list[str]], wanted: list[str]
) -> None:
    text, texts = case

    assert held(taken_apart(text).holding(wanted, texts)) == wanted


@settings(deadline=None)
@given(arrays(), st.integers(0, 3))
def test_removing_an_element_keeps_the_others(case: tuple[str, list[str]], index: int) -> None:
    text, texts = case
    if index < len(texts):
        left = [*texts[:index], *texts[index + 1 :]]

        assert held(taken_apart(text).without(index)) == left


def test_a_new_element_is_indented_like_the_last_one() -> None:
    assert taken_apart("[\n  'a',\n  'b',\n]").adding("'c'").text == "[\n  'a',\n  'b',\n  'c',\n]"


def test_a_missing_comma_is_added_before_the_comment() -> None:
    assert taken_apart("[\n 'a' # c\n]").adding("'b'").text == "[\n 'a', # c\n 'b'\n]"


def test_removing_an_element_removes_only_its_own_comments() -> None:
    text = "[ # all\n # a\n 'a', # the first\n # b\n 'b', # the second\n # end\n]"

    assert taken_apart(text).without(0).text == "[ # all\n # b\n 'b', # the second\n # end\n]"
