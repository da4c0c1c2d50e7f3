"""Names of foreign tools, made fit for every provider."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.client.tools.tool_names import fit_names

LONG = "a" * 64


@pytest.mark.parametrize(
    ("names", "fitted"),
    [
        (["look", "Look-2", "_x"], ["look", "Look-2", "_x"]),
        (["look.around", "files/read", "météo"], ["look_around", "files_read", "m_t_o"]),
        (["2nd", "-x", ""], ["_2nd", "_-x", "tool"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a.b", "a_b", "a/b"], ["a_b_2", "a_b", "a_b_3"]),
        ([LONG, LONG + "b", LONG + "c"], [LONG, "a" * 62 + "_2", "a" * 62 + "_3"]),
    ],
)
def test_a_name_that_fits_is_kept_and_the_others_become_free_ones(
    names: list[str], fitted: list[str]
) -> None:
    assert fit_names(names, []) == fitted


def test_a_name_of_the_request_s_own_tools_is_not_given_again() -> None:
    assert fit_names(["mine", "other"], ["mine"]) == ["mine_2", "other"]


@given(st.lists(st.text(max_size=80), max_size=20), st.lists(st.text(max_size=5), max_size=5))
def test_all_names_fit_and_are_different(names: list[str], taken: list[str]) -> None:
    fitted = fit_names(names, taken)

    assert len(fitted) == len(names)
    assert len({*fitted, *taken}) == len(fitted) + len(set(taken))
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}", name) for name in fitted)


def test_a_hundred_tools_of_one_long_name_all_fit() -> None:
    fitted = fit_names([LONG + "x"] * 120, [])

    assert len(set(fitted)) == 120
    assert max(map(len, fitted)) == 64
