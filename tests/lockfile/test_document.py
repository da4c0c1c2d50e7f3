from pathlib import Path

import pytest

from llmring.exceptions import (
    InvalidModelReferenceError,
    LockfileParseError,
    LockfileVersionError,
)
from llmring.lockfile.document import Lockfile, ModelRef, parse, references
from lockfile.texts import EXAMPLE, REGIONS


def aliases(lockfile: Lockfile, profile: str = "default") -> list[str]:
    return [*lockfile.profiles[profile].bindings]


def models(lockfile: Lockfile, alias: str, profile: str = "default") -> list[str]:
    return [str(ref) for ref in lockfile.profiles[profile].bindings[alias].models]


def in_default(binding: str) -> str:
    return f"[[profiles.default.bindings]]\n{binding}\n"


def test_S020_a_lockfile_is_toml_1_0() -> None:
    text = 'profiles.default.bindings = [{alias = "a", models = ["x:y"]}] # mixed: [1, "a"]\n'

    assert aliases(parse(text)) == ["a"]


@pytest.mark.parametrize("version", ["1", "1.0", "1.4", "1.0.2"])
def test_S021_every_version_1_is_read(version: str) -> None:
    assert parse(f'version = "{version}"').version == version


@pytest.mark.parametrize("version", ["2", "2.0", "0.9", "", "1.x", "one"])
def test_S021_another_version_is_refused(version: str) -> None:
    with pytest.raises(LockfileVersionError, match=r"^llmring.lock:2:11: .*upgrade llmring"):
        parse(f'\nversion = "{version}"\n', Path("llmring.lock"))


def test_the_error_for_a_version_without_quotes_gives_the_fix() -> None:
    with pytest.raises(LockfileParseError, match=r'is not a string; write version = "1\.0"'):
        parse("version = 1.0")


def test_S022_the_default_profile_is_what_the_file_names() -> None:
    assert parse('default_profile = "prod"').default_profile == "prod"


def test_S023_a_profile_is_a_table_with_a_name() -> None:
    assert [*parse(EXAMPLE).profiles] == ["default", "dev", "prod"]


def test_S024_a_binding_has_an_alias_and_models() -> None:
    assert models(parse(EXAMPLE), "deep") == ["anthropic:claude-opus-4"]


def test_S025_models_over_several_lines_keep_their_order() -> None:
    assert models(parse(EXAMPLE), "balanced") == [
        "anthropic:claude-3-5-sonnet",
        "openai:gpt-4o",
        "google:gemini-1.5-pro",
    ]


def test_S027_an_alias_may_have_a_single_model() -> None:
    assert models(parse(EXAMPLE), "fast") == ["openai:gpt-4o-mini"]


def test_S028_an_alias_may_differ_by_profile() -> None:
    lockfile = parse(EXAMPLE)

    assert models(lockfile, "assistant", "dev") != models(lockfile, "assistant", "prod")


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("default", ["fast", "balanced", "deep"]), ("dev", ["assistant"]), ("prod", ["assistant"])],
)
def test_S029_the_example_loads_with_all_its_aliases(profile: str, expected: list[str]) -> None:
    assert aliases(parse(EXAMPLE), profile) == expected


def test_S030_times_metadata_and_registry_versions_may_be_there() -> None:
    text = (
        'created_at = "2025-01-01T00:00:00"\nupdated_at = 2025-01-01T00:00:00Z\n'
        "[metadata]\nteam = 1\n[profiles.default]\n"
        "[profiles.default.registry_versions]\nopenai = 3\n"
    )

    assert parse(text).warnings == ()


def test_S043_the_model_of_a_reference_may_hold_colons() -> None:
    assert ModelRef.parse("ollama:llama3:8b") == ModelRef("ollama", "llama3:8b")


def test_S087_version_and_default_profile_may_be_missing() -> None:
    lockfile = parse(REGIONS)

    assert (lockfile.version, lockfile.default_profile) == ("1.0", "default")


def test_S088_a_file_without_a_default_profile_loads() -> None:
    assert models(parse(REGIONS), "assistant", "us-west") == ["openai:gpt-4o"]


@pytest.mark.parametrize("name", ["dev", "a-b-testing", "us-west", '"eu central 1.2"', "2026"])
def test_S097_profile_names_are_free(name: str) -> None:
    assert [*parse(f"[profiles.{name}]").profiles] == [name.strip('"')]


def test_S126_a_profile_without_name_has_that_of_its_key() -> None:
    assert parse(REGIONS).profiles["eu-central"].name == "eu-central"


def test_S127_a_file_of_profiles_alone_loads_without_a_warning() -> None:
    assert parse(REGIONS).warnings == ()


def test_provider_names_are_converted_to_lower_case() -> None:
    assert str(ModelRef.parse(" OpenAI:GPT-4o ")) == "openai:GPT-4o"


@pytest.mark.parametrize("text", ["gpt-4o", "openai:", ":gpt-4o", "", "a b:c", "a: b", "a:b\nc"])
def test_a_text_that_is_not_provider_and_model_is_not_a_reference(text: str) -> None:
    with pytest.raises(InvalidModelReferenceError, match='provider:model, such as "openai:gpt'):
        ModelRef.parse(text)


def test_references_in_a_text_are_separated_by_commas() -> None:
    assert references("a:b, c:d") == (ModelRef("a", "b"), ModelRef("c", "d"))


def test_models_may_be_a_single_string() -> None:
    assert models(parse(in_default('alias = "a"\nmodels = "x:y"')), "a") == ["x:y"]


