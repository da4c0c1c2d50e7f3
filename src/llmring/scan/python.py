"""Aliases used in Python code, found in its syntax tree without running it.

A use is a string passed to a call of llmring, directly or by a name, a default value or an
attribute that is assigned once.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from llmring.lockfile.schema.name_rules import alias_objection
from llmring.scan.aliases import Use, Uses, lines_of
from llmring.scan.python_names import Scope, collected

# The methods of a ring whose first argument is an alias or a request.
METHODS = frozenset(
    {
        "chat",
        "chat_stream",
        "run_tools",
        "embed",
        "count_tokens",
        "explain",
        "resolve_alias",
        "require_aliases",
        "has_alias",
    }
)
_FIRST = frozenset({"request", "model", "alias", "alias_or_model", "aliases"})
_REQUEST = "LLMRequest"

_RING = re.compile(r"(?:^|_)ring$|llmring", re.IGNORECASE)

_PROFILE_SECOND = frozenset({"resolve_alias", "has_alias"})

# Code that checks for an alias works without it, so the alias may be missing.
_ASKS = "has_alias"

_DEEPEST = 8


class _Literals(Struct, frozen=True):
    """The strings that an expression may evaluate to; `clear` if these are all of them."""

    nodes: tuple[ast.Constant, ...] = ()
    clear: bool = True


_UNCLEAR = _Literals(clear=False)


def in_python(text: str) -> Uses | None:
    """Find the names used in Python code; None if this interpreter can't parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _CallFinder(tree, lines_of(text)).read()


class _CallFinder:
    def __init__(self, tree: ast.Module, lines: list[str]) -> None:
        self._tree = tree
        self._lines = lines
        self._names = collected(tree)
        self._unclear = 0

    def read(self) -> Uses:
        found = {use: None for call, scope in self._names.calls for use in self._call(call, scope)}
        if self._unclear:
            # A variable's value may be any string in the file.
            found |= dict.fromkeys(self._texts())
        return Uses(tuple(sorted(found, key=lambda use: (use.line, use.column))), self._unclear)

    def _texts(self) -> Iterator[Use]:
        for node in ast.walk(self._tree):
            match node:
                case ast.Constant(value=str(text)) if alias_objection(text) is None:
                    yield self._use(node, "alias", sure=False)

    def _call(self, call: ast.Call, scope: Scope) -> Iterator[Use]:
        function = call.func
        if _last(function) == _REQUEST:
            yield from self._named(_argument(call, {"model"}), scope, sure=True, counts=True)
        elif isinstance(function, ast.Attribute) and function.attr in METHODS:
            sure = self._names.imports_llmring or bool(_RING.search(_last(function.value)))
            second = call.args[1] if function.attr in _PROFILE_SECOND and call.args[1:] else None
            profile = self._literals(second or _keyword(call, {"profile"}), scope)
            for node in profile.nodes:
                yield self._use(node, "profile", sure=sure)
            where = str(profile.nodes[0].value) if len(profile.nodes) == 1 else None
            yield from self._named(
                _argument(call, _FIRST),
                scope,
                sure=sure and function.attr != _ASKS,
                counts=sure,
                profile=where if profile.clear else None,
            )
        else:
            # The call may be another library's.
            yield from self._named(_keyword(call, {"model"}), scope, sure=False, counts=False)

    def _named(
        self,
        node: ast.expr | None,
        scope: Scope,
        *,
        sure: bool,
        counts: bool,
        profile: str | None = None,
    ) -> Iterator[Use]:
        literals = self._literals(node, scope)
        if counts and not literals.clear:
            self._unclear += 1
        for each in literals.nodes:
            yield self._use(each, "alias", sure=sure, profile=profile)

    def _literals(self, node: ast.expr | None, scope: Scope, depth: int = 0) -> _Literals:
        """Find the strings that an expression may evaluate to."""
        match node:
            case None:
                return _Literals()
            case ast.Constant(value=value):
                return _Literals((node,) if isinstance(value, str) else ())
            case ast.Call(func=function) if _last(function) == _REQUEST:
                # The arguments of a request are read as a call of their own.
                return _Literals()
            case ast.Name() | ast.Attribute():
                found = self._names.value_of(node, scope)
                parts = [] if found is None else [found]
            case _:
                parts = [(part, scope) for part in _choices(node)]
        if not parts or depth > _DEEPEST:
            return _UNCLEAR
        all_of = [self._literals(*part, depth + 1) for part in parts]
        nodes = tuple(each for literals in all_of for each in literals.nodes)
        return _Literals(nodes, all(literals.clear for literals in all_of))

    def _use(
        self,
        node: ast.Constant,
        kind: Literal["alias", "profile"],
        *,
        sure: bool,
        profile: str | None = None,
    ) -> Use:
        line = self._lines[node.lineno - 1] if node.lineno <= len(self._lines) else ""
        # The syntax tree counts columns in bytes.
        before = line.encode("utf-8", "replace")[: node.col_offset].decode("utf-8", "replace")
        return Use(
            kind=kind,
            name=str(node.value),
            line=node.lineno,
            column=len(before) + 1,
            sure=sure,
            profile=profile,
        )


def _choices(node: ast.expr) -> list[ast.expr]:
    """Return the expressions that an expression chooses from or is made of."""
    match node:
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.BoolOp(values=values):
            return values
        case ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values):
            return values
        case ast.NamedExpr(value=value):
            return [value]
    return []


def _argument(call: ast.Call, names: set[str] | frozenset[str]) -> ast.expr | None:
    """Return the first positional argument, or a keyword argument of one of these names."""
    return call.args[0] if call.args else _keyword(call, names)


def _keyword(call: ast.Call, names: set[str] | frozenset[str]) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg in names), None)


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name; for a call, that of the called function."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
        case ast.Await(value=ast.Name(id=name)):
            return name
    return ""
