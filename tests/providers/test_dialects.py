"""The dialects of providers."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from llmring.providers.dialects import DialectName, dialect_named

NAMES = get_args(DialectName)


@pytest.mark.parametrize("name", NAMES)
def test_a_dialect_is_found_by_its_name(name: DialectName) -> None:
    assert dialect_named(name).name == name
    assert dialect_named(name) is dialect_named(name)


def test_a_dialect_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys, llmring\n"
        "from llmring.providers.table import PROVIDERS\n"
        "llmring.LLMRing\n"
        "print([name for name in sys.argv[1:] if f'llmring.dialects.{name}' in sys.modules])\n"
        "PROVIDERS['ollama'].dialect\n"
        "print([name for name in sys.argv[1:] if f'llmring.dialects.{name}' in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, *NAMES], capture_output=True, text=True, check=True
    )

    assert done.stdout.split("\n")[:2] == ["[]", "['ollama']"]


def test_the_tools_of_all_dialects_are_known_without_loading_them() -> None:
    code = (
        "import sys\n"
        "from llmring.providers.dialects import known_tools\n"
        "print(*known_tools())\n"
        "print([n for n in sys.argv[1:] if f'llmring.dialects.{n}.dialect' in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, *NAMES], capture_output=True, text=True, check=True
    )

    known, loaded, _ = done.stdout.split("\n")
    assert known.split() == sorted(NAMES)
    assert loaded == "[]"
