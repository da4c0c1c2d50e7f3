import importlib
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import answers
from cli.terminal import Call, is_plain_error, lockfile_of, run, write

RAISES = "raise RuntimeError('the package was imported')\n"
SUMMARIZER = lockfile_of(
    default={"summarizer": ["openai:gpt-mine", "mock:echo"], "checker": ["mock:a"]}
)
OWN = lockfile_of(default={"fast": ["openai:gpt-mine", "mock:echo"]})

# The findings for `OWN` as it is.
HINTS = (
    "llmring.lock:1:1: hint: registry: is not pinned; pin its models: llmring lock pin\n"
    "llmring.lock:4:11: hint: profiles.default: profile 'default' binds openai, which can't be "
    "called here: no key; set OPENAI_API_KEY\n"
)

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that puts a package on `sys.path` and returns its lockfile's path."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(package: str, text: str | None = SUMMARIZER) -> Path:
        folder = site / package
        folder.mkdir()
        (folder / "__init__.py").write_text(RAISES)
        if text is not None:
            (folder / "llmring.lock").write_text(text)
        importlib.invalidate_caches()
        return folder / "llmring.lock"

    yield put
    assert not {"liba", "libb"} & sys.modules.keys()


def extending(*packages: str, text: str = OWN) -> Path:
    return write(f"{text}\n[extends]\npackages = {list(packages)}\n")


def override(alias: str) -> str:
    return f'{OWN}\n[[profiles.default.bindings]]\nalias = "{alias}"\nmodels = ["mock:mine"]\n'


def test_R44_a_good_package_is_shown_with_its_aliases(call: Call, install: Install) -> None:
    path = install("liba")
    extending("liba")

    assert call("lock", "check") == (
        0,
        f"liba: ok, {path}\n"
        "    liba:summarizer → openai:gpt-mine (+ 1 fallback)\n"
        "    liba:checker → mock:a\n"
        f"fast → openai:gpt-mine (+ 1 fallback)\n{HINTS}",
        "llmring.lock: 1 of 1 package good, 2 extended aliases, 1 local alias in profile default\n",
    )


def test_R44_an_overridden_alias_is_marked(call: Call, install: Install) -> None:
    install("liba")
    extending("liba", text=override("liba:checker"))

    result = call("lock", "check")

    assert "    liba:checker → mock:mine, overridden here\n" in result.out
    assert result.code == 0
    assert "    liba:checker → mock:a\n" not in result.out
    assert "\nliba:checker →" not in result.out


def test_R44_a_package_that_is_not_installed_is_exit_code_1(call: Call, install: Install) -> None:
    install("liba")
    extending("liba", "nolib")

    result = call("lock", "check")

    assert result.code == 1
    assert "\nnolib: not installed; install its distribution, or remove it from" in result.out
    assert result.err.startswith("llmring.lock: 1 of 2 packages good, 2 extended aliases")


def test_R44_a_package_without_a_lockfile_is_exit_code_1(call: Call, install: Install) -> None:
    install("liba", None)
    extending("liba")

    result = call("lock", "check")

    assert result.code == 1
    assert result.out.startswith("liba: no lockfile; installed, but without a lockfile; ")


def test_R44_a_package_with_a_bad_lockfile_is_exit_code_1_with_the_place(
    call: Call, install: Install
) -> None:
    path = install("liba", "fast = \n")
    extending("liba")

    result = call("lock", "check")

    assert result.code == 1
    assert result.out.startswith(f"liba: bad lockfile; {path}:1:8: not TOML")


def test_a_distribution_name_gets_its_import_name_suggested(call: Call, install: Install) -> None:
    info = install("fancy").parents[1] / "FancyLib-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: FancyLib\nVersion: 1.0\n")
    (info / "RECORD").write_text("fancy/__init__.py,,\n")
    extending("FancyLib")

    result = call("lock", "check")

    assert result.code == 1
    assert "FancyLib is the name of a distribution; list its import name: fancy\n" in result.out


def test_a_lockfile_without_packages_passes(call: Call) -> None:
    write(OWN)

    result = call("lock", "check")

    assert (result.code, result.out) == (0, f"fast → openai:gpt-mine (+ 1 fallback)\n{HINTS}")
    assert result.err.startswith("llmring.lock: no packages, 1 alias in profile")


