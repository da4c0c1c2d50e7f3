"""An answer in JSON on standard output, indented while it arrives."""

from __future__ import annotations

from llmring.cli.output import print_out

_SPACE = " \t\r\n"
_INDENT = "  "


class JsonIndenter:
    """Indents JSON piece by piece; text that does not begin with a bracket stays as it is."""

    def __init__(self) -> None:
        self._depth = 0
        self._begun = False
        self._is_plain = False
        self._in_string = False
        self._escaped = False
        self._is_fresh = False

    def add(self, piece: str) -> str:
        """Return a piece with its indentation."""
        return "".join(map(self._after, piece))

    def _after(self, char: str) -> str:
        if self._is_plain:
            return char
        if self._in_string:
            self._in_string = self._escaped or char != '"'
            self._escaped = char == "\\" and not self._escaped
            return char
        if char in _SPACE:
            return ""
        if not self._begun:
            self._begun = True
            self._is_plain = char not in "{["
        return self._outside(char)

    def _outside(self, char: str) -> str:
        """Return a character that is neither white space nor in a string."""
        fresh, self._is_fresh = self._is_fresh, False
        if char in "}]":
            self._depth -= 1
            return char if fresh else f"{self._new_line()}{char}"
        before = self._new_line() if fresh else ""
        if char in "{[":
            self._depth += 1
            self._is_fresh = True
        elif char == '"':
            self._in_string = True
        elif char == ",":
            return f",{self._new_line()}"
        elif char == ":":
            return ": "
        return f"{before}{char}"

    def _new_line(self) -> str:
        return f"\n{_INDENT * self._depth}"


class JsonDisplay:
    """Standard output, where JSON is indented as it arrives."""

    def __init__(self) -> None:
        self._indenter = JsonIndenter()

    def piece(self, text: str) -> None:
        """Print the next piece of the answer."""
        print_out(self._indenter.add(text), end="")

    def restart(self) -> None:
        """End the line; what was printed stays, and the answer begins again."""
        self._indenter = JsonIndenter()
        print_out()

    def end(self) -> None:
        """End the line, as notes need a line of their own."""
        self._indenter = JsonIndenter()
        print_out()
