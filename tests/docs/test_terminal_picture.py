"""docs/images: pictures of terminals, of the present output of commands."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = (ROOT / "docs" / "images" / "demo.svg").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = ROOT / "tools" / "terminal_picture.py"
    spec = importlib.util.spec_from_file_location("terminal_picture", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_shows_the_present_output_of_the_demo(tool: ModuleType) -> None:
    shown = tool.wrapped(tool.recorded(["demo"]))

    assert tool.text_of(DEMO) == shown, (
        "draw it again: python tools/terminal_picture.py docs/images/demo.svg demo"
    )


def test_the_picture_needs_nothing_from_elsewhere() -> None:
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg|127\.0\.0\.1)|@import|url\(", DEMO) == []
    assert "<script" not in DEMO
    assert "prefers-color-scheme: dark" in DEMO


def test_colours_lines_and_special_letters_survive(tool: ModuleType) -> None:
    output = "\x1b[31mfail\x1b[0m  a < b & c\n\n  \x1b[32mok\x1b[0m " + "word " * 40

    svg = tool.picture("llmring <x>", output)

    assert tool.text_of(svg) == tool.wrapped(output)
    assert '<tspan class="error">fail</tspan>' in svg
    assert max(map(len, tool.text_of(svg).splitlines())) <= tool.COLUMNS
    assert ET.fromstring(svg).get("aria-label") == "llmring <x>"  # noqa: S314 -- our own


def test_two_runs_look_the_same(tool: ModuleType) -> None:
    one = tool.steady("http://127.0.0.1:35589 in 6.1 ms")

    assert one == tool.steady("http://127.0.0.1:41001 in 136.2 ms")
