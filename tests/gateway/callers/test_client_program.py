"""The name of a client program."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.callers.client_program import client_program


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("claude-cli/2.1.197 (external, cli)", "claude-cli/2.1"),
        ("codex_cli_rs/0.171.0 (Debian 13; x86_64) unknown", "codex_cli_rs/0.171"),
        ("GeminiCLI/0.61.0/gemini-pro (linux; x64)", "GeminiCLI/0.61"),
        ("OpenAI/Python 3.54.0", "OpenAI-Python/3.54"),
        ("AsyncAnthropic/JS 1.2", "AsyncAnthropic-JS/1.2"),
        ("curl/8.5.0", "curl/8.5"),
        ("python-httpx/0.28.1", "python-httpx/0.28"),
        ("node", "node"),
        ("", None),
        ("\x1b[31mred", None),
    ],
)
def test_g132_a_program_is_known_by_its_name_and_short_version(
    user_agent: str, name: str | None
) -> None:
    assert client_program(user_agent) == name


@given(text=st.text())
def test_g166_any_header_gives_a_short_name_of_plain_characters(text: str) -> None:
    found = client_program(text)

    assert found is None or (found.isascii() and found.isprintable() and len(found) <= 90)
