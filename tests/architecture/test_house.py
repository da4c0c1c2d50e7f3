"""The rules of the house that no other tool checks."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import llmring
from llmring.providers.table import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "llmring").rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_decision_is_made_on_a_provider_s_name(source: Path) -> None:
    names = "|".join(PROVIDERS)
    decision = re.compile(rf"provider\w*(\.name)?\s*(==|!=|\bin\b)\s*[\[({{\"']?\"?({names})\"")

    assert decision.findall(source.read_text()) == []


def test_only_settings_reads_the_environment() -> None:
    readers = [path.name for path in SOURCES if re.search(r"os\.environ|getenv", path.read_text())]

    # The wishes for colour and width are the terminal's; Ray reads its own.
    assert readers == ["cluster.py", "colour.py", "settings.py"]


def test_only_the_clock_reads_the_date_and_the_wall_clock() -> None:
    reading = re.compile(
        r"\b(date\.today|datetime\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime|ctime))\("
    )
    readers = {path.name for path in SOURCES if reading.search(path.read_text())}

    assert readers == {"clock.py"}


# Python 3.14 evaluates the annotations of a class after its body: `date: date` names the field.
def test_no_field_has_the_name_of_its_own_type() -> None:
    shadowed = [
        f"{source.relative_to(ROOT)}:{field.lineno}"
        for source in SOURCES
        for kind in ast.walk(ast.parse(source.read_text()))
        if isinstance(kind, ast.ClassDef)
        for field in kind.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if field.target.id in {n.id for n in ast.walk(field.annotation) if isinstance(n, ast.Name)}
    ]

    assert shadowed == []


@pytest.mark.parametrize("name", llmring.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(llmring, name).__name__ == name


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        llmring.nothing  # noqa: B018


def imported_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_llmring_loads_nothing_of_it() -> None:
    loaded = imported_by("import llmring")

    assert {name for name in loaded if name.startswith("llmring")} == {"llmring"}


@pytest.mark.parametrize("heavy", ["httptools", "asyncio", "argparse", "ssl", "subprocess"])
def test_the_public_object_is_loaded_without(heavy: str) -> None:
    assert heavy not in imported_by("from llmring import LLMRing, LLMRequest, Message")


def test_the_tests_mirror_the_source() -> None:
    layers = {path.name for path in (ROOT / "src" / "llmring").iterdir() if path.is_dir()}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}

    assert layers - folders - {"__pycache__"} == set()