# Not the name of an SDK that other tests import.
@pytest.mark.parametrize("package", ["perplexity", "OpenAI"])
def test_a_package_named_like_a_provider_is_a_warning(
    call: Call, install: Install, package: str
) -> None:
    install(package)
    extending(package)

    result = call("lock", "check")

    assert result.code == 0
    assert f"warning: {package} is also the name of a provider" in result.err


def test_an_override_of_an_alias_the_package_lacks_is_a_warning(
    call: Call, install: Install
) -> None:
    install("liba")
    extending("liba", text=override("liba:sumarizer"))

    result = call("lock", "check")

    assert "warning: liba:sumarizer is bound here, but liba has no such alias" in result.err
    assert "did you mean liba:summarizer?" in result.err


def test_a_package_that_extends_another_is_a_warning(call: Call, install: Install) -> None:
    install("liba", SUMMARIZER + '[extends]\npackages = ["libb"]\n')
    extending("liba")

    assert "warning: liba extends libb, which is ignored here" in call("lock", "check").err


def test_the_active_profile_is_checked(
    call: Call, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("liba", lockfile_of(default={"a": ["mock:a"]}, dev={"b": ["mock:b"]}))
    extending("liba", text=lockfile_of(default={}, dev={"fast": ["mock:dev"]}))
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    result = call("lock", "check")

    assert "    liba:b → mock:b\nfast → mock:dev\n" in result.out
    assert result.err.endswith(" in profile dev\n")


def test_json_contains_the_whole_check(call: Call, install: Install) -> None:
    path = install("liba")
    own = extending("liba", "nolib", text=override("liba:checker"))

    result = call("lock", "check", "--json")

    assert result.code == 1
    plain = json.loads(result.out)
    assert {finding["severity"] for finding in plain.pop("findings")} == {"hint"}
    assert plain == {
        "file": str(own.resolve()),
        "profile": "default",
        "packages": [
            {
                "name": "liba",
                "state": "ok",
                "lockfile": str(path),
                "aliases": {
                    "liba:summarizer": ["openai:gpt-mine", "mock:echo"],
                    "liba:checker": ["mock:a"],
                },
                "overridden": ["liba:checker"],
                "trouble": None,
            },
            {
                "name": "nolib",
                "state": "not installed",
                "lockfile": None,
                "aliases": {},
                "overridden": [],
                "trouble": "install its distribution, or remove it from [extends]: import nolib "
                "finds nothing",
            },
        ],
        "warnings": [],
        "local_aliases": ["fast", "liba:checker"],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "llmring: no llmring.lock here to check"),
        ("fast = \n", ":1:8: not TOML"),
        ('version = "9.9"\n', "this llmring reads versions 1.x, not '9.9'"),
        (f'{OWN}[extends]\npackages = ["lib a"]\n', ":10:13: extends.packages[0]: 'lib a' is not"),
    ],
    ids=["none", "no TOML", "another version", "an invalid name"],
)
def test_R44_a_missing_or_bad_lockfile_is_exit_code_2(
    call: Call, text: str | None, message: str
) -> None:
    if text is not None:
        write(text)

    result = call("lock", "check")

    assert (result.code, result.out) == (2, "")
    assert is_plain_error(result.err)
    assert message in result.err


def test_R44_a_named_file_that_is_missing_is_exit_code_2(call: Call) -> None:
    assert call("lock", "check", "--file", "nothing.lock").code == 2


def test_a_profile_missing_in_the_lockfile_is_exit_code_2(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(OWN)
    monkeypatch.setenv("LLMRING_PROFILE", "dve")

    assert call("lock", "check").code == 2


@pytest.mark.parametrize(
    "words", [["--file", "a", "--package", "b"], ["--package", "b", "--wheel", "c"]]
)
def test_file_package_and_wheel_exclude_each_other(call: Call, words: list[str]) -> None:
    assert call("lock", "check", *words).code == 2


# Lockfiles shipped in packages and wheels.


def wheel(**files: str) -> str:
    """Write a wheel with these files."""
    with zipfile.ZipFile("lib-1.0-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return "lib-1.0-py3-none-any.whl"


def test_C17_an_installed_package_that_ships_its_lockfile_is_good(
    call: Call, install: Install
) -> None:
    path = install("liba")

    assert call("lock", "check", "--package", "liba") == (
        0,
        f"liba: ok, {path}: summarizer, checker\n",
        "",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "liba: has no llmring.lock next to its __init__.py; hatchling ships"),
        ("fast = \n", ":1:8: not TOML"),
    ],
)
def test_C17_an_installed_package_without_its_lockfile_is_exit_code_1(
    call: Call, install: Install, text: str | None, message: str
) -> None:
    install("liba", text)

    result = call("lock", "check", "--package", "liba")

    assert (result.code, result.out) == (1, "")
    assert message in result.err


