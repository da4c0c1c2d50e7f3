"""Finding the aliases used in Python code."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.scan.aliases import Use, Uses
from llmring.scan.python import in_python

IMPORT = "from llmring import LLMRing, LLMRequest\nring = LLMRing()\n"


def uses_of(code: str) -> Uses:
    found = in_python(IMPORT + code)
    assert found is not None
    return found


def aliases(code: str) -> list[str]:
    return [use.name for use in uses_of(code).found if use.kind == "alias" and use.sure]


@pytest.mark.parametrize(
    "code",
    [
        'ring.chat("fast", "Hi")',
        'await ring.chat("fast", "Hi")',
        'ring.chat_stream("fast", messages="Hi")',
        'ring.run_tools("fast", "Hi")',
        'ring.embed("fast", ["a"])',
        'ring.embed(alias="fast", texts="a")',
        'ring.count_tokens("fast", "Hi")',
        'ring.explain("fast")',
        'ring.resolve_alias("fast")',
        'ring.require_aliases(["fast"])',
        'ring.require_aliases("fast", context="x")',
        'self.llm.chat("fast", "Hi")',
        'LLMRing().chat("fast", "Hi")',
        'LLMRequest(model="fast", messages="Hi")',
        'LLMRequest("fast", "Hi")',
        'ring.chat(LLMRequest(model="fast", messages="Hi"))',
        'MODEL = "fast"\nring.chat(MODEL, "Hi")',
        'MODEL: str = "fast"\ndef f():\n    return ring.chat(MODEL, "Hi")',
        'def f():\n    model = "fast"\n    return ring.chat(model, "Hi")',
        'def f(model="fast"):\n    return ring.chat(model, "Hi")',
        'def f(*, model: str = "fast"):\n    return LLMRequest(model=model, messages="")',
        'class A:\n    MODEL = "fast"\n    def f(self):\n        ring.chat(self.MODEL, "Hi")',
        'class A:\n    MODEL = "fast"\nring.chat(A.MODEL, "Hi")',
        'class A:\n    def __init__(self):\n        self.m = "fast"\n'
        '    def f(self):\n        ring.chat(self.m, "Hi")',
        'ring.chat(m := "fast", "Hi")',
    ],
)
def test_an_alias_passed_to_a_call_is_found(code: str) -> None:
    found = uses_of(code)

    assert aliases(code) == ["fast"]
    assert found.unclear == 0


def test_both_branches_of_a_conditional_are_found() -> None:
    assert aliases('ring.chat("deep" if hard else "fast", "Hi")') == ["deep", "fast"]


@pytest.mark.parametrize(
    "code",
    [
        'ring.chat(model, "Hi")',
        'model = "a"\nmodel = "b"\nring.chat(model, "Hi")',
        'from settings import MODEL\nring.chat(MODEL, "Hi")',
        'ring.chat(f"{size}-model", "Hi")',
        'ring.chat(MODELS["x"], "Hi")',
        "ring.chat(*args)",
        'for model in ("a", "b"):\n    ring.chat(model, "Hi")',
        'def f(model):\n    ring.chat(model, "Hi")',
        'class A:\n    model = "a"\ndef f():\n    ring.chat(model, "Hi")',
        'model = "a"\ndef g():\n    global model\n    model = pick()\nring.chat(model, "Hi")',
        'a = b\nb = a\nring.chat(a, "Hi")',
    ],
)
def test_a_call_with_an_unknown_alias_is_counted(code: str) -> None:
    assert aliases(code) == []
    assert uses_of(code).unclear == 1


def test_a_request_in_a_variable_does_not_count_as_an_unknown_alias() -> None:
    code = "def f(request: LLMRequest):\n    return ring.chat(request)"

    assert uses_of(code) == Uses()


def test_with_an_unknown_alias_any_string_of_the_file_is_a_possible_use() -> None:
    found = uses_of('for model in ("a", "b"):\n    ring.chat(model, "Hi there")')

    assert [(use.name, use.sure) for use in found.found] == [("a", False), ("b", False)]


@pytest.mark.parametrize(
    "code",
    [
        'bot.chat("hello")',
        'client.create(model="gpt-4")',
        'explain("x")',
        '"fast"',
        'other.explain("fast")',
    ],
)
def test_a_call_that_may_be_another_library_s_is_never_sure(code: str) -> None:
    found = in_python(code)

    assert found is not None
    assert [use for use in found.found if use.sure] == []
    assert found.unclear == 0


def test_a_check_for_an_alias_does_not_require_it() -> None:
    assert [use.sure for use in uses_of('ring.has_alias("fast")').found] == [False]


def test_a_profile_is_found_and_linked_to_its_alias() -> None:
    found = in_python('ring.chat("fast", "Hi", profile="dev")')

    assert found == Uses(
        (
            Use(kind="alias", name="fast", line=1, column=11, profile="dev"),
            Use(kind="profile", name="dev", line=1, column=33),
        )
    )


def test_columns_count_characters_and_lines_count_as_in_python() -> None:
    found = in_python('x = 1\x0c\r\né = "ü"; ring.chat("fast")\r\n')

    assert found is not None
    assert [(use.line, use.column) for use in found.found] == [(2, 20)]


@pytest.mark.parametrize("code", ["def", "\0", "\ud800", "(" * 5000, "x = '\\ud800'\nf(\n"])
def test_a_text_that_is_not_python_returns_none(code: str) -> None:
    assert in_python(code) is None


def test_deeply_nested_code_is_read() -> None:
    deep = "x = " + "+".join(["a"] * 3000)
    found = in_python(f'{deep}\nring.chat("fast")')

    assert found is None or [use.name for use in found.found] == ["fast"]


@given(st.text())
def test_no_text_crashes_the_reader(code: str) -> None:
    in_python(code)


# Tokens that often enough make a valid program.
PIECES = st.sampled_from(
    [
        *("ring", ".chat", "(", ")", '"fast"', "model", "=", ",", "\n", " ", ":", "def f", "self."),
        *("class A", "lambda", "if x else", "[", "]", "{", "}", "*", "**", "import llmring", "for"),
        *("in", "with", "as", "LLMRequest", ":=", "match x", "case", "global model", "try", "\n  "),
        *("except E as e", "async", "await", "del", "f'{x}'", "profile=", "or", "@", "->", "_"),
    ]
)


@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_no_program_crashes_the_reader(code: str) -> None:
    found = in_python(code)

    if found is not None:
        lines = code.split("\n")
        texts = {
            repr(node.value) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)
        }
        assert all(repr(use.name) in texts and use.line <= len(lines) for use in found.found)
