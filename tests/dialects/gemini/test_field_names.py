"""The spelling of a field's name."""

import pytest

from llmring.dialects.gemini.field_names import camel


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("max_output_tokens", "maxOutputTokens"),
        ("maxOutputTokens", "maxOutputTokens"),
        ("_responseJsonSchema", "_responseJsonSchema"),
        ("", ""),
    ],
)
def test_a_name_in_either_spelling_becomes_the_same(name: str, expected: str) -> None:
    assert camel(name) == expected
