"""Names of parameters that fit, and the way back to the original ones."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.json_schema.property_names import are_fit, names_back, renamed, replacements

NAMES = st.lists(
    st.text("ab[]$ _.-", max_size=4) | st.sampled_from(["x" * 64, "x" * 65, "x" * 66, "ä"]),
    unique=True,
    max_size=6,
)


def test_names_that_fit_are_kept() -> None:
    schema = {"properties": {"a.b-c_D": {}}, "required": ["a.b-c_D"]}

    assert renamed(schema) is schema


def test_a_name_is_replaced_by_a_similar_one_and_told() -> None:
    schema = {"properties": {"filter[id]": {"type": "string"}, "a": {}}, "required": ["filter[id]"]}

    assert renamed(schema) == {
        "properties": {
            "filter_id_": {"type": "string", "description": "called 'filter[id]'"},
            "a": {},
        },
        "required": ["filter_id_"],
    }


def test_no_two_names_become_one() -> None:
    assert replacements(["a_", "a[", "a]"]) == {"a[": "a__2", "a]": "a__3"}


@settings(deadline=None)
@given(NAMES)
def test_all_names_fit_and_arguments_get_theirs_back(names: list[str]) -> None:
    schema: dict[str, Any] = {"properties": {name: {} for name in names}, "required": names}

    sent = renamed(schema)

    assert are_fit(sent["properties"])
    assert all(re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name) for name in sent["properties"])
    assert sent["required"] == list(sent["properties"])
    assert names_back(dict(zip(sent["properties"], names, strict=True)), names) == {
        name: name for name in names
    }
