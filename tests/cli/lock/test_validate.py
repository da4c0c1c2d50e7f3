import json
import re
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from lockfile.texts import EXAMPLE

GOOD = lockfile_of(default={"fast": ["mock:echo", "mock:fixed?text=Hi"]})

BINDING = '[[profiles.default.bindings]]\nalias = "fast"\n'

BAD = {
    "broken TOML": "[profiles.default\n",
    "another version": 'version = "9.9"\n',
    "a version that is not a string": "version = 1.0\n",
    "a profile that is not a table": "profiles.default = 1\n",
    "no models": BINDING,
    "an empty list of models": BINDING + "models = []\n",
    "models that are not strings": BINDING + "models = [1]\n",
    "a reference without provider": BINDING + 'models = ["gpt-4o-mini"]\n',
    "an unknown provider": BINDING + 'models = ["opnai:gpt-4o"]\n',
    "no alias": '[[profiles.default.bindings]]\nmodels = ["openai:gpt-4o"]\n',
    "an alias bound twice": 2 * (BINDING + 'models = ["openai:gpt-4o"]\n'),
    "a misspelt key": BINDING + 'modles = ["openai:gpt-4o"]\n',
    "a key that no lockfile has": 'tempo = "presto"\n',
    "an unknown parent profile": '[profiles.dev]\nextends = "defualt"\n',
}


def test_S063_a_valid_file_has_no_problems() -> None:
    write(GOOD)

    assert run("lock", "validate") == (0, "", "llmring.lock: no problems\n")


def test_C008_S129_the_example_of_the_contract_is_valid(call: Call) -> None:
    write(EXAMPLE)

    result = call("lock", "validate")

    assert result.code == 0
    assert {line.split(": ")[1] for line in result.out.splitlines()} <= {"warning", "hint"}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_S065_S066_S067_a_bad_file_fails_with_the_place_of_the_error(call: Call, text: str) -> None:
    write(text)

    result = call("lock", "validate")

    assert result.code == 1
    assert re.search(r"^llmring\.lock:\d+:\d+: error: \S", result.out, re.MULTILINE), result.out
    assert re.fullmatch(r"llmring\.lock: \d+ errors?(, .*)?\n", result.err)


def test_S067_every_problem_is_listed(call: Call) -> None:
    write(BINDING + 'models = ["gpt-4o", "opnai:x"]\ntempo = "presto"\n')

    result = call("lock", "validate")

    assert [line.split(": ")[0] for line in result.out.splitlines() if " error: " in line] == [
        *("llmring.lock:3:11", "llmring.lock:3:21", "llmring.lock:4:1")
    ]
    assert result.err.startswith("llmring.lock: 3 errors")


def test_S068_the_result_is_the_same_without_network_and_home(tmp_path: Path) -> None:
    write(BAD["an unknown provider"])
    nowhere = tmp_path / "file"
    nowhere.write_text("")

    result = run("lock", "validate", HOME=str(nowhere / "home"), HTTPS_PROXY="http://127.0.0.1:1")

    assert result.code == 1
    assert "did you mean openai:gpt-4o?" in result.out


def test_S064_the_file_option_selects_the_file(call: Call) -> None:
    write(EXAMPLE)
    Path("path").mkdir()
    write(BAD["another version"], "path/bad.lock")

    result = call("lock", "validate", "--file", "path/bad.lock")

    assert result.code == 1
    assert result.out.startswith(f"{Path('path/bad.lock')}:1:11: error: version: ")


def test_S063_the_variable_selects_the_file(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(GOOD)
    other = write(BAD["another version"], str(tmp_path / "other.lock"))
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(other))

    result = call("lock", "validate")

    assert result.code == 1
    assert result.out.startswith(f"{other}:1:")


@pytest.mark.parametrize("text", [GOOD, *BAD.values()], ids=["a good file", *BAD])
def test_json_contains_everything_that_the_lines_show(call: Call, text: str) -> None:
    path = write(text).resolve()

    lines, data = call("lock", "validate"), call("lock", "validate", "--json")

    result = json.loads(data.out)
    assert (data.code, result["file"]) == (lines.code, str(path))
    assert [
        f"llmring.lock:{problem['line']}:{problem['column']}: {problem['severity']}: "
        for problem in result["problems"]
    ] == [re.match(r"\S+ \w+: ", line)[0] for line in lines.out.splitlines()]  # type: ignore[index]


