"""The words of docs: plain ones, which a stranger to the project knows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Tables that tools write; they quote their sources.
GENERATED = {"benchmarks.md", "catalog.md", "contract.md", "reliability.md"}
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(page for page in ROOT.glob("docs/**/*.md") if page.name not in GENERATED),
    *sorted(ROOT.glob("skills/**/*.md")),
    *(ROOT / name for name in ("Makefile", "action.yml", ".pre-commit-hooks.yaml")),
]

# A private vocabulary that the project once had.
PRIVATE = re.compile(
    r"""\b(
        told | tell(s|ing)? | said | say(s|ing)? | mend(s|ed|ing)? | anew | besides? | of\ late |
        (held|holds?)\ to | whoever | nobody | (take|takes|taking|took)\ note | pass(ed|es)?\ by |
        in\ the\ words\ of | in\ force | stands | stood | nevertheless |
        (is|are|was|were)\ (?-i:none) | is\ nothing |
        (is|are|was|were)\ no\ (?!longer\b|one\b|[a-z]+er\ than\b|(more|less)\ than\b)[a-z]+
    )\b""".replace(r"\ ", r"\s+"),
    re.IGNORECASE | re.VERBOSE,
)

# Code and quoted identifiers are not prose, and the outputs of commands are written in the source.
BLOCK = re.compile(r"^```(\w*)\n.*?^```$", re.MULTILINE | re.DOTALL)
OUTPUTS = {"", "console", "text"}
CODE_SPAN = re.compile(r"`[^`\n]*`")


def prose_of(page: Path) -> str:
    """Return the text of a page, with outputs and code spans blanked and every line kept."""
    text = page.read_text(encoding="utf-8")
    shown = BLOCK.sub(lambda block: _blank(block[0]) if block[1] in OUTPUTS else block[0], text)
    return CODE_SPAN.sub("", shown)


def _blank(text: str) -> str:
    return "\n" * text.count("\n")


def private_words(text: str, first_line: int = 1) -> Iterator[str]:
    """Yield each private word or phrase in a text, with its line."""
    for match in PRIVATE.finditer(text):
        line = first_line + text.count("\n", 0, match.start())
        yield f"line {line}: {' '.join(match[0].split())}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_uses_plain_words(page: Path) -> None:
    assert list(private_words(prose_of(page))) == []


@pytest.mark.parametrize(
    "text",
    ["the file in\nforce", "That is no error.", "It says so.", "Models are\npassed by.", "is none"],
)
def test_a_private_phrase_is_found_even_across_lines(text: str) -> None:
    assert len(list(private_words(text))) == 1


@pytest.mark.parametrize(
    "text", ["It is no longer served.", "if cost is None", "a standard", "essays"]
)
def test_plain_words_are_left_alone(text: str) -> None:
    assert list(private_words(text)) == []
