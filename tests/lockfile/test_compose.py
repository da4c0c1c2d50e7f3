"""Lockfiles of packages, tested with real packages on `sys.path`."""

import importlib
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmring.exceptions import (
    AliasNotFoundError,
    ConfigurationError,
    InvalidModelReferenceError,
    LockfileParseError,
    ProviderNotFoundError,
)
from llmring.lockfile.check import problems
from llmring.lockfile.compose import (
    Packages,
    Resolved,
    is_in_package,
    is_installed,
    locate,
    locate_around,
    look_up,
)
from llmring.lockfile.document import ModelRef, parse
from llmring.providers.table import PROVIDERS as ALL

PROVIDERS = {name: ALL[name] for name in ("openai", "anthropic", "mock")}

# The code of a package that must not be imported.
RAISES = "raise RuntimeError('the package was imported')\n"


def profile(name: str = "default", **aliases: str) -> str:
    """Write a profile in which each alias has one model; `__` in an alias becomes a colon."""
    lines = [f"[profiles.{name}]"]
    for alias, model in aliases.items():
        lines += [f"[[profiles.{name}.bindings]]", f'alias = "{alias.replace("__", ":")}"']
        lines += [f'models = ["{model}"]']
    return "\n".join([*lines, ""])


def extending(*packages: str) -> str:
    return f"[extends]\npackages = {list(packages)}\n"


Install = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a folder on `sys.path`; its modules are unloaded after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in {each for each in sys.modules if not each.startswith("llmring")} - before:
        del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Install:
    """Provide a function that writes a package and returns the path of its lockfile."""

    def write(package: str, text: str | None = None, code: str | None = RAISES) -> Path:
        folder = site.joinpath(*package.split("."))
        folder.mkdir(parents=True)
        if code is not None:
            (folder / "__init__.py").write_text(code)
        if text is not None:
            (folder / "llmring.lock").write_text(text)
        importlib.invalidate_caches()
        return folder / "llmring.lock"

    return write


def found(name: str, consumer: str, in_profile: str = "default") -> Resolved:
    return look_up(name, parse(consumer), in_profile, PROVIDERS, Packages())


def models(name: str, consumer: str, in_profile: str = "default") -> list[str]:
    return list(map(str, found(name, consumer, in_profile).models))


def test_a_lockfile_is_found_without_importing_its_package(install: Install) -> None:
    path = install("liba", profile(), RAISES)

    assert locate("liba") == path
    assert "liba" not in sys.modules


def test_the_lockfile_of_a_loaded_package_is_found_wherever_it_was_loaded_from(
    install: Install, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install("liba", profile(), "")
    importlib.import_module("liba")
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each != str(site)])

    assert locate("liba") == path