def test_an_unknown_key_is_a_warning_with_place_and_fix() -> None:
    lockfile = parse(in_default('alias = "a"\nmodels = ["x:y"]\nconstraint = {}'))

    assert [problem.render("llmring.lock") for problem in lockfile.warnings] == [
        "llmring.lock:4:1: warning: profiles.default.bindings[0].constraint: a binding has no such "
        "key; did you mean 'constraints'? If not, begin keys of your own with x-"
    ]


@pytest.mark.parametrize(
    "text",
    [
        'x-owner = "ops"',
        '[profiles.default]\nx-owner = "ops"',
        in_default('alias = "a"\nmodels = "x:y"\nx-why = 1'),
        '[extends]\npackages = ["libA"]\nx-y = 1',
        '[profiles.default]\nextends = "dev"\n[profiles.dev]',
        in_default('alias = "a"\nmodels = "x:y"\n[profiles.default.bindings.policy]\nretries = 1'),
        in_default('alias = "a"\nmodels = "x:y"\nneeds = ["vision"]\ntimeout = 2.5'),
        '[profiles.test]\nmode = "replay"',
        '[providers.mine]\nkind = "openai"\nbase_url = "http://localhost:1/v1"',
        '[registry]\npins = { "openai:gpt-4o" = { snapshot = "gpt-4o-2024-08-06" } }',
        '[registry.models]\n"ollama:mine" = { prices = { input = 0, output = 0.5 } }',
    ],
)
def test_known_keys_and_keys_with_x_load_without_a_warning(text: str) -> None:
    assert parse(text).warnings == ()


def test_a_profile_inherits_what_it_does_not_bind_itself() -> None:
    lockfile = parse(
        EXAMPLE.replace('name = "dev"', 'extends = "default"')
        + ('[[profiles.dev.bindings]]\nalias = "deep"\nmodels = ["mock:echo"]\n')
    )

    assert aliases(lockfile, "dev") == ["fast", "balanced", "deep", "assistant"]
    assert models(lockfile, "deep", "dev") == ["mock:echo"]


def test_profiles_inherit_over_several_steps() -> None:
    text = '[profiles.a]\nextends = "b"\n[profiles.b]\nextends = "c"\n[[profiles.c.bindings]]\n'

    assert aliases(parse(f'{text}alias = "x"\nmodels = "m:n"'), "a") == ["x"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a = ", "1:5", "not TOML: Invalid value"),
        ("profiles = 3", "1:12", "profiles: is not a table"),
        ("[profiles]\ndev = 'x'", "2:7", "profiles.dev: is not a table; write [profiles.dev]"),
        ("[profiles.dev]\nbindings = {}", "2:12", "profiles.dev.bindings: is not a list"),
        ("default_profile = 1", "1:19", "default_profile: is not a string"),
        ("[profiles.d]\nbindings = [1]", "2:13", "profiles.d.bindings[0]: is not a table"),
        (in_default('alias = "a"'), "1:1", 'models is missing; add models = ["openai:'),
        (in_default('models = ["x:y"]'), "1:1", 'alias is missing; add alias = "fast"'),
        (in_default('alias = "a"\nmodel = "x:y"'), "1:1", "rename 'model' to 'models'"),
        (in_default('alias = 1\nmodels = "x:y"'), "2:9", "bindings[0].alias: is not a string"),
        (in_default('alias = "a"\nmodels = 1'), "3:10", "models: is not a list of models"),
        (in_default('alias = "a"\nmodels = []'), "3:10", "the list of models is empty"),
        (in_default('alias = "a"\nmodels = ["x:y",\n"gpt"]'), "4:1", "'gpt' is not a model"),
        (in_default('alias = "a"\nmodels = [07:32:00]'), "3:11", "is not a model reference"),
        (in_default('alias = "a b"\nmodels = "x:y"'), "2:9", "an alias can't contain ' '"),
        (in_default('alias = ""\nmodels = "x:y"'), "2:9", "an alias can't be empty"),
        (in_default('alias="a"\nmodels="x:y"') * 2, "5:7", "bound twice in profile 'default'"),
        ('[profiles.a]\nextends = "b"', "2:11", "unknown profile 'b'; name one of: a"),
        ('[profiles.a]\nextends = "a"', "2:11", "profile 'a' extends itself"),
        ('[extends]\npackages = ["lib a"]', "2:13", "is not the name of a package"),
        ("[profiles.a.registry_versions]\nopenai = 0", "2:10", "is not a number from 1"),
        ("[providers]\nmine = 1", "2:8", "providers.mine: is not a table"),
    ],
)
def test_an_error_gives_file_line_column_key_and_fix(text: str, place: str, message: str) -> None:
    with pytest.raises(LockfileParseError) as caught:
        parse(text, Path("llmring.lock"))

    assert str(caught.value).startswith(f"llmring.lock:{place}: ")
    assert message in str(caught.value)
    assert f"{caught.value.line}:{caught.value.column}" == place


def test_the_error_for_a_second_binding_gives_the_line_of_the_first() -> None:
    with pytest.raises(LockfileParseError, match="the first is on line 1"):
        parse(in_default('alias = "a"\nmodels = "x:y"') * 2)


def test_the_first_of_several_errors_is_raised_and_the_others_are_counted() -> None:
    with pytest.raises(LockfileParseError, match=r"^1:19: .*and 1 more"):
        parse("default_profile = 1\nprofiles = 2")


def test_profiles_that_extend_each_other_are_refused() -> None:
    with pytest.raises(LockfileParseError, match="extends itself"):
        parse('[profiles.a]\nextends = "b"\n[profiles.b]\nextends = "a"')