def test_a_missing_named_file_is_an_error(call: Call) -> None:
    result = call("lock", "validate", "--file", "nope.lock")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert "nope.lock" in result.err


def test_S053_validating_without_a_lockfile_is_an_error(call: Call) -> None:
    result = call("lock", "validate")

    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("llmring: no llmring.lock here; ")


def test_a_binary_file_is_a_one_line_error_with_its_place(call: Call) -> None:
    Path("llmring.lock").write_bytes(b'version = "1.0"\n\xff\n')

    result = call("lock", "validate")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert "llmring.lock:2:1: not UTF-8" in result.err


def test_annotations_use_the_format_of_github_actions(call: Call) -> None:
    write(BAD["a reference without provider"])

    result = call("lock", "validate", "--github")

    assert result.code == 1
    assert result.out.startswith(
        "::error file=llmring.lock,line=3,col=11::profiles.default.bindings[0].models[0]: "
        "'gpt-4o-mini' is not a model reference; write provider:model"
    )


def test_a_hint_becomes_a_github_notice(call: Call) -> None:
    write(BINDING + 'models = ["openai:gpt-4o"]\n')

    result = call("lock", "validate", "--github")

    assert result.code == 0
    assert result.out.startswith("::notice file=llmring.lock,line=2,col=9::")


def test_special_characters_in_an_annotation_are_escaped(call: Call) -> None:
    path = "50%,a:b.lock"
    write('"a\\n%" = 1\n', path)

    result = call("lock", "validate", "--github", "--file", path)

    assert result.out.startswith('::error file=50%25%2Ca%3Ab.lock,line=1,col=1::"a\\n%25": ')
    assert all(line.startswith("::") for line in result.out.splitlines())


def test_annotations_and_json_exclude_each_other(call: Call) -> None:
    write(GOOD)

    assert call("lock", "validate", "--github", "--json").code == 2


def test_C08_warnings_fail_only_with_strict(call: Call) -> None:
    write(EXAMPLE.replace('default_profile = "default"', 'default_profile = "gone"'))

    assert call("lock", "validate").code == 0
    assert call("lock", "validate", "--strict").code == 1


def test_sending_a_vendor_s_key_to_another_address_is_a_warning(call: Call) -> None:
    table = '[providers.openai]\nbase_url = "https://gw.example/v1"\n'
    write(f'{GOOD}{table}api_key_env = "OPENAI_API_KEY"\n')

    result = call("lock", "validate", "--strict")

    assert result.code == 1
    assert "warning: providers.openai.base_url: sends the key in OPENAI_API_KEY to gw" in result.out


def test_where_each_key_goes_is_noted(call: Call) -> None:
    own = 'kind = "openai"\nbase_url = "https://h.example/v1"\napi_key_env = "MINE"\n'
    write(f"{GOOD}[providers.mine]\n{own}")
    effect = "sends the key in MINE to h.example (providers.mine)"

    assert f"llmring.lock: {effect}\n" in call("lock", "validate").err
    assert json.loads(call("lock", "validate", "--json").out)["consent"] == [effect]


def test_an_unmet_need_is_a_warning_and_fails_with_strict(call: Call) -> None:
    blind = "openai:o3-mini"
    write(f'{BINDING}models = ["{blind}", "openai:gpt-6.1-sol"]\nneeds = ["vision"]\n')

    result = call("lock", "validate")

    assert result.code == 0
    assert "llmring.lock:3:11: warning: profiles.default.bindings[0].models[0]:" in result.out
    assert f"{blind} lacks vision" in result.out
    assert "gpt-6.1-sol" not in result.out
    assert call("lock", "validate", "--strict").code == 1


def test_C08_a_retired_model_is_a_warning_and_an_unlisted_one_a_hint(call: Call) -> None:
    write(
        f"[registry.models.'openai:mine']\nretires = 2020-01-01\n{BINDING}"
        'models = ["openai:mine", "openai:unlisted"]\n'
    )

    result = call("lock", "validate")

    assert result.code == 0
    assert "llmring.lock:5:11: warning: profiles.default.bindings[0].models[0]:" in result.out
    assert "openai:mine is retired since 2020-01-01" in result.out
    assert "hint: profiles.default.bindings[0].models[1]: openai:unlisted is in no" in result.out
    assert call("lock", "validate", "--strict").code == 1
