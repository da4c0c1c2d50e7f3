"""Replacement of models in place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.document import Lockfile, ModelRef, parse
from llmring.lockfile.edit.replace_models import replace_models

TEXT = """\
# Ours.
[[profiles.default.bindings]]
alias = "fast"   # the usual
models = [
    "openai:a",     # first
    'anthropic:b' , # then
]
weights = { "openai:a" = 3, 'anthropic:b' = 1 }

[[profiles.prod.bindings]]
alias = "fast"
models = ["openai:a"]
"""


def replaced(text: str, alias: str = "fast", profile: str = "default", **models: str) -> str:
    at = parse(text).profiles[profile].bindings[alias].at
    pairs = {f"openai:{old}": new for old, new in models.items()}
    changes = {ModelRef.parse(old): ModelRef.parse(new) for old, new in pairs.items()}
    return replace_models(text, {at: changes})


def test_replacing_models_changes_only_their_names() -> None:
    at = parse(TEXT).profiles["default"].bindings["fast"].at
    a, b = ModelRef("openai", "a"), ModelRef("anthropic", "b")
    after = replace_models(TEXT, {at: {a: ModelRef("openai", "a2"), b: ModelRef("x", "it's")}})

    head, tail = TEXT.split("\n\n")
    expected = head.replace("openai:a", "openai:a2").replace("'anthropic:b'", '"x:it\'s"')
    assert after == f"{expected}\n\n{tail}"


def test_replacing_models_leaves_other_profiles_alone() -> None:
    after = replaced(TEXT, profile="prod", a="openai:a2")

    assert after == TEXT.replace('models = ["openai:a"]', 'models = ["openai:a2"]')


@pytest.mark.parametrize(
    "text",
    [
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = "openai:a"',
        '[profiles.default]\nbindings = [{ alias = "fast", models = [ "openai:a" ] }]\r\n',
        'profiles.default.bindings = [{ models = ["openai:a"], alias = "fast" }]\n',
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:a"]\n'
        '[profiles.default.bindings.policy.weights]\n"openai:a" = 2.50\n',
    ],
    ids=["a string", "in braces", "dotted", "weights of their own"],
)
def test_replacing_models_keeps_the_way_they_are_written(text: str) -> None:
    assert replaced(text, a="openai:new") == text.replace("openai:a", "openai:new")


def test_models_to_replace_are_found_whatever_their_case_and_spacing() -> None:
    text = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = [" OpenAI:a "]\n'

    assert replaced(text, a="openai:b") == text.replace(" OpenAI:a ", "openai:b")


def test_replacing_models_that_are_not_bound_changes_nothing() -> None:
    assert replaced(TEXT, z="openai:y") == TEXT
    assert replace_models(TEXT, {}) == TEXT


NAMES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True)


@given(NAMES, st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")))
def test_replaced_models_keep_their_positions(names: list[str], new: dict[str, str]) -> None:
    models = ", ".join(f'"openai:{name}" # {name}\n' for name in names).replace("\n, ", "\n,")
    text = f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = [{models}]\n'
    after = replaced(text, **{old: f"openai:{each}" for old, each in new.items()})
    lockfile: Lockfile = parse(after)

    wanted = [f"openai:{new.get(name, name)}" for name in names]
    assert [*map(str, lockfile.profiles["default"].bindings["fast"].models)] == wanted
    assert after.count("#") == len(names)
