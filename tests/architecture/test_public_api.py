"""What users can import: every type that they can receive, and the list of it."""

import ast
import functools
import importlib
import importlib.util
import inspect
import pickle
import sys
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import msgspec
import pytest

import llmring
import llmring.schemas
import llmring.testing

ROOT = Path(__file__).resolve().parents[2]
MODULES = (llmring, llmring.testing)
NAMES = [(module, name) for module in MODULES for name in module.__all__]
TYPES = [kind for module, name in NAMES if isinstance(kind := getattr(module, name), type)]
VALUES = [
    kind
    for kind in TYPES
    if issubclass(kind, msgspec.Struct | Exception) or typing.is_typeddict(kind)
]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api_list", ROOT / "tools" / "api_list.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_docs_api_txt_lists_the_public_names_as_they_are(tool: ModuleType) -> None:
    listed = (ROOT / "docs" / "api.txt").read_text(encoding="utf-8").splitlines()

    assert listed == list(tool.lines()), "the public interface changed: run `make api`"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_a_public_type_names_the_module_that_users_import_it_from(kind: type) -> None:
    assert kind.__module__ in ("llmring", "llmring.testing")
    assert getattr(sys.modules[kind.__module__], kind.__qualname__) is kind
    assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 -- our own bytes


@pytest.mark.parametrize("name", llmring.schemas.__all__)
def test_a_name_of_schemas_is_that_of_llmring(name: str) -> None:
    assert getattr(llmring.schemas, name) is getattr(llmring, name)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_the_annotations_of_a_public_value_can_be_resolved(kind: type) -> None:
    assert typing.get_type_hints(kind).keys() >= inspect.get_annotations(kind).keys()


def test_every_type_that_a_user_can_receive_is_public(tool: ModuleType) -> None:
    walk = Walk(tool)
    for module, name in NAMES:
        walk.of(getattr(module, name), name)

    found = {kind.__name__ for kind in walk.seen}
    assert {"Plan", "PendingTools", "RegisteredFile", "CircuitState", "SentRequest"} <= found
    hidden = {kind.__qualname__: path for kind, path in walk.seen.items() if kind not in TYPES}
    assert hidden == {}


class Walk:
    """A walk along annotations: parameters, results and attributes, from type to type.

    Attributes:
        seen: The classes of llmring that were met, each with where it was met first.
    """

    def __init__(self, tool: ModuleType) -> None:
        self._tool = tool
        self.seen: dict[type, str] = {}

    def of(self, what: Any, path: str) -> None:
        """Walk on from an annotation, a class or a function."""
        for argument in typing.get_args(what):
            for each in argument if isinstance(argument, list) else [argument]:
                self.of(each, path)
        what = typing.get_origin(what) or what
        if isinstance(what, FunctionType):
            self._of_function(what, path)
        elif isinstance(what, type) and what.__module__.partition(".")[0] == "llmring":
            self._of_class(what, path)

    def _of_class(self, kind: type, path: str) -> None:
        if kind in self.seen:
            return
        self.seen[kind] = path
        for base in getattr(kind, "__orig_bases__", ()):
            for argument in typing.get_args(base):
                self.of(argument, kind.__name__)
        if issubclass(kind, msgspec.Struct) or typing.is_typeddict(kind):
            for name, hint in typing.get_type_hints(kind).items():
                self.of(hint, f"{kind.__name__}.{name}")
        for each in kind.__mro__:
            if each.__module__.partition(".")[0] == "llmring":
                for name, value in vars(each).items():
                    self._of_member(kind, name, value)

    def _of_member(self, kind: type, name: str, value: Any) -> None:
        where = f"{kind.__module__}.{kind.__name__}.{name}"
        made_by_users = kind is llmring.LLMRing or issubclass(kind, Exception)
        if name == "__init__" and not made_by_users:
            for hint in attributes_set_in(value):
                self.of(hint, where)
        elif where not in self._tool.NOT_FOR_USERS and (
            not name.startswith("_") or name in ("__init__", *self._tool.SPECIAL)
        ):
            self.of(function_of(value), where)

    def _of_function(self, function: FunctionType, path: str) -> None:
        for name, hint in typing.get_type_hints(function, names_in(function.__module__)).items():
            self.of(hint, f"{path}({name})")
        if function.__name__ == "__init__":
            for hint in attributes_set_in(function):
                self.of(hint, path)


def function_of(member: Any) -> Any:
    """The function behind a property, a class method or a decorator."""
    match member:
        case property():
            return member.fget
        case functools.cached_property():
            return member.func
        case classmethod() | staticmethod():
            return member.__func__
    return inspect.unwrap(member) if isinstance(member, FunctionType) else None


def attributes_set_in(constructor: FunctionType) -> Iterator[Any]:
    """The annotations of the public attributes that a constructor sets."""
    names = names_in(constructor.__module__)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(constructor)))):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Attribute):
            continue
        if not node.target.attr.startswith("_"):
            yield eval(ast.unparse(node.annotation), names)  # noqa: S307 -- our own source


@functools.cache
def names_in(module: str) -> dict[str, Any]:
    """The names that annotations in a module mean, those for type checkers alone included."""
    found = dict(vars(importlib.import_module(module)))
    source = ast.parse(inspect.getsource(sys.modules[module]))
    for block in source.body:
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING":
            for each in block.body:
                if isinstance(each, ast.ImportFrom) and each.module:
                    there = importlib.import_module(each.module)
                    found |= {name.name: getattr(there, name.name) for name in each.names}
    return found
