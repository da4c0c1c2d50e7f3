"""Draws a terminal with the output of a command as an SVG: `terminal_picture.py OUT.svg WORDS...`.

The picture has no fonts or images of its own, and follows the light or dark setting of the viewer.
What differs between two runs (ports, milliseconds) is shown as a fixed number, so that a picture
changes only when the output does; `text_of` reads the text of a picture back.
"""

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

COLUMNS = 96
_SOURCE = Path(__file__).resolve().parents[1] / "src"
_WISHES = {"FORCE_COLOR": "1", "PYTHONPATH": str(_SOURCE), "LLMRING_LOCAL_MODEL": ""}
_LETTER, _LINE, _MARGIN, _TOP = 8.4, 19, 18, 44
_SVG = "http://www.w3.org/2000/svg"

# As `llmring.cli.colour` writes them.
_STYLES = {"31": "error", "33": "warning", "32": "ok", "2": "dim"}
_PIECE = re.compile(r"\x1b\[(\d+)m(.*?)\x1b\[0m")

_VARYING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:4999"),
    (re.compile(r"\d+\.\d ms"), "1.0 ms"),
    # The reason depends on whether its runtime is installed.
    (re.compile(r"(local:\S+ failed.* ms: ).*"), r"\1the model is not on this machine"),
)

_STYLE = """
  .back { fill: #ffffff; stroke: #d0d7de; } .text { fill: #1f2328; }
  .error { fill: #b3202c; } .warning { fill: #8a5a00; } .ok { fill: #1a7f37; }
  .dim, .bar { fill: #6e7781; }
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #30363d; } .text { fill: #e6edf3; }
    .error { fill: #ff7b72; } .warning { fill: #e3b341; } .ok { fill: #56d364; }
    .dim, .bar { fill: #8b949e; }
  }
"""


def main(words: Sequence[str]) -> None:
    """Run `llmring` with the words after the first, and write the picture to the first."""
    target, *command = words
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture(f"llmring {' '.join(command)}", recorded(command)), encoding="utf-8")


def recorded(words: Sequence[str]) -> str:
    """Run `llmring` in an empty home, with colour, and return its output."""
    with tempfile.TemporaryDirectory() as home:
        folders = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"), home)
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-m", "llmring", *words],
            env={**_plain(), **folders, **_WISHES, "XDG_STATE_HOME": home},
            cwd=home,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
    return steady(done.stdout)


def _plain() -> dict[str, str]:
    """Return the environment without what could change the output."""
    unlike = ("LLMRING_", "NO_COLOR", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unlike)}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def steady(text: str) -> str:
    """Replace what differs between two runs."""
    for pattern, fixed in _VARYING:
        text = pattern.sub(fixed, text)
    return text


def picture(title: str, output: str) -> str:
    """Return an SVG of a terminal with this title and coloured output."""
    lines = [line for each in output.rstrip().split("\n") for line in _wrapped(each)]
    width = round(COLUMNS * _LETTER + 2 * _MARGIN)
    height = _TOP + len(lines) * _LINE + _MARGIN
    rows = [
        f'<text class="text" x="{_MARGIN}" y="{_TOP + (at + 1) * _LINE}">{_spans(line)}</text>'
        for at, line in enumerate(lines)
    ]
    dots = "".join(f'<circle class="bar" cx="{24 + 20 * at}" cy="22" r="6"/>' for at in range(3))
    return "\n".join(
        [
            f'<svg xmlns="{_SVG}" xml:space="preserve" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="back" x="1" y="1" width="{width - 2}" height="{height - 2}" rx="9"/>',
            f"<g>{dots}</g>",
            f'<text class="bar" x="96" y="27">{escape(title)}</text>',
            *rows,
            "</svg>\n",
        ]
    )


def text_of(svg: str) -> str:
    """Return the text in a picture, with lines that were wrapped as they were."""
    root = ET.fromstring(svg)  # noqa: S314 -- our own file
    rows = [each for each in root.iter(f"{{{_SVG}}}text") if each.get("class") == "text"]
    return "\n".join("".join(row.itertext()) for row in rows) + "\n"


def wrapped(output: str) -> str:
    """Return an output without colours, wrapped as in a picture."""
    lines = [line for each in output.rstrip().split("\n") for line in _wrapped(each)]
    return "\n".join(_PIECE.sub(r"\2", line) for line in lines) + "\n"


def _wrapped(line: str) -> Iterator[str]:
    """Break a line at spaces where it is too wide; colours don't count."""
    begun, width = "", 0
    for word in re.findall(r" *(?:\x1b\[\d+m.*?\x1b\[0m|[^ \x1b])+| +", line) or [""]:
        fits = width + _letters(word) <= COLUMNS or not begun
        if not fits:
            yield begun
        begun = begun + word if fits else "    " + word.lstrip()
        width = _letters(begun)
    yield begun


def _letters(line: str) -> int:
    return len(_PIECE.sub(r"\2", line))


def _spans(line: str) -> str:
    """Return a line with its colours as SVG."""
    out, at = "", 0
    for piece in _PIECE.finditer(line):
        style = _STYLES.get(piece[1], "text")
        out += escape(line[at : piece.start()])
        out += f'<tspan class="{style}">{escape(piece[2])}</tspan>'
        at = piece.end()
    return out + escape(line[at:])


if __name__ == "__main__":
    main(sys.argv[1:])
