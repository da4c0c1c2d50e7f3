"""docs/scanning.md: its outputs, methods and limits are those of the code."""

import re
from pathlib import Path

from cli.terminal import lockfile_of, run, write
from llmring.replay.recorded_call import MOST_BYTES
from llmring.scan.python import METHODS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scanning.md").read_text()
WORDS = " ".join(PAGE.split())


def test_the_page_names_every_method_that_the_scan_recognizes() -> None:
    assert {f"`{name}`" for name in METHODS} <= set(re.findall(r"`\w+`", PAGE))


def test_the_page_has_the_size_limit_of_recorded_requests() -> None:
    assert f"Up to {MOST_BYTES // 1024} kB of a request" in WORDS


def test_lock_scan_prints_the_lines_on_the_page() -> None:
    models = ["openai:gpt-4o-mini"]
    text = lockfile_of(
        default={"fast": models, "summarizer": models, "idle": models},
        dev={"fast": models, "summarizer": models, "idle": models},
    )
    write(text)
    lines = ["from llmring import LLMRing", "ring = LLMRing()", "", 'ring.chat("fast", "Hi")']
    lines += ['print(ring.chat("summarzer", "Hi"))', 'ring.explain("summarizer")']
    lines += ["ring.chat(a, '')", "ring.chat(b, '')", "ring.chat(c, '')"]
    Path("app.py").write_text("\n".join(lines))

    error, hint = run("lock", "scan").out.splitlines()

    assert error in PAGE
    assert hint.partition(": ")[2] in PAGE
