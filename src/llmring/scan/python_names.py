"""Scopes, assignments and calls of a Python module, to find the values of names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Scope:
    """The assignments in a module, a class or a function.

    Args:
        kind: The kind of scope.
        outer: The enclosing scope.

    Attributes:
        values: For each name, every value assigned to it; None for a value that is not an
            expression in the code.
    """

    def __init__(
        self, kind: Literal["module", "class", "function"], outer: Scope | None = None
    ) -> None:
        self.kind = kind
        self.outer = outer
        self.values: dict[str, list[ast.expr | None]] = {}

    def bind(self, name: str, value: ast.expr | None = None) -> None:
        """Record an assignment."""
        self.values.setdefault(name, []).append(value)

    def once(self, name: str) -> ast.expr | None:
        """Return the value of a name that is assigned exactly once, if known."""
        values = self.values.get(name, ())
        return values[0] if len(values) == 1 else None

    def of_class(self) -> Scope | None:
        """Return the nearest class scope around this one, if any."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "class":
            scope = scope.outer
        return scope


class ModuleNames:
    """The names and the calls of a module.

    Attributes:
        calls: Every call, with its scope.
        imports_llmring: Whether the module imports llmring or anything from it.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[ast.Call, Scope]] = []
        self.imports_llmring = False
        self.module = Scope("module")
        self._classes: dict[str, list[Scope]] = {}

    def value_of(
        self, node: ast.Name | ast.Attribute, scope: Scope
    ) -> tuple[ast.expr, Scope] | None:
        """Return the value of a name and the value's scope, or None if the value is unknown.

        Args:
            node: The name, or an attribute of `self`, of `cls` or of a class.
            scope: The scope in which the name is used.
        """
        if isinstance(node, ast.Name):
            return _looked_up(node.id, scope)
        if not isinstance(node.value, ast.Name):
            return None
        of = node.value.id
        inner = scope.of_class() if of in ("self", "cls") else self._class(of)
        value = None if inner is None else inner.once(node.attr)
        return None if inner is None or value is None else (value, inner)

    def _class(self, name: str) -> Scope | None:
        found = self._classes.get(name, ())
        return found[0] if len(found) == 1 else None

    def visit(self, node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
        """Record a node, and yield its child nodes, each with its scope."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from self._function(node, scope)
            case ast.ClassDef():
                yield from self._of_class(node, scope)
            case _:
                self._assignments(node, scope)
                self._others(node, scope)
                yield from ((each, scope) for each in _below(node))

    def _assignments(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assigned(target, value, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._assigned(target, value, scope)
            case ast.NamedExpr(target=target, value=value):
                self._assigned(target, value, scope)
            case ast.Attribute(ctx=ast.Store()):
                self._assigned(node, None, scope)

    def _others(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Call():
                self.calls.append((node, scope))
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                self._imported(node, aliases, scope)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                _shared(names, scope)
            case (
                ast.Name(id=str(name), ctx=ast.Store())
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                scope.bind(name)

    def _of_class(self, node: ast.ClassDef, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
        scope.bind(node.name)
        inner = Scope("class", scope)
        self._classes.setdefault(node.name, []).append(inner)
        yield from ((each, scope) for each in (*node.decorator_list, *node.bases))
        yield from ((each.value, scope) for each in node.keywords)
        yield from ((each, inner) for each in node.body)

    def _assigned(self, target: ast.expr, value: ast.expr | None, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                scope.bind(name, value)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                inner = scope.of_class()
                if inner is not None:
                    # Other values may use names that are local to the method.
                    literal = value if isinstance(value, ast.Constant) else None
                    inner.bind(name, literal)
            case ast.Attribute(value=ast.Name(id=of), attr=name):
                for each in self._classes.get(of, ()):
                    each.bind(name)

    def _imported(self, node: ast.AST, aliases: list[ast.alias], scope: Scope) -> None:
        for alias in aliases:
            source = getattr(node, "module", None) or alias.name
            if source.partition(".")[0] == "llmring":
                self.imports_llmring = True
            scope.bind(alias.asname or alias.name.partition(".")[0])

    def _function(self, node: _Function, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
        inner = Scope("function", scope)
        arguments = node.args
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults = dict(zip(reversed(plain), reversed(arguments.defaults), strict=False))
        named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        defaults |= {each: default for each, default in named if default is not None}
        for each in (*plain, *arguments.kwonlyargs):
            inner.bind(each.arg, _request(each) or defaults.get(each))
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                inner.bind(extra.arg)
        yield from ((each, scope) for each in defaults.values())
        if isinstance(node, ast.Lambda):
            yield node.body, inner
            return
        scope.bind(node.name)
        yield from ((each, scope) for each in node.decorator_list)
        yield from ((each, inner) for each in node.body)


def collected(tree: ast.Module) -> ModuleNames:
    """Collect the names and calls of a module, without recursion, so nesting may be deep."""
    names = ModuleNames()
    waiting: list[tuple[ast.AST, Scope]] = [(each, names.module) for each in reversed(tree.body)]
    while waiting:
        node, scope = waiting.pop()
        waiting += reversed([*names.visit(node, scope)])
    return names


def _shared(names: list[str], scope: Scope) -> None:
    """Mark names that a function may assign in enclosing scopes as assigned more than once."""
    around: Scope | None = scope
    while around is not None:
        for name in names:
            around.bind(name)
            around.bind(name)
        around = around.outer


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the child nodes of a node, except targets already recorded."""
    taken: tuple[ast.AST, ...] = ()
    match node:
        case ast.Assign(targets=targets):
            taken = tuple(each for each in targets if isinstance(each, ast.Name | ast.Attribute))
        case ast.AnnAssign(target=target, value=value) if value is not None:
            taken = (target,)
        case ast.NamedExpr(target=target):
            taken = (target,)
    return (each for each in ast.iter_child_nodes(node) if each not in taken)


def _request(argument: ast.arg) -> ast.expr | None:
    """Return a constant for a parameter annotated as a request, since it names no alias."""
    match argument.annotation:
        case ast.Name(id="LLMRequest") | ast.Attribute(attr="LLMRequest"):
            return ast.Constant(None)
        case ast.Constant(value="LLMRequest"):
            return ast.Constant(None)
    return None


def _looked_up(name: str, scope: Scope) -> tuple[ast.expr, Scope] | None:
    around: Scope | None = scope
    while around is not None:
        # A method does not see the names of its class.
        if name in around.values and (around is scope or around.kind != "class"):
            value = around.once(name)
            return None if value is None else (value, around)
        around = around.outer
    return None
