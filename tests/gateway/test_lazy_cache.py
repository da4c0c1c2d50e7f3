"""The answers that a gateway keeps, if any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llmring.config.settings import read_settings
from llmring.gateway.lazy_cache import LazyCache
from llmring.lockfile.document import parse


def test_the_kept_answers_are_the_same_for_all_calls(tmp_path: Path) -> None:
    settings, lazy = read_settings({"HOME": str(tmp_path)}), LazyCache()

    assert lazy.opened(settings, 1000) is lazy.opened(settings, 2000)


BINDING = '[[profiles.a.bindings]]\nalias = "t"\nmodels = ["openai:x"]\n'


@pytest.mark.parametrize(
    ("text", "is_asked_for"),
    [
        (BINDING, False),
        (f'{BINDING}cache_scope = "all"\n', False),
        (f'{BINDING}cache = "1h"\n', True),
        (f'{BINDING}policy = {{ cache = "1h" }}\n', True),
        (f'[profiles.a]\ncache = "1h"\n{BINDING}', True),
        (f'{BINDING}[extends]\npackages = ["lib"]\n', True),
    ],
)
def test_a_lockfile_asks_for_kept_answers_in_any_of_its_policies(
    text: str, is_asked_for: bool
) -> None:
    lazy, lockfile = LazyCache(), parse(text)

    assert [lazy.is_asked_for(lockfile) for _ in range(2)] == [is_asked_for] * 2
    assert lazy.is_asked_for(parse(BINDING)) is False


def test_a_gateway_does_not_load_what_keeps_answers() -> None:
    code = (
        "import sys, llmring.gateway.endpoints.chat, llmring.gateway.serve; "
        "print([name for name in sys.modules if 'answer_cache' in name])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout.strip() == "[]"
