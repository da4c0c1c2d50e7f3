from llmring.lockfile.check import problems
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.document import parse
from llmring.lockfile.edit.bindings import bind
from llmring.lockfile.edit.starter import Suggestion, starter
from llmring.lockfile.file import read
from llmring.lockfile.resolve import primaries
from llmring.providers.table import PROVIDERS

SUGGESTIONS = (
    Suggestion("fast", ("openai:small", "anthropic:small"), "Quick and cheap."),
    Suggestion("deep", ("anthropic:large", "openai:large")),
)


def test_suggested_aliases_are_bound_in_order() -> None:
    assert [*primaries(parse(starter(SUGGESTIONS)), "default").items()] == [
        ("fast", "openai:small"),
        ("deep", "anthropic:large"),
    ]


def test_a_new_lockfile_has_no_problem() -> None:
    assert problems(starter(SUGGESTIONS), PROVIDERS) == []


def test_each_alias_has_its_comment_directly_above() -> None:
    assert "\n\n# Quick and cheap.\n[[profiles.default.bindings]]\nalias = " in starter(SUGGESTIONS)


def test_a_binding_can_be_added_to_a_lockfile_without_suggestions() -> None:
    text = bind(starter(), "fast", "openai:small", "default")

    assert primaries(parse(text), "default") == {"fast": "openai:small"}


def test_the_profile_in_the_closing_comment_works_when_uncommented() -> None:
    *_, comment = starter(SUGGESTIONS).partition("only those that differ.\n#\n")
    text = starter(SUGGESTIONS) + comment.replace("# ", "").replace("#", "")

    assert primaries(parse(text), "dev") == {"fast": "openai:small", "deep": "ollama:llama3.2"}


def test_S003_fast_balanced_and_deep_come_with_llmring() -> None:
    assert primaries(parse(read(BUNDLED)), "default").keys() >= {"fast", "balanced", "deep"}


def test_every_bundled_alias_falls_back_on_other_vendors_and_never_on_the_local_model() -> None:
    bindings = parse(read(BUNDLED)).profiles["default"].bindings

    vendors = {alias: {ref.provider for ref in each.models} for alias, each in bindings.items()}
    assert all(len(names) >= 2 and "local" not in names for names in vendors.values())
