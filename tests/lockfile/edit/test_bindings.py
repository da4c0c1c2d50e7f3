import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llmring.exceptions import (
    AliasNotFoundError,
    ConfigurationError,
    InvalidModelReferenceError,
    LockfileError,
    LockfileParseError,
)
from llmring.lockfile.document import parse
from llmring.lockfile.edit.bindings import bind, unbind
from llmring.lockfile.toml.layout import scan
from lockfile.texts import EXAMPLE, REGIONS, bound_aliases, lockfile_texts

PROFILES = st.sampled_from(("default", "dev", "new", "a b"))
MODELS = st.sampled_from(("openai:gpt-4o", "mock:echo,openai:gpt-4o", ["ollama:llama3:8b"]))


def models_of(text: str, alias: str, profile: str) -> list[str]:
    return [str(ref) for ref in parse(text).profiles[profile].bindings[alias].models]


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if "#" in line]


@settings(deadline=None, max_examples=100)
@given(lockfile_texts(), PROFILES, MODELS)
@example("", "default", "openai:gpt-4o")
@example("\n", "default", "openai:gpt-4o")
@example(" ", "default", "openai:gpt-4o")
@example("# c", "default", "openai:gpt-4o")
@example("[profiles.dev]\r\nx-a = 1", "dev", "openai:gpt-4o")
@example("profiles = { dev.bindings = [] }", "dev", "openai:gpt-4o")
@example("profiles.dev.x-a = 1\nversion = '1'\n[metadata]", "dev", "openai:gpt-4o")
def test_bind_and_then_unbind_gives_back_the_same_text(
    text: str, profile: str, models: str | list[str]
) -> None:
    assert unbind(bind(text, "new", models, profile), "new", profile) == text


@settings(deadline=None, max_examples=60)
@given(lockfile_texts(), PROFILES, MODELS)
def test_a_bound_alias_reads_as_its_models(
    text: str, profile: str, models: str | list[str]
) -> None:
    found = models_of(bind(text, "a", models, profile), "a", profile)

    assert found == (models.split(",") if isinstance(models, str) else models)


@settings(deadline=None, max_examples=60)
@given(bound_aliases())
def test_unbind_removes_one_alias_and_no_other(case: tuple[str, str, str]) -> None:
    text, alias, profile = case
    before = parse(text)

    after = parse(unbind(text, alias, profile))

    left = {
        (name, bound): binding.models
        for name, each in after.profiles.items()
        for bound, binding in each.bindings.items()
    }
    assert left == {
        (name, bound): binding.models
        for name, each in before.profiles.items()
        for bound, binding in each.bindings.items()
        if (name, bound) != (profile, alias)
    }


@settings(deadline=None, max_examples=60)
@given(bound_aliases(), MODELS)
def test_binding_again_changes_nothing_outside_the_list_of_models(
    case: tuple[str, str, str], models: str | list[str]
) -> None:
    text, alias, profile = case
    before = parse(text)

    after = bind(text, alias, models, profile)

    at = before.profiles[profile].bindings[alias].at
    begin, end = scan(text).value((*at, "models"))
    assert after.startswith(text[:begin])
    assert after.endswith(text[end:])


def test_S026_every_comment_survives_a_bind() -> None:
    assert comments(bind(EXAMPLE, "quick", "mock:echo", "default")) == comments(EXAMPLE)


def test_S039_a_new_alias_is_added_after_the_last_one_of_its_profile() -> None:
    text = bind(EXAMPLE, "quick", "openai:gpt-4o-mini", "dev")

    assert text == EXAMPLE.replace(
        "# Cheaper for development\n",
        "# Cheaper for development\n"
        '\n[[profiles.dev.bindings]]\nalias = "quick"\nmodels = ["openai:gpt-4o-mini"]\n',
    )


@pytest.mark.parametrize(
    "models",
    ["a:b,c:d", " a:b , c:d ", ["a:b", "c:d"], ("a:b", " c:d"), "a:b,c:d,a:b", "A:b,c:d"],
)
def test_S040_models_are_given_as_a_list_or_with_commas(models: str | list[str]) -> None:
    assert models_of(bind("", "fast", models, "default"), "fast", "default") == ["a:b", "c:d"]


def test_S041_a_missing_profile_is_created() -> None:
    text = bind(EXAMPLE, "assistant", "openai:gpt-4o-mini", "staging")

    assert text == EXAMPLE + (
        '\n[[profiles.staging.bindings]]\nalias = "assistant"\nmodels = ["openai:gpt-4o-mini"]\n'
    )


def test_S042_the_same_alias_in_another_profile_stays_as_it_is() -> None:
    text = bind(EXAMPLE, "assistant", "mock:echo", "prod")

    assert models_of(text, "assistant", "dev") == ["openai:gpt-4o-mini"]


