"""Writes docs/api.txt: every public name, with its kind and its signature or fields.

    python tools/api_list.py

One line a name, so that a change of the public interface is a diff to be read. Signatures are
those of the source, which all versions of Python write alike.
"""

import ast
import functools
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, is_typeddict

from msgspec import Struct

import llmring
import llmring.testing

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/api.txt"

MODULES = (llmring, llmring.testing)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# The ring's own doors to a request, and to what a test has scripted.
NOT_FOR_USERS = frozenset(
    (
        "llmring.LLMRequest.parsed",
        "llmring.testing.Faults.script",
        "llmring.testing.Replies.open",
    )
)

# What a reader of the list would look for; all else with underscores is Python's own.
SPECIAL = ("__getitem__", "__iter__", "__aiter__", "__await__", "__bool__")


def lines() -> Iterator[str]:
    """Yield the lines of the list, in the order of the names."""
    for module in MODULES:
        for name in sorted(module.__all__):
            value = getattr(module, name)
            where = f"{module.__name__}.{name}"
            if isinstance(value, type):
                yield from _class(where, value, home_of(module.__name__, name))
            else:
                [node] = _found(home_of(module.__name__, name), name)
                yield f"{where}: function{_signature(node)}"


def home_of(module: str, name: str) -> str:
    """Return the module that defines a public name."""
    return sys.modules[module]._HOMES.get(name, "llmring.exceptions")  # noqa: SLF001


def is_public(kind: type) -> bool:
    """Return whether a class is one that users can import."""
    return any(getattr(module, kind.__name__, None) is kind for module in MODULES)


def defined(kind: type) -> Iterator[tuple[type, str]]:
    """Yield a class and those bases that only it has, each with the module that defines it."""
    [module] = [each.__name__ for each in MODULES if kind.__name__ in each.__all__]
    yield kind, home_of(module, kind.__name__)
    public = [base for base in kind.__mro__[1:] if is_public(base)]
    for base in kind.__mro__[1:]:
        elsewhere = any(issubclass(each, base) for each in public)
        if base.__module__.startswith("llmring.") and not elsewhere:
            yield base, base.__module__


def _class(where: str, kind: type, home: str) -> Iterator[str]:
    what = _kind(kind)
    bases = ", ".join(dict.fromkeys(_bases(kind)))
    head = f"{what} of {bases}" if bases else what
    [node] = _found(home, kind.__name__)
    yield (
        f"{where}: {head}({', '.join(_fields(node))})"
        if what in ("struct", "dict")
        else (f"{where}: {head}")
    )
    members: dict[str, str] = {}
    for each, module in defined(kind):
        for found in _found(module, each.__name__):
            for name, line in _members(found, fields=what in ("class", "error")):
                members.setdefault(name, line)
    if what != "error" and kind is not llmring.LLMRing:
        # All others are made by the ring.
        members.pop("__init__", None)
    for name in sorted(members):
        if f"{where}.{name}" not in NOT_FOR_USERS:
            yield f"{where}.{name}: {members[name]}"


def _kind(kind: type) -> str:
    if is_typeddict(kind):
        return "dict"
    if issubclass(kind, Struct):
        return "struct"
    return "error" if issubclass(kind, Exception) else "class"


def _bases(kind: type) -> Iterator[str]:
    """Yield the bases that a reader knows; in place of others, theirs."""
    for base in kind.__bases__:
        if is_public(base) or not (
            base in (object, dict, Struct, Generic) or base.__module__.startswith("llmring")
        ):
            yield base.__name__
        else:
            yield from _bases(base)


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and not each.target.id.startswith("_"):
            yield ast.unparse(each)


def _members(node: ast.ClassDef, *, fields: bool) -> Iterator[tuple[str, str]]:
    for each in node.body:
        if isinstance(each, FUNCTIONS):
            yield from _function(each)
        elif isinstance(each, ast.If):
            # What only type checkers see: attributes that are looked up elsewhere.
            yield from _members(each, fields=True)
        elif fields and isinstance(each, ast.AnnAssign) and not each.target.id.startswith("_"):
            yield each.target.id, f"attribute: {ast.unparse(each.annotation)}"


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    decorators = [ast.unparse(each) for each in node.decorator_list]
    if node.name == "__init__":
        yield node.name, f"method{_signature(node)}"
        yield from _set_in(node)
    elif "overload" in decorators or (node.name.startswith("_") and node.name not in SPECIAL):
        return
    elif decorators and decorators[0] in ("property", "functools.cached_property"):
        yield node.name, f"property -> {ast.unparse(node.returns)}"
    else:
        prefix = "async " * isinstance(node, ast.AsyncFunctionDef)
        yield node.name, f"{prefix}method{_signature(node)}"


def _set_in(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the public attributes that a constructor sets."""
    for each in ast.walk(node):
        targets = each.targets if isinstance(each, ast.Assign) else []
        targets = [each.target] if isinstance(each, ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
                typed = isinstance(each, ast.AnnAssign)
                yield (
                    target.attr,
                    f"attribute: {ast.unparse(each.annotation)}" if typed else "attribute",
                )


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    return f"({ast.unparse(node.args)}){returns}"


@functools.cache
def _tree(module: str) -> ast.Module:
    importlib.import_module(module)
    return ast.parse(Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8"))


def _found(module: str, name: str) -> list[ast.ClassDef | ast.FunctionDef]:
    """Return the definition of a class or a function; of overloads, the last one."""
    found = [each for each in _tree(module).body if getattr(each, "name", None) == name]
    return found[-1:]


def main() -> int:
    """Write the list."""
    text = "".join(f"{line}\n" for line in lines())
    TARGET.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{text.count(chr(10))} lines: {TARGET}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