def test_C17_a_package_that_is_not_installed_is_exit_code_1(call: Call) -> None:
    result = call("lock", "check", "--package", "nolib")

    assert (result.code, result.err) == (1, "nolib: is not installed here; give its import name\n")


@pytest.mark.parametrize(
    ("files", "place"),
    [
        (["lib/__init__.py", "lib/llmring.lock"], "lib/llmring.lock"),
        (["acme/lib/__init__.py", "acme/lib/llmring.lock"], "acme/lib/llmring.lock"),
        (["lib/__init__.cpython-311-x86_64-linux-gnu.so", "lib/llmring.lock"], "lib/llmring.lock"),
        (
            ["lib-1.0.data/purelib/lib/__init__.py", "lib-1.0.data/purelib/lib/llmring.lock"],
            "lib/llmring.lock",
        ),
        (["aa/__init__.py", "lib/__init__.py", "lib/llmring.lock"], "lib/llmring.lock"),
    ],
    ids=["a package", "in a namespace", "compiled", "under purelib", "one of two packages"],
)
def test_C17_a_wheel_that_ships_its_lockfile_is_good(
    call: Call, files: list[str], place: str
) -> None:
    path = wheel(**dict.fromkeys(files, SUMMARIZER))

    assert call("lock", "check", "--wheel", path) == (
        0,
        f"{path}: ok, {place}: summarizer, checker\n",
        "",
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["lib/__init__.py"], "has no lib/llmring.lock; hatchling ships llmring.lock if"),
        (["lib/__init__.py"], '[tool.setuptools.package-data] "lib" = ["*.lock"]'),
        (["lib/__init__.py", "llmring.lock"], "has no lib/llmring.lock, only llmring.lock;"),
        (
            ["lib/__init__.py", "lib/x/__init__.py", "lib/x/llmring.lock"],
            "only lib/x/llmring.lock;",
        ),
        (["src/lib/__init__.py", "src/lib/llmring.lock"], 'packages = ["src/lib"]'),
        (["lib.py", "llmring.lock"], "contains no package"),
    ],
)
def test_C17_a_wheel_without_its_lockfile_is_exit_code_1_with_the_fix(
    call: Call, files: list[str], message: str
) -> None:
    result = call("lock", "check", "--wheel", wheel(**dict.fromkeys(files, "")))

    assert (result.code, result.out) == (1, "")
    assert message in result.err


def test_a_wheel_with_a_bad_lockfile_reports_the_place_of_the_error(call: Call) -> None:
    path = wheel(**{"lib/__init__.py": "", "lib/llmring.lock": "a = \n"})

    result = call("lock", "check", "--wheel", path)

    assert result.code == 1
    assert result.err.startswith(f"{path}: lib/llmring.lock:1:5: not TOML")


def test_a_file_that_is_not_a_wheel_is_a_plain_error(call: Call) -> None:
    write("no zip", "lib.whl")

    for path in ("lib.whl", "nothing.whl"):
        result = call("lock", "check", "--wheel", path)
        assert result.code == 1
        assert is_plain_error(result.err)


def test_json_describes_the_shipped_lockfile(call: Call, install: Install) -> None:
    path = install("liba")

    assert json.loads(call("lock", "check", "--package", "liba", "--json").out) == {
        "subject": "liba",
        "lockfile": str(path),
        "aliases": ["summarizer", "checker"],
        "trouble": None,
    }


NEEDY = (
    '[profiles.default]\n[[profiles.default.bindings]]\nalias = "fast"\n'
    'models = ["openai:gpt-3.5-turbo", "openai:gpt-4o"]\n{}\n'
)


def test_a_model_that_lacks_a_needed_capability_is_a_finding(call: Call) -> None:
    write(NEEDY.format('needs = ["vision"]'))

    result = call("lock", "check")

    assert result.code == 1
    assert (
        "llmring.lock:4:11: warning: profiles.default.bindings[0].models[0]: "
        "openai:gpt-3.5-turbo lacks vision" in result.out
    )