def test_S043_the_first_colon_separates_provider_and_model() -> None:
    text = bind("", "fast", "Ollama:llama3:8b", "default")

    assert '"ollama:llama3:8b"' in text


def test_S045_binding_again_keeps_the_place_of_the_alias() -> None:
    text = bind(EXAMPLE, "fast", "mock:echo", "default")

    assert text == EXAMPLE.replace('models = ["openai:gpt-4o-mini"]', 'models = ["mock:echo"]', 1)


def test_S130_a_model_without_provider_is_rejected() -> None:
    with pytest.raises(InvalidModelReferenceError, match=r"'gpt-4o-mini'.*provider:model"):
        bind(EXAMPLE, "fast", "gpt-4o-mini", "default")


@pytest.mark.parametrize("models", ["", [], "openai:", ":gpt-4o", "openai:gpt,", "open ai:gpt"])
def test_empty_lists_of_models_and_incomplete_references_are_rejected(
    models: str | list[str],
) -> None:
    with pytest.raises(InvalidModelReferenceError):
        bind(EXAMPLE, "fast", models, "default")


@pytest.mark.parametrize("alias", ["", "a b", "a,b", "a\tb", "a\x00", "a\u00a0b"])
def test_aliases_with_spaces_or_commas_are_rejected(alias: str) -> None:
    with pytest.raises(ConfigurationError, match="alias"):
        bind(EXAMPLE, alias, "mock:echo", "default")


@pytest.mark.parametrize("profile", ["", "a\nb"])
def test_invalid_profile_names_are_rejected(profile: str) -> None:
    with pytest.raises(ConfigurationError, match="profile"):
        bind(EXAMPLE, "fast", "mock:echo", profile)


@pytest.mark.parametrize(
    ("alias", "models", "profile"),
    [("\ud800", "a:b", "p"), ("a", "a:\ud800", "p"), ("a", "a:b", "\udc80")],
)
def test_strings_that_utf8_can_not_encode_are_rejected(
    alias: str, models: str, profile: str
) -> None:
    with pytest.raises(ConfigurationError, match="can't be encoded as UTF-8"):
        bind(EXAMPLE, alias, models, profile)


def test_a_multiline_list_keeps_its_layout_and_the_comments_of_kept_models() -> None:
    text = bind(EXAMPLE, "balanced", "mock:echo,openai:gpt-4o,google:gemini-1.5-pro", "default")

    assert text == EXAMPLE.replace(
        '    "anthropic:claude-3-5-sonnet",   # Primary\n', '    "mock:echo",\n'
    )


def test_reordered_models_keep_their_comments() -> None:
    text = bind(EXAMPLE, "balanced", "google:gemini-1.5-pro,openai:gpt-4o", "default")

    assert (
        "models = [\n"
        '    "google:gemini-1.5-pro",           # Second fallback\n'
        '    "openai:gpt-4o"                  # Fallback\n'
        "]\n"
    ) in text


def test_single_quotes_and_padding_of_a_list_are_kept() -> None:
    text = "[[profiles.p.bindings]]\nalias = 'x'\nmodels = [ 'a:b','c:d' ]\n"

    assert bind(text, "x", "c:d,a:b,e:f", "p") == text.replace(
        "[ 'a:b','c:d' ]", """[ 'c:d','a:b',"e:f" ]"""
    )


def test_a_single_string_of_models_becomes_a_list() -> None:
    text = "[[profiles.p.bindings]]\nalias = 'x'\nmodels = 'a:b'  # why\n"

    assert bind(text, "x", "c:d", "p") == text.replace("'a:b'", '["c:d"]')


def test_binding_to_the_same_models_changes_nothing() -> None:
    assert bind(EXAMPLE, "fast", ["OpenAI:gpt-4o-mini"], "default") == EXAMPLE


def test_long_lists_of_models_are_written_one_per_line() -> None:
    models = [f"openai:a-model-with-a-rather-long-name-{number}" for number in range(3)]

    assert 'models = [\n    "openai:a-model' in bind("", "x", models, "default")


def test_a_binding_in_a_list_of_tables_is_added_to_that_list() -> None:
    text = "[profiles.p]\nbindings = [\n  {alias='x', models=['a:b']} # old\n]\n"

    assert bind(text, "y", "c:d", "p") == (
        "[profiles.p]\nbindings = [\n  {alias='x', models=['a:b']}, # old\n"
        '  { alias = "y", models = ["c:d"] }\n]\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "profiles = {}\n",
        "profiles = { p = { } }\n",
        "[profiles]\np = { x-a = 1 }\n",
        "profiles.p.x-a = 1\nversion = '1.0'\n",
        "[profiles]\np.x-a = 1\nq.x-a = 2\n",
        "profiles = { p.bindings = [] }\n",
    ],
)
def test_a_binding_can_be_added_to_a_profile_in_any_form(text: str) -> None:
    assert models_of(bind(text, "y", "c:d", "p"), "y", "p") == ["c:d"]


