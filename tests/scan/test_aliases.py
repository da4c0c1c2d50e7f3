"""Used names compared with a lockfile: those it lacks, and those that nothing uses."""

from collections.abc import Sequence

import pytest

from llmring.lockfile.compose import Packages
from llmring.lockfile.document import parse
from llmring.scan.aliases import Use, lines_of, missing, unused

TEXT = """\
[profiles.default]
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:a"]
[[profiles.default.bindings]]
alias = "summarizer"
models = ["openai:a"]

[profiles.dev]
[[profiles.dev.bindings]]
alias = "fast"
models = ["openai:b"]
"""
LOCKFILE = parse(TEXT)


def alias(name: str, *, sure: bool = True, profile: str | None = None) -> Use:
    return Use(kind="alias", name=name, line=3, column=7, sure=sure, profile=profile)


def profile(name: str) -> Use:
    return Use(kind="profile", name=name, line=3, column=7)


def complaints(use: Use, profiles: Sequence[str] = ("default", "dev")) -> list[str]:
    found = missing([("app.py", use)], LOCKFILE, profiles, {"openai"}, Packages())
    return [finding.problem.render(finding.file) for finding in found]


@pytest.mark.parametrize(
    "use",
    [
        alias("fast"),
        alias("fast", profile="dev"),
        alias("summarizer", profile="default"),
        alias("nonsense", sure=False),
        alias("OpenAI:anything"),
        alias("not a name"),
        alias(""),
        profile("dev"),
        profile("default"),
    ],
)
def test_a_name_that_exists_or_may_be_something_else_is_not_reported(use: Use) -> None:
    assert complaints(use) == []


def test_an_alias_that_no_profile_has_is_reported_with_the_nearest_one() -> None:
    assert complaints(alias("sumarizer")) == [
        "app.py:3:7: error: the alias 'sumarizer' is not in profiles default, dev; "
        "did you mean 'summarizer'? If not, bind it: "
        "llmring bind sumarizer provider:model --profile default"
    ]


def test_an_alias_that_one_profile_lacks_is_reported_for_that_profile() -> None:
    [complaint] = complaints(alias("summarizer"))

    assert "is not in profile dev; bind it: " in complaint
    assert complaint.endswith("--profile dev")


def test_an_alias_is_looked_up_only_in_the_profile_that_its_call_names() -> None:
    assert complaints(alias("summarizer"), ["default"]) == []
    assert len(complaints(alias("summarizer", profile="dev"), ["default"])) == 1


def test_an_alias_in_a_profile_that_does_not_exist_is_left_to_the_report_of_the_profile() -> None:
    assert complaints(alias("nonsense", profile="nowhere")) == []
    assert len(complaints(profile("nowhere"))) == 1


def test_an_unknown_profile_is_reported_with_the_nearest_one() -> None:
    [complaint] = complaints(profile("defualt"))

    assert complaint.endswith(
        "unknown profile 'defualt'; did you mean 'default'? If not, use one of: default, dev"
    )


def test_the_default_profile_exists_even_if_the_file_lacks_it() -> None:
    lockfile = parse('default_profile = "prod"\n[profiles.dev]\n')

    found = missing([("a", profile("prod"))], lockfile, [], set(), Packages())

    assert list(found) == []


def test_an_alias_of_a_package_that_is_not_extended_is_reported_once() -> None:
    [complaint] = complaints(alias("my_lib:fast"))

    assert "extends no package 'my_lib'" in complaint


def test_the_name_of_an_unknown_provider_is_reported_once() -> None:
    assert len(complaints(alias("opnai:gpt"))) == 1


def test_an_alias_that_nothing_uses_is_a_hint_at_its_first_binding() -> None:
    [hint] = unused([alias("fast")], LOCKFILE, TEXT, ["default", "dev"])

    assert (hint.line, hint.column, hint.severity) == (5, 1, "hint")
    assert str(hint).endswith(
        "no scanned source uses the alias 'summarizer'; "
        "remove it if unused: llmring unbind summarizer --profile default"
    )


def test_an_alias_that_several_profiles_bind_is_one_hint() -> None:
    hints = unused([profile("fast")], LOCKFILE, TEXT, ["default", "dev"])

    assert [hint.line for hint in hints] == [2, 5]


def test_an_alias_that_may_be_used_is_not_reported_as_unused() -> None:
    uses = [alias("fast", sure=False), alias("summarizer", sure=False)]

    assert unused(uses, LOCKFILE, TEXT, ["default", "dev"]) == []


def test_only_the_given_profiles_are_checked_for_unused_aliases() -> None:
    [hint] = unused([], LOCKFILE, TEXT, ["dev"])

    assert hint.line == 10


def test_lines_end_as_compilers_count_them() -> None:
    assert lines_of("a\nb\r\nc\rd\x0ce\u2028f\x85g") == ["a", "b", "c", "d\x0ce\u2028f\x85g"]