def test_a_model_missing_in_the_catalog_is_only_a_hint(call: Call) -> None:
    write(
        NEEDY.format('needs = ["vision"]')
        .replace("gpt-3.5-turbo", "gpt-new")
        .replace("gpt-4o", "gpt-mine")
    )

    result = call("lock", "check")

    assert result.code == 0
    assert "whether openai:gpt-new has vision" in result.out


def test_an_unmet_need_of_a_package_is_located_in_its_own_lockfile(
    call: Call, install: Install
) -> None:
    path = install("liba", NEEDY.format('needs = ["vision"]'))
    extending("liba")

    result = call("lock", "check", "--json")

    findings = json.loads(result.out)["findings"]
    [finding] = [each for each in findings if each["severity"] != "hint"]
    assert (result.code, finding["file"], finding["line"]) == (1, str(path), 4)


def test_needs_of_the_user_s_profile_apply_to_aliases_of_packages(
    call: Call, install: Install
) -> None:
    install("liba", NEEDY.format(""))
    own = extending("liba", text='[profiles.default]\nneeds = ["vision"]\n')

    result = call("lock", "check", "--json")

    [finding] = json.loads(result.out)["findings"]
    assert (result.code, Path(finding["file"]).name, finding["line"]) == (1, own.name, 2)


def test_an_overridden_alias_is_not_checked(call: Call, install: Install) -> None:
    install("liba", NEEDY.format('needs = ["vision"]'))
    extending("liba", text=override("liba:fast"))

    assert call("lock", "check").code == 0


DRIFTED = lockfile_of(default={"fast": ["openai:gpt-mine", "mock:echo"]})
RETIRED = '\n[registry.models."openai:gpt-mine"]\nretires = 2020-01-01\n'


def test_a_retired_model_fails_the_check(call: Call) -> None:
    write(DRIFTED + RETIRED)

    result = call("lock", "check")

    assert result.code == 1
    assert (
        "error: profiles.default.bindings[0].models[0]: openai:gpt-mine was retired on 2020-"
        in (result.out)
    )


def test_a_price_rise_is_reported_with_its_effect_on_last_month(
    call: Call, openai: Callable[..., object]
) -> None:
    openai()
    run("chat", "Hello", "--model", "solo")
    call("lock", "pin")
    path = Path("llmring.lock")
    prices = '[registry.models."openai:gpt-4o-mini"]\nprices = { input = 100, output = 200 }\n'
    path.write_text(f"{path.read_text()}\n{prices}")

    result = call("lock", "check")

    assert result.code == 1
    assert (
        "openai:gpt-4o-mini costs more than when it was pinned, in USD per million tokens: "
        "input $0.15 → $100.00; output $0.60 → $200.00; cached input $0.07"
    ) in result.out
    assert "the last 30 days' 1 call would have cost $0.0000027 then and $0.0014 now" in result.out


def test_the_served_model_recorded_in_the_ledger_is_pinned(
    call: Call, openai: Callable[..., object]
) -> None:
    openai(answers.openai(model="gpt-4o-mini-2099-01-01"))
    run("chat", "Hello", "--model", "solo")

    assert "openai:gpt-4o-mini → gpt-4o-mini-2099-01-01:" in call("lock", "pin").out


def test_hints_alone_do_not_fail_the_check(call: Call) -> None:
    write(DRIFTED)

    result = call("lock", "check")

    assert result.code == 0
    assert "hint: registry: is not pinned; pin its models: llmring lock pin" in result.out


@pytest.mark.parametrize("option", ["--ci", "--github"])
def test_ci_prints_findings_as_annotations(call: Call, install: Install, option: str) -> None:
    extending("nolib", text=DRIFTED + RETIRED)

    result = call("lock", "check", option)

    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0].startswith(
        "::error file=llmring.lock,line=14,col=13::extends.packages[0]: nolib:"
    )
    assert any(line.startswith("::error file=llmring.lock,line=8,col=11::") for line in lines)
    assert all(line.startswith("::") for line in lines)


def test_ci_annotates_the_error_of_a_bad_lockfile(call: Call) -> None:
    write('version = "1.0"\nprofiles = 7\n')

    result = call("lock", "check", "--ci")

    assert result.code == 2
    assert result.out.startswith("::error file=llmring.lock,line=2,col=12::")
