"""The last code block of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.cli.chat.code_block import last_code_block


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("Here:\n```python\nprint(1)\n```\nDone.", "print(1)"),
        ("```\none\n```\n```\ntwo\n\n```", "two\n"),
        ("~~~\n```\ninner\n```\n~~~", "```\ninner\n```"),
        ("````md\n```\ninner\n```\n````", "```\ninner\n```"),
        ("```\nnot closed", "not closed"),
        ("1. Do:\n   ```sh\n   ls\n     -l\n   ```", "ls\n  -l"),
        ("```\n```", ""),
        ("Use ```x``` here", None),
        ("```x``` here", None),
        ("    ```\n    indented\n    ```", None),
        ("", None),
    ],
)
def test_the_last_block_is_found(text: str, block: str | None) -> None:
    assert last_code_block(text) == block


@given(st.text(st.characters(codec="utf-8", exclude_characters="`~"), max_size=50), st.text("ab "))
def test_any_text_without_fences_is_a_block(code: str, prose: str) -> None:
    assert last_code_block(f"{prose}\n```\n{code}\n```\n{prose}") == code
