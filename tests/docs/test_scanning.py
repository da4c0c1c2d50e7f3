"""The page on scanning says what the commands do."""

import re
from pathlib import Path

from cli.terminal import lockfile_of, run, write
from llmring.client.recorded_call import MOST_BYTES
from llmring.lockfile.usage_python import METHODS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scanning.md").read_text()
WORDS = " ".join(PAGE.split())


def test_the_page_names_the_methods_that_count() -> None:
    assert {f"`{name}`" for name in METHODS} <= set(re.findall(r"`\w+`", PAGE))


def test_the_page_names_the_longest_request_that_is_kept() -> None:
    assert f"Up to {MOST_BYTES // 1024} kB of a request" in WORDS


def test_the_lines_of_the_page_are_those_of_the_command() -> None:
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
