"""The words of source and docs: plain ones, and a verb first in a function's docstring."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *ROOT.glob("plugins/*/src/**/*.py")])
# Tables that tools write; they quote their sources.
GENERATED = {"benchmarks.md", "catalog.md", "contract.md", "reliability.md"}
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(page for page in ROOT.glob("docs/**/*.md") if page.name not in GENERATED),
    *sorted(ROOT.glob("skills/**/*.md")),
    *sorted(ROOT.glob("plugins/*/*.md")),
    *(ROOT / name for name in ("Makefile", "action.yml", ".pre-commit-hooks.yaml")),
]

# A private vocabulary that the project once had.
PRIVATE = re.compile(
    r"""\b(
        told | tell(s|ing)? | said | say(s|ing)? | mend(s|ed|ing)? | anew | besides? | of\ late |
        (held|holds?)\ to | whoever | nobody | (take|takes|taking|took)\ note | pass(ed|es)?\ by |
        in\ the\ words\ of | in\ force | stands | stood | nevertheless |
        (is|are)\ (?-i:none) | is\ nothing |
        (is|are|was|were)\ no\ (?!longer\b|one\b|[a-z]+er\ than\b|(more|less)\ than\b)[a-z]+
    )\b""".replace(r"\ ", r"\s+"),
    re.IGNORECASE | re.VERBOSE,
)

# Code and quoted identifiers are not prose, and the outputs of commands are written in the source.
BLOCK = re.compile(r"^```(\w*)\n.*?^```$", re.MULTILINE | re.DOTALL)
OUTPUTS = {"", "console", "text"}
FIELD = re.compile(r"\{[^{}]*\}")
ARGUMENT = re.compile(r"^ +\w+:", re.MULTILINE)
# A string of one word is a key or a name.
IDENTIFIER = re.compile(r"""[rbf]*["']\W*\w*\W*["']""", re.IGNORECASE)
CODE_SPAN = re.compile(r"`[^`\n]*`")


# The first words of docstrings that name neither a thing nor an action.
VAGUE = re.compile(r"(What|Whether|Where|How|That|Who|Which|Why)\b")
# The first words of docstrings that name a thing, and so not an action.
NOUN = re.compile(
    r"(A|An|The|This|These|Those|Its?|Their|All|Any|Each|Every|Some|Such|No|None|Nothing|One|Two|"
    r"As|If|In|On|Of|For|From|With|Without|When|While|Under|By|To|At|See|True|False)\b"
    # Plurals, and verbs in the third person.
    r"|(?!Pass|Process|Compress|Address|Express|Access|Guess|Suppress|Press|Miss|Discuss|Bypass|Focus)"
    r"[A-Z][a-z]+s\b"
)


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


def prose_in(source: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments, docstrings and messages of a module, each with its first line."""
    comment: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source.read_text()).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "COMMENT":
            comment.append(token.string.lstrip("#"))
            last = token.start[0]
        elif comment and kind != "NL":
            yield last - len(comment) + 1, "\n".join(comment)
            comment = []
        if kind in ("STRING", "FSTRING_MIDDLE") and not IDENTIFIER.fullmatch(token.string):
            text = token.string
            for name in (CODE_SPAN, FIELD, ARGUMENT):
                text = name.sub("", text)
            yield token.start[0], text


def docstrings_of(source: Path) -> Iterator[tuple[str, bool]]:
    """Yield the docstrings of a module; True with those of functions that are not properties."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            is_action = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not any(
                "property" in ast.unparse(each) for each in node.decorator_list
            )
            yield ast.get_docstring(node) or "", is_action


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_source_uses_plain_words(source: Path) -> None:
    found = [word for line, text in prose_in(source) for word in private_words(text, line)]

    assert found == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_open_with_a_noun_or_for_functions_with_a_verb(source: Path) -> None:
    found = [
        text.splitlines()[0]
        for text, is_action in docstrings_of(source)
        if VAGUE.match(text) or (is_action and NOUN.match(text))
    ]

    assert found == []


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