def test_a_lockfile_in_any_part_of_a_namespace_is_found(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other" / "acme").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "other")

    path = install("acme", profile(), code=None)

    assert locate("acme") == path


@pytest.mark.parametrize("package", ["acme.liba", "acme.tools.liba"])
def test_a_package_in_a_namespace_is_found_without_its_code(install: Install, package: str) -> None:
    path = install(package, profile(), RAISES)

    assert locate(package) == path


def test_a_package_in_a_package_is_found_without_the_code_of_either(install: Install) -> None:
    install("liba", None, RAISES)
    path = install("liba.sub", profile(), RAISES)

    assert locate("liba.sub") == path


def test_a_plain_folder_in_a_package_is_not_a_package(install: Install) -> None:
    install("liba", None, RAISES)
    install("liba.data", profile(), code=None)

    assert locate("liba.data") is None


def test_an_editable_install_is_found_through_its_pth_file(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import site as python_site

    path = install("src.liba", profile(), RAISES)
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "liba.pth").write_text(f"{path.parent.parent}\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    python_site.addsitedir(str(folder))

    assert locate("liba") == path


@pytest.mark.parametrize("name", ["nolib", "no-lib", "", ".", "json.", "..json"])
def test_a_name_that_can_t_be_imported_is_not_installed(name: str) -> None:
    assert (is_installed(name), locate(name)) == (False, None)


def test_a_package_without_a_lockfile_is_installed(install: Install) -> None:
    install("liba")

    assert (is_installed("liba"), locate("liba")) == (True, None)


def test_a_single_file_module_has_no_lockfile(site: Path) -> None:
    (site / "single.py").write_text(RAISES)
    (site / "llmring.lock").write_text(profile())
    importlib.invalidate_caches()

    assert (is_installed("single"), locate("single")) == (True, None)


def test_a_loaded_module_without_a_spec_is_searched_on_disk(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    import types

    path = install("liba", profile())
    monkeypatch.setitem(sys.modules, "liba", types.ModuleType("liba"))

    assert locate("liba") == path


def test_the_lockfile_of_a_package_in_a_zip_archive_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "libs.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("liba/__init__.py", RAISES)
        writer.writestr("liba/llmring.lock", profile(summarizer="mock:echo"))
        writer.writestr("libb/__init__.py", RAISES)
    monkeypatch.syspath_prepend(archive)

    lockfile = Packages().lockfile("liba")

    assert lockfile is not None
    assert lockfile.path == archive / "liba" / "llmring.lock"
    assert models("liba:summarizer", extending("liba")) == ["mock:echo"]
    assert Packages().lockfile("libb") is None


@pytest.mark.parametrize("module", ["liba", "liba.core", "liba.deep.er", "liba.__main__"], ids=str)
def test_the_lockfile_around_a_module_is_that_of_its_top_level_package(
    install: Install, module: str
) -> None:
    path = install("liba", profile())

    assert locate_around(module) == path


def test_the_lockfile_around_a_module_of_a_namespace_is_that_of_its_package(
    install: Install,
) -> None:
    path = install("acme.liba", profile())
    install("acme.liba.inner", profile())

    assert locate_around("acme.liba.inner.core") == path


@pytest.mark.parametrize("module", ["__main__", "json.decoder", "", "liba.core"])
def test_a_module_may_have_no_lockfile_around_it(module: str) -> None:
    assert locate_around(module) is None


def test_the_alias_of_a_listed_package_is_found(install: Install) -> None:
    install("liba", profile(summarizer="openai:gpt-4o"))

    resolved = found("liba:summarizer", extending("liba"))

    assert (resolved.models, resolved.alias) == (
        (ModelRef("openai", "gpt-4o"),),
        "liba:summarizer",
    )


def test_the_consumer_s_policy_overrides_that_of_the_package(
    install: Install,
) -> None:
    alias = '[[profiles.default.bindings]]\nalias = "x"\nmodels = ["mock:a"]\n'
    install("liba", f"{alias}retries = 5\ntimeout = 9\n")
    consumer = extending("liba") + "[profiles.default]\ntimeout = 3\n"

    lent, own = found("liba:x", consumer).policy

    assert (lent, own) == ({"retries": 5, "timeout": 9}, {"timeout": 3})


def test_faults_and_recordings_of_a_package_do_not_apply_to_its_consumers(install: Install) -> None:
    alias = '[[profiles.default.bindings]]\nalias = "x"\nmodels = ["mock:a"]\n'
    install("liba", f"{alias}faults = [{{ status = 429 }}]\n")

    assert found("liba:x", extending("liba")).policy[0] == {}


def test_a_binding_of_the_consumer_comes_before_the_package_s(install: Install) -> None:
    install("liba", profile(summarizer="openai:gpt-4o"))
    consumer = extending("liba") + profile(liba__summarizer="mock:mine")

    assert models("liba:summarizer", consumer) == ["mock:mine"]


def test_an_override_counts_only_in_its_own_profile(install: Install) -> None:
    install("liba", profile(summarizer="openai:gpt-4o"))
    consumer = extending("liba") + profile() + profile("dev", liba__summarizer="mock:mine")

    assert models("liba:summarizer", consumer, "default") == ["openai:gpt-4o"]
    assert models("liba:summarizer", consumer, "dev") == ["mock:mine"]


def test_an_override_works_without_the_package_installed() -> None:
    consumer = extending("nolib") + profile(nolib__summarizer="mock:mine")

    assert models("nolib:summarizer", consumer) == ["mock:mine"]


@pytest.mark.parametrize(("in_profile", "model"), [("dev", "mock:dev"), ("prod", "mock:usual")])
def test_the_package_s_profile_of_the_same_name_is_used_or_else_its_default(
    install: Install, in_profile: str, model: str
) -> None:
    text = 'default_profile = "usual"\n' + profile("usual", summarizer="mock:usual")
    install("liba", text + profile("dev", summarizer="mock:dev"))
    consumer = extending("liba") + profile("dev") + profile("prod")

    assert models("liba:summarizer", consumer, in_profile) == [model]


def test_a_profile_of_the_package_that_lacks_the_alias_does_not_fall_back(
    install: Install,
) -> None:
    install("liba", profile(summarizer="mock:echo") + profile("dev"))

    with pytest.raises(AliasNotFoundError, match=r"profile 'dev' in .* does not bind 'summarizer'"):
        found("liba:summarizer", extending("liba") + profile("dev"), "dev")


@pytest.mark.parametrize("listed", ["my-lib", "my_lib"])
@pytest.mark.parametrize("called", ["my-lib", "my_lib"])
def test_a_package_is_also_known_by_the_name_of_its_distribution(
    install: Install, listed: str, called: str
) -> None:
    install("my_lib", profile(a="mock:theirs"))

    assert models(f"{called}:a", extending(listed) + profile()) == ["mock:theirs"]


def test_an_override_counts_for_both_names_of_a_package(install: Install) -> None:
    install("my_lib", profile(a="mock:theirs"))

    consumer = extending("my_lib") + profile(my_lib__a="mock:mine")
    assert models("my-lib:a", consumer) == ["mock:mine"]


def test_a_package_listed_under_both_names_is_a_warning() -> None:
    found = problems(extending("my_lib", "my-lib") + profile(), PROVIDERS)

    assert ("warning", "'my-lib' is listed twice") in [(p.severity, p.message) for p in found]


def test_a_name_without_a_colon_never_comes_from_a_package(install: Install) -> None:
    install("liba", profile(summarizer="openai:gpt-4o"))

    with pytest.raises(AliasNotFoundError, match="has no alias 'summarizer'"):
        found("summarizer", extending("liba") + profile())


@pytest.mark.parametrize("name", ["liba:libb:deep", "libb:deep"])
def test_packages_extended_by_a_package_are_not_followed(install: Install, name: str) -> None:
    install("libb", profile(deep="openai:gpt-4o"))
    install("liba", extending("libb") + profile())

    with pytest.raises((AliasNotFoundError, ProviderNotFoundError)):
        found(name, extending("liba"))


def test_a_model_is_not_reached_through_a_package(install: Install) -> None:
    install("liba", profile())

    with pytest.raises(AliasNotFoundError, match="does not bind 'openai:gpt-4o'"):
        found("liba:openai:gpt-4o", extending("liba"))


@pytest.mark.parametrize("name", ["openai:chat", "OpenAI:chat"])
def test_a_provider_comes_before_a_package_of_the_same_name(install: Install, name: str) -> None:
    install("openai", profile(chat="mock:echo"))
    consumer = extending("openai", "OpenAI") + profile(openai__chat="mock:mine")

    resolved = found(name, consumer)

    assert (resolved.models, resolved.alias) == ((ModelRef("openai", "chat"),), None)


def test_a_provider_of_the_lockfile_s_own_comes_before_a_package(install: Install) -> None:
    install("mine", profile(chat="mock:echo"))
    consumer = extending("mine") + '[providers.Mine]\nbase_url = "http://127.0.0.1:1/v1"\n'

    resolved = found("mine:chat", consumer)

    assert (resolved.models, resolved.alias) == ((ModelRef("mine", "chat"),), None)


@pytest.mark.parametrize("package", ["openai", "OpenAI"])
def test_a_package_of_a_provider_s_name_is_a_warning(package: str) -> None:
    [problem] = [p for p in problems(extending(package) + profile(), PROVIDERS) if "also" in str(p)]

    assert problem.severity == "warning"


def test_the_case_of_a_package_s_name_counts(install: Install) -> None:
    install("libA", profile(summarizer="mock:echo"))

    assert models("libA:summarizer", extending("libA")) == ["mock:echo"]
    with pytest.raises(ProviderNotFoundError, match="did you mean libA:summarizer"):
        found("liba:summarizer", extending("libA"))


@pytest.mark.parametrize(
    "message",
    [
        "unknown provider 'libX'",
        "the lockfile extends no package 'libX'",
        r'\[extends\] packages = \["libX"\]',
        "providers are: openai, anthropic, mock",
    ],
)
def test_the_error_for_an_unlisted_package_explains_how_to_list_it(
    install: Install, message: str
) -> None:
    install("libX", profile(sum="mock:echo"))

    with pytest.raises(ProviderNotFoundError, match=message):
        found("libX:sum", profile())


def test_the_error_for_a_mistyped_provider_suggests_the_right_one() -> None:
    with pytest.raises(ProviderNotFoundError, match="did you mean openai:gpt-4o"):
        found("opneai:gpt-4o", profile())


@pytest.mark.parametrize("name", [":x", "libx:", "a b:x"])
def test_a_colon_alone_does_not_make_a_model_reference(name: str) -> None:
    with pytest.raises(InvalidModelReferenceError, match="is not a model reference"):
        found(name, profile())


def test_the_error_for_a_listed_package_that_is_not_installed_says_so() -> None:
    with pytest.raises(AliasNotFoundError, match="'nolib', which the lockfile extends, is not in"):
        found("nolib:x", extending("nolib"))


def test_the_error_for_a_listed_package_without_a_lockfile_says_so(install: Install) -> None:
    install("liba")

    with pytest.raises(AliasNotFoundError, match=r"'liba', .*, has no llmring\.lock"):
        found("liba:x", extending("liba"))


def test_the_error_for_a_mistyped_alias_of_a_package_suggests_the_right_one(
    install: Install,
) -> None:
    install("liba", profile(summarizer="mock:echo"))

    with pytest.raises(AliasNotFoundError, match="did you mean liba:summarizer"):
        found("liba:sumarizer", extending("liba"))


def test_a_bad_lockfile_of_a_package_is_an_error_with_its_place(install: Install) -> None:
    path = install("liba", "[profiles.default]\nbindings = 1\n")

    with pytest.raises(LockfileParseError) as caught:
        found("liba:x", extending("liba"))

    assert (caught.value.path, caught.value.line) == (path, 2)


def test_a_profile_that_the_consumer_lacks_is_an_error(install: Install) -> None:
    install("liba", profile("dev", summarizer="mock:echo"))

    with pytest.raises(ConfigurationError, match="unknown profile 'dev'"):
        found("liba:summarizer", extending("liba") + profile(), "dev")


def test_a_changed_lockfile_of_a_package_is_noticed(install: Install) -> None:
    path = install("liba", profile(a="mock:echo"))
    packages = Packages()
    packages.lockfile("liba")
    path.write_text(profile(b="mock:echo"))

    lockfile = packages.lockfile("liba")

    assert lockfile is not None
    assert list(lockfile.profiles["default"].bindings) == ["b"]


def test_a_package_that_is_installed_later_is_found(site: Path) -> None:
    packages = Packages()
    before = packages.lockfile("liba")
    looked_like = site.stat().st_mtime_ns
    (site / "liba").mkdir()
    (site / "liba" / "llmring.lock").write_text(profile())
    # Simulate an install within one tick of the file system's clock.
    os.utime(site, ns=(looked_like, looked_like))
    too_early = packages.lockfile("liba")
    packages.forget()

    assert (before, too_early, packages.lockfile("liba") is None) == (None, None, False)


def test_a_file_lies_in_a_package_once_the_package_is_imported(install: Install) -> None:
    path = install("lib", profile(), code="")
    assert not is_in_package(path)

    importlib.import_module("lib")

    assert is_in_package(path)
    assert is_in_package(path.parent / "data" / "other.lock")
    assert not is_in_package(path.parent.parent / "llmring.lock")


def test_the_folder_of_a_namespace_is_not_that_of_a_package(install: Install) -> None:
    path = install("space.lib", profile(), code="")
    importlib.import_module("space.lib")

    assert is_in_package(path)
    assert not is_in_package(path.parent.parent / "llmring.lock")
