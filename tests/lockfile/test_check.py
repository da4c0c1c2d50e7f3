import pytest

from llmring.lockfile.check import problems
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.file import read
from llmring.lockfile.problem import Problem
from llmring.providers.presets import PRESETS
from llmring.providers.table import PROVIDERS as ALL
from lockfile.texts import EXAMPLE, REGIONS

PROVIDERS = {name: row for name, row in ALL.items() if name not in PRESETS}


def rendered(text: str) -> list[str]:
    return [problem.render("llmring.lock") for problem in problems(text, PROVIDERS)]


def grave(text: str) -> list[str]:
    return [line for line in rendered(text) if ": hint: " not in line]


def binding(models: str, alias: str = "fast", profile: str = "default") -> str:
    return f'[[profiles.{profile}.bindings]]\nalias = "{alias}"\nmodels = {models}\n'


GOOD = binding('["openai:gpt-4o", "anthropic:claude-opus-4"]')


@pytest.mark.parametrize("text", [EXAMPLE, REGIONS, GOOD])
def test_S063_a_good_lockfile_has_no_error_and_no_warning(text: str) -> None:
    assert grave(text) == []


def test_a_good_lockfile_with_one_profile_has_no_hint() -> None:
    assert rendered(GOOD) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = \n", '1:5: error: not TOML: Invalid value; put strings in double quotes, such as "'),
        (
            'version = "9.9"\nfoo = 1',
            "1:11: error: version: this llmring reads versions 1.x",
        ),
        ("version = 1\n" + GOOD, '1:11: error: version: is not a string; write version = "1.0"'),
        (GOOD + GOOD, "5:9: error: profiles.default.bindings[1].alias: alias 'fast' is bound"),
        (binding("[]"), "3:10: error: profiles.default.bindings[0].models: the list of models is"),
        (GOOD + "alais = 1", "4:1: error: profiles.default.bindings[0].alais: a binding has no"),
        (GOOD + "alais = 1", "did you mean 'alias'"),
        ('default_profile = "prd"\n' + GOOD, "1:19: warning: default_profile: unknown profile"),
        (GOOD + '[profiles.dev]\nname = "prod"', "5:8: warning: profiles.dev.name: profile 'dev'"),
        ('version = "1.0"', "1:1: warning: the lockfile has no profile; add [profiles.default]"),
    ],
)
def test_S065_the_structure_is_checked(text: str, line: str) -> None:
    assert line in "\n".join(grave(text))


@pytest.mark.parametrize(
    ("models", "line"),
    [
        (
            '["gpt-4o-mini"]',
            "3:11: error: profiles.default.bindings[0].models[0]: 'gpt-4o-mini' is",
        ),
        ('["openai:"]', "3:11: error: profiles.default.bindings[0].models[0]: 'openai:' is not"),
        ('[\n  "opnai:x"]', "4:3: error: profiles.default.bindings[0].models[0]: unknown provider"),
        ('["opnai:x"]', "unknown provider 'opnai'; did you mean openai:x?"),
        ('["zzz:x"]', "name one of: openai, anthropic, google, ollama, local, mock"),
        (
            '["mock:a", "mock:b",\n "mock:a"]',
            "4:2: warning: profiles.default.bindings[0].models[2]",
        ),
        ('["mock:a",\n "mock:a"]', "mock:a is listed twice; remove one of the two (the first is"),
    ],
)
def test_S066_the_bindings_are_checked(models: str, line: str) -> None:
    assert line in "\n".join(grave(binding(models)))


def test_S067_every_problem_is_listed_in_the_order_of_the_file() -> None:
    text = (
        'default_profile = "defalt"\nfoo = 1\n'
        + binding('["gpt-4o", "opnai:x"]')
        + binding("[]", alias="a b")
    )

    assert [(found.line, found.column) for found in problems(text, PROVIDERS)] == [
        *((1, 19), (2, 1), (5, 11), (5, 21), (7, 9), (8, 10))
    ]


def test_a_file_of_another_version_gets_no_other_errors() -> None:
    assert len(rendered('version = "2.0"\nfoo = 1\n' + binding("[]"))) == 1


def test_S068_models_in_no_catalog_are_neither_errors_nor_warnings() -> None:
    assert grave(binding('["openai:never-heard-of", "google:nor-of-this"]')) == []


def test_S129_an_alias_with_a_single_model_is_a_hint() -> None:
    assert rendered(binding('["openai:gpt-4o"]')) == [
        "llmring.lock:2:9: hint: profiles.default.bindings[0].alias: alias 'fast' has a single "
        "model and no fallback; add a model of another vendor"
    ]


def test_aliases_with_a_single_model_share_one_hint_at_the_first() -> None:
    text = binding('["openai:gpt-4o"]') + binding('["openai:gpt-4o"]', alias="deep")

    hints = [line for line in rendered(text) if "single model" in line]

    assert hints == [
        "llmring.lock:2:9: hint: profiles.default.bindings[0].alias: aliases 'fast', 'deep' have a "
        "single model and no fallback; add a model of another vendor"
    ]


def test_a_profile_that_lacks_aliases_of_others_is_a_hint() -> None:
    text = GOOD + binding('["mock:a", "openai:b"]', alias="deep", profile="dev")

    assert [line.partition(": hint: ")[2].partition(";")[0] for line in rendered(text)] == [
        "profiles.default: profile 'default' lacks aliases of other profiles: deep",
        "profiles.dev: profile 'dev' lacks aliases of other profiles: fast",
    ]


def test_an_inherited_alias_does_not_count_as_missing() -> None:
    assert rendered(f'{GOOD}\n[profiles.dev]\nextends = "default"\n') == []


def test_a_missing_profile_named_default_is_a_hint_if_the_file_names_no_default() -> None:
    assert rendered(REGIONS)[0].startswith(
        "llmring.lock:1:1: hint: profile 'default', the default for calls, is missing"
    )


def test_a_provider_defined_in_the_lockfile_is_known() -> None:
    text = (
        binding('["mine:a", "openai:b"]')
        + '[providers.mine]\nkind = "openai"\nbase_url = "http://h/v1"\n'
    )

    assert rendered(text) == []


def test_an_alias_that_is_read_as_a_model_is_a_warning() -> None:
    assert "is read as a model" in grave(binding('["mock:a"]', alias="openai:gpt-4o"))[0]


def test_an_override_of_a_packages_alias_is_fine() -> None:
    assert grave(binding('["mock:a"]', alias="libA:summarizer")) == []


@pytest.mark.parametrize(
    ("packages", "message"),
    [('["libA", "libA"]', "is listed twice"), ('["openai"]', "is also a provider")],
)
def test_duplicate_packages_and_packages_named_like_a_provider_are_warnings(
    packages: str, message: str
) -> None:
    text = f"{GOOD}\n[extends]\npackages = {packages}\n"

    assert message in grave(text)[0]


def test_a_problem_is_formatted_like_a_compiler_error() -> None:
    problem = Problem(12, 11, "error", "profiles.dev.name", "is wrong", "correct it")

    assert problem.render("llmring.lock") == (
        "llmring.lock:12:11: error: profiles.dev.name: is wrong; correct it"
    )


def test_the_bundled_lockfile_has_no_problem() -> None:
    assert rendered(read(BUNDLED)) == []
