"""docs/guides/from-llmring-1.md: it names all that 1.4.0 had and this lacks, and its code runs."""

import re
from pathlib import Path

import pytest

import llmring
from llmring import LLMRing
from llmring.lockfile.document import parse
from llmring.lockfile.edit.bindings import bind

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guides" / "from-llmring-1.md").read_text(encoding="utf-8")
NAMED = {*re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE)))}

# The public names, methods and arguments of the ring, and variables of 1.4.0, one on a line.
LIST = Path(__file__).with_name("llmring-1.4.0.txt").read_text(encoding="utf-8")


def of_1_x(kind: str) -> list[str]:
    return re.findall(rf"^{kind} (\w+)$", LIST, re.MULTILINE)


# As 1.4.0 saves it.
SAVED = """\
version = "1.0"
created_at = "2025-11-30T17:48:32.226206+00:00"
updated_at = "2025-11-30T17:48:32.226287+00:00"
default_profile = "default"

[metadata]
note = "x"

[profiles.default]
name = "default"
[[profiles.default.bindings]]
alias = "fast"
models = [ "openai:gpt-4o-mini", "anthropic:claude-3-5-haiku-20241022",]

[[profiles.default.bindings]]
alias = "my-lib:summarizer"
models = [ "google:gemini-2.5-flash",]

[profiles.prod]
name = "prod"
[[profiles.prod.bindings]]
alias = "deep"
models = [ "anthropic:claude-opus-4-1-20250805",]

[profiles.prod.bindings.constraints]
max_cost = 1
region = "eu"

[profiles.dev]
name = "dev"
bindings = []

[profiles.default.registry_versions]

[profiles.prod.registry_versions]
openai = 3
"""


@pytest.mark.parametrize("name", of_1_x("name"))
def test_a_name_of_1_x_is_still_there_or_on_the_page(name: str) -> None:
    assert name in llmring.__all__ or name in NAMED


@pytest.mark.parametrize("name", of_1_x("method"))
def test_a_method_of_1_x_is_on_the_page_if_it_is_gone(name: str) -> None:
    assert hasattr(LLMRing, name) or name in NAMED


@pytest.mark.parametrize("name", of_1_x("argument") + of_1_x("variable"))
def test_an_argument_or_variable_of_1_x_is_on_the_page(name: str) -> None:
    assert name in NAMED


def test_a_lockfile_of_1_x_loads_without_a_warning() -> None:
    lockfile = parse(SAVED)

    assert lockfile.warnings == ()
    assert [*lockfile.profiles] == ["default", "prod", "dev"]
    assert [*lockfile.profiles["default"].bindings] == ["fast", "my-lib:summarizer"]


def test_an_edit_of_a_lockfile_of_1_x_keeps_all_other_lines() -> None:
    changed = bind(SAVED, "deep", ["anthropic:claude-opus-5-5"], "prod")

    assert changed == SAVED.replace("claude-opus-4-1-20250805", "claude-opus-5-5")


def test_an_alias_of_a_package_that_a_lockfile_of_1_x_binds_is_there() -> None:
    Path("llmring.lock").write_text(SAVED)

    LLMRing().require_aliases(["my-lib:summarizer"])


@pytest.mark.parametrize("page", ["README.md", "docs/guides/from-llmring-1.md"])
def test_a_page_that_shows_how_to_install_it_names_this_version(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    assert {*re.findall(r"llmring-([\d.]+)-py3", text)} == {llmring.__version__}
