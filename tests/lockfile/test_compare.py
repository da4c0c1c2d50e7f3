import pytest
from hypothesis import given

from llmring.lockfile.compare import changes
from llmring.lockfile.document import parse
from llmring.lockfile.edit import bindings
from llmring.lockfile.edit.format import formatted
from lockfile.texts import EXAMPLE, bound_aliases, lockfile_texts


def reported(before: str, after: str) -> list[str]:
    return [str(change) for change in changes(parse(before), parse(after))]


def binding(*models: str, alias: str = "fast", profile: str = "dev") -> str:
    return f'[[profiles.{profile}.bindings]]\nalias = "{alias}"\nmodels = {[*models]}\n'


ONE = binding("openai:a")


@given(lockfile_texts())
def test_formatting_a_lockfile_changes_nothing_in_effect(text: str) -> None:
    assert reported(text, formatted(text)) == []


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (ONE, binding("openai:b"), ["dev.fast: openai:a → openai:b"]),
        (ONE, ONE + binding("x:y", "z:w", alias="deep"), ["+ dev.deep → x:y, z:w"]),
        (ONE + binding("x:y", "z:w", alias="deep"), ONE, ["- dev.deep → x:y, z:w"]),
        (ONE, "", ["- profile dev", "- dev.fast → openai:a"]),
        ("", ONE, ["+ profile dev", "+ dev.fast → openai:a"]),
        ("", "[profiles.a]", ["+ profile a"]),
        (binding("a:b", "c:d"), binding("c:d", "a:b"), ["dev.fast: a:b, c:d → c:d, a:b"]),
        ("", 'default_profile = "prod"', ["default_profile: default → prod"]),
        ("", 'default_profile = "\\u001b"', ['default_profile: default → "\\u001b"']),
        (ONE, f"{ONE}retries = 2", ["+ dev.fast.retries → 2"]),
        (f"{ONE}retries = 2", f"{ONE}retries = 3", ["dev.fast.retries: 2 → 3"]),
        (f"{ONE}timeout = 2", f"{ONE}timeout = 2.0", []),
        (f"{ONE}policy.rpm = 2", f"{ONE}policy.rpm = 3", ["dev.fast.policy.rpm: 2 → 3"]),
        ("[profiles.a]", '[profiles.a]\nneeds = ["tools"]', ['+ a.needs → ["tools"]']),
        ("", '[extends]\npackages = ["a", "b"]', ["+ extends.packages → a, b"]),
        (
            '[providers.mine]\nbase_url = "http://a"',
            '[providers.mine]\nbase_url = "http://b"',
            ["providers.mine.base_url: http://a → http://b"],
        ),
        (
            ONE,
            binding("openai:a", profile='"a.b"'),
            [
                '+ profile "a.b"',
                '+ "a.b".fast → openai:a',
                "- profile dev",
                "- dev.fast → openai:a",
            ],
        ),
    ],
)
def test_each_difference_is_shown_on_one_line(before: str, after: str, lines: list[str]) -> None:
    assert reported(before, after) == lines


@pytest.mark.parametrize(
    "after",
    [
        EXAMPLE.replace('"', "'"),
        EXAMPLE.replace('version = "1.0"\n', ""),
        EXAMPLE.replace('name = "dev"', "x-a = 1  # note"),
        EXAMPLE.replace('["openai:gpt-4o-mini"]', '"OpenAI:gpt-4o-mini"'),
    ],
    ids=["quotes", "version", "keys of one's own", "the same model"],
)
def test_changes_of_form_only_are_not_differences(after: str) -> None:
    assert after != EXAMPLE
    assert reported(EXAMPLE, after) == []


def test_a_changed_alias_is_a_difference_in_each_profile_that_inherits_it() -> None:
    prod = '[profiles.prod]\nextends = "dev"\n'

    assert reported(ONE + prod, binding("openai:b") + prod) == [
        "dev.fast: openai:a → openai:b",
        "prod.fast: openai:a → openai:b",
    ]


def test_a_change_lists_added_and_removed_models_and_reordering() -> None:
    (change,) = changes(parse(binding("a:a", "b:b", "c:c")), parse(binding("b:b", "a:a", "d:d")))

    assert (change.added, change.removed, change.reordered) == (("d:d",), ("c:c",), True)


def test_inserting_a_model_is_not_a_reordering() -> None:
    (change,) = changes(parse(binding("a:a", "b:b")), parse(binding("a:a", "c:c", "b:b")))

    assert not change.reordered


@given(lockfile_texts())
def test_binding_an_alias_is_exactly_one_change(text: str) -> None:
    after = bindings.bind(text, "new", "mock:a", "default")
    found = reported(text, after)

    assert [line for line in found if "profile default" not in line] == ["+ default.new → mock:a"]


@given(bound_aliases())
def test_unbinding_reverses_the_change_of_binding(bound: tuple[str, str, str]) -> None:
    text, alias, profile = bound
    after = bindings.unbind(text, alias, profile)
    there = {change.key for change in changes(parse(text), parse(after)) if change.before}
    back = {change.key for change in changes(parse(after), parse(text)) if change.after}

    assert there == back
    assert f"{profile}.{alias}" in there
