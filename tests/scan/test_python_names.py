"""The values of names in Python code, by scope and by number of assignments."""

import ast

import pytest

from llmring.scan.python_names import Scope, collected


def value_at_call(code: str) -> object:
    """Return the literal that the argument of `show(…)` refers to; None if it is unknown."""
    names = collected(ast.parse(code))
    [(call, scope)] = [
        (call, scope)
        for call, scope in names.calls
        if isinstance(call.func, ast.Name) and call.func.id == "show"
    ]
    [argument] = call.args
    assert isinstance(argument, ast.Name | ast.Attribute)
    found = names.value_of(argument, scope)
    return ast.unparse(found[0]) if found else None


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("x = 1\nshow(x)", "1"),
        ("x: int = 1\nshow(x)", "1"),
        ("x: int\nshow(x)", None),
        ("(x := 1)\nshow(x)", "1"),
        ("x = y = 1\nshow(y)", "1"),
        ("x, y = 1, 2\nshow(x)", None),
        ("x = 1\nx = 1\nshow(x)", None),
        ("x = 1\nx += 1\nshow(x)", None),
        ("x = 1\nfor x in y: pass\nshow(x)", None),
        ("x = 1\nwith y as x: pass\nshow(x)", None),
        ("x = 1\nimport x\nshow(x)", None),
        ("import a.x\nx = 1\nshow(x)", "1"),
        ("x = 1\ntry: pass\nexcept E as x: pass\nshow(x)", None),
        ("x = 1\nmatch y:\n case [x]: pass\nshow(x)", None),
        ("x = 1\nmatch y:\n case [*x]: pass\nshow(x)", None),
        ("x = 1\nmatch y:\n case {**x}: pass\nshow(x)", None),
        ("x = 1\ndef x(): pass\nshow(x)", None),
        ("x = 1\nclass x: pass\nshow(x)", None),
        ("show(x)", None),
    ],
)
def test_a_name_has_a_value_if_it_is_assigned_once(code: str, value: str | None) -> None:
    assert value_at_call(code) == value


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("x = 1\ndef f():\n show(x)", "1"),
        ("x = 1\ndef f():\n x = 2\n show(x)", "2"),
        ("x = 1\ndef f():\n def g():\n  show(x)", "1"),
        ("def f():\n x = 1\nshow(x)", None),
        ("x = 1\nclass A:\n x = 2\n def f(self):\n  show(x)", "1"),
        ("x = 1\nclass A:\n x = 2\n show(x)", "2"),
        ("x = 1\ndef f():\n global x\n x = 2\nshow(x)", None),
        ("def f():\n x = 1\n def g():\n  nonlocal x\n  x = 2\n show(x)", None),
        ("x = 1\ndef f(x):\n show(x)", None),
        ("def f(x=1):\n show(x)", "1"),
        ("def f(a, x=1, *, y=2):\n show(x)", "1"),
        ("def f(a, *, x=1):\n show(x)", "1"),
        ("def f(a, /, x=1):\n show(a)", None),
        ("x = 1\ndef f(*x):\n show(x)", None),
        ("x = 1\ndef f(**x):\n show(x)", None),
        ("x = 1\nf = lambda x=2: show(x)", "2"),
        ("x = 1\ndef f(a=show(x)): pass", "1"),
        ("x = 1\nasync def f():\n show(x)", "1"),
    ],
)
def test_a_name_is_looked_up_from_its_scope_outwards(code: str, value: str | None) -> None:
    assert value_at_call(code) == value


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("class A:\n m = 1\n def f(self):\n  show(self.m)", "1"),
        ("class A:\n m = 1\n @classmethod\n def f(cls):\n  show(cls.m)", "1"),
        ("class A:\n def __init__(self):\n  self.m = 1\n def f(self):\n  show(self.m)", "1"),
        ("class A:\n def __init__(self, m):\n  self.m = m\n def f(self):\n  show(self.m)", None),
        ("class A:\n m = 1\n def f(self):\n  self.m = 2\n  show(self.m)", None),
        ("class A:\n m = 1\nshow(A.m)", "1"),
        ("class A:\n m = 1\nA.m = 2\nshow(A.m)", None),
        ("class A:\n m = 1\nclass A:\n m = 2\nshow(A.m)", None),
        ("class A:\n m = 1\nshow(B.m)", None),
        ("class A:\n m = 1\nshow(a.b.m)", None),
        ("def f(self):\n show(self.m)", None),
    ],
)
def test_an_attribute_has_the_value_that_its_class_gives_it_once(
    code: str, value: str | None
) -> None:
    assert value_at_call(code) == value


@pytest.mark.parametrize("annotation", ["LLMRequest", "llmring.LLMRequest", "'LLMRequest'"])
def test_a_parameter_annotated_as_a_request_has_a_value_that_is_no_alias(annotation: str) -> None:
    assert value_at_call(f"def f(x: {annotation}):\n show(x)") == "None"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import llmring", True),
        ("import llmring.lockfile as l", True),
        ("def f():\n from llmring.chat import x", True),
        ("import llmringer", False),
        ("from . import llmring_tools", False),
        ("import os", False),
    ],
)
def test_imports_of_llmring_are_noticed(code: str, expected: bool) -> None:
    assert collected(ast.parse(code)).imports_llmring is expected


def test_every_call_is_collected_in_the_order_of_the_code() -> None:
    code = "@a()\nclass A(b(), m=c()):\n x = d()\n def f(self, y=e()):\n  return [g() for _ in h()]"

    calls = collected(ast.parse(code)).calls

    assert sorted(ast.unparse(call.func) for call, _ in calls) == [*"abcdegh"]
    assert {ast.unparse(call.func): scope.kind for call, scope in calls} == {
        **dict.fromkeys("abc", "module"),
        **dict.fromkeys("de", "class"),
        **dict.fromkeys("gh", "function"),
    }


def test_code_nested_deeper_than_recursion_allows_is_collected() -> None:
    node: ast.expr = ast.Name("x")
    for _ in range(20_000):
        node = ast.UnaryOp(ast.Not(), node)

    names = collected(ast.Module([ast.Expr(node), ast.Expr(ast.Call(ast.Name("f"), [], []))], []))

    assert len(names.calls) == 1


def test_the_nearest_class_is_found_from_a_function_inside_it() -> None:
    outer = Scope("class", Scope("module"))
    method = Scope("function", outer)

    assert Scope("function", method).of_class() is outer
    assert Scope("function", Scope("module")).of_class() is None
