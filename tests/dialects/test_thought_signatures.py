from typing import Any

import pytest

from llmring.dialects.thought_signatures import thought_signature


def test_the_signature_of_a_call_is_found() -> None:
    assert thought_signature({"google": {"thought_signature": "s"}, "x": 1}) == "s"


@pytest.mark.parametrize(
    "extra", [{}, {"google": None}, {"google": {}}, {"google": {"thought_signature": 1}}]
)
def test_a_call_may_have_no_signature(extra: dict[str, Any]) -> None:
    assert thought_signature(extra) is None