def test_unbind_removes_the_comments_directly_above() -> None:
    text = bind(EXAMPLE, "quick", "mock:echo", "default")
    commented = text.replace(
        '[[profiles.default.bindings]]\nalias = "quick"',
        ('# Quick one.\n# Really.\n[[profiles.default.bindings]]\nalias = "quick"'),
    )

    assert unbind(commented, "quick", "default") == EXAMPLE


def test_unbind_keeps_a_comment_separated_by_an_empty_line() -> None:
    text = "[profiles.p]\n\n# About p.\n\n[[profiles.p.bindings]]\nalias = 'x'\nmodels = ['a:b']\n"

    assert unbind(text, "x", "p") == "[profiles.p]\n\n# About p.\n"


def test_unbind_keeps_the_comment_at_the_head_of_the_file() -> None:
    text = "# Ours.\n[[profiles.p.bindings]]\nalias = 'x'\nmodels = ['a:b']\n"

    assert unbind(text, "x", "p") == "# Ours.\n"


def test_unbind_removes_the_tables_of_the_binding() -> None:
    text = (
        "[[profiles.p.bindings]]\nalias = 'x'\nmodels = ['a:b']\n\n"
        "[other]\n\n[profiles.p.bindings.policy]\nretries = 3\n"
    ).replace("other", "x-other")

    assert unbind(text, "x", "p") == "[x-other]\n"


def test_a_new_alias_does_not_take_over_the_policy_of_the_one_before() -> None:
    text = (
        "[[profiles.p.bindings]]\nalias = 'x'\nmodels = ['a:b']\n\n"
        "[x-other]\n\n[profiles.p.bindings.policy]\nretries = 3\n"
    )

    assert bind(text, "y", "c:d", "p").startswith(text)


def test_S080_unbinding_what_is_not_bound_is_an_error() -> None:
    with pytest.raises(AliasNotFoundError, match=r"'asistant'.*'assistant'"):
        unbind(EXAMPLE, "asistant", "dev")


def test_the_error_for_unbinding_in_an_unknown_profile_lists_the_profiles() -> None:
    with pytest.raises(ConfigurationError, match="default, dev, prod"):
        unbind(EXAMPLE, "assistant", "qa")


def test_the_error_for_unbinding_an_inherited_alias_names_its_profile() -> None:
    with pytest.raises(AliasNotFoundError, match="unbind deep --profile default"):
        unbind(EXAMPLE + '\n[profiles.qa]\nextends = "default"\n', "deep", "qa")


def test_binding_an_inherited_alias_overrides_it() -> None:
    text = bind(EXAMPLE + '\n[profiles.qa]\nextends = "default"\n', "deep", "mock:echo", "qa")

    assert models_of(text, "deep", "qa") == ["mock:echo"]
    assert models_of(text, "deep", "default") == ["anthropic:claude-opus-4"]


def test_a_file_without_version_and_names_can_be_edited() -> None:
    assert models_of(bind(REGIONS, "fast", "mock:echo", "us-west"), "fast", "us-west") == [
        "mock:echo"
    ]


def test_unknown_keys_are_kept() -> None:
    text = EXAMPLE.replace('alias = "deep"', 'alias = "deep"\nowner = "ops"')

    assert 'owner = "ops"' in bind(text, "deep", "mock:echo", "default")


def test_a_text_that_is_not_a_lockfile_is_not_edited() -> None:
    with pytest.raises(LockfileParseError):
        bind("profiles = 3", "x", "a:b", "default")


def test_lockfile_errors_of_an_edit_are_lockfile_errors() -> None:
    with pytest.raises(LockfileError):
        unbind("a = ", "x", "default")


@pytest.mark.parametrize(
    "named_by", ['default_profile = "base"\n', '[profiles.dev]\nextends = "base"\n']
)
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_a_profile_that_is_named_elsewhere_outlives_its_last_binding(
    named_by: str, eol: str
) -> None:
    text = named_by + '\n# why\n[[profiles.base.bindings]]\nalias = "a"\nmodels = "openai:x"\n'
    text = text.replace("\n", eol)

    after = unbind(text, "a", "base")

    assert after == (named_by + "\n[profiles.base]\n").replace("\n", eol)
    assert parse(after).profiles["base"].bindings == {}
