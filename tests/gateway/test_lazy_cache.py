"""The answers that a gateway keeps, if any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from llmring.config.settings import read_settings
from llmring.gateway.lazy_cache import LazyCache


def test_the_kept_answers_are_the_same_for_all_calls(tmp_path: Path) -> None:
    settings, lazy = read_settings({"HOME": str(tmp_path)}), LazyCache()

    assert lazy.opened(settings, 1000) is lazy.opened(settings, 2000)


def test_a_gateway_does_not_load_what_keeps_answers() -> None:
    code = (
        "import sys, llmring.gateway.endpoints.chat, llmring.gateway.serve; "
        "print([name for name in sys.modules if 'answer_cache' in name])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout.strip() == "[]"
