"""The options of a call."""

from typing import Any

import pytest
from pydantic import ValidationError

from llm_llmring.alias_options import AliasOptions
from llmring import LLMRequest


def test_each_option_is_a_field_of_a_request_or_chooses_how_it_is_sent() -> None:
    fields = {*LLMRequest.__struct_fields__, "json_object", "profile"}

    assert AliasOptions.model_fields.keys() <= fields


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", -1), ("max_tokens", 0), ("reasoning_effort", "huge"), ("top_p", 2), ("x", 1)],
)
def test_a_value_out_of_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        AliasOptions(**{name: value})
