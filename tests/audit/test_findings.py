"""The unmet needs of a lockfile, and of the bindings that packages provide to it."""

from pathlib import Path

import pytest

from cli.lineages import MODELS, lockfile
from cli.terminal import write
from llmring.audit.findings import LockfileFinding, located, unmet_needs, unmet_needs_of_package
from llmring.lockfile import file
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.problem import Fault, Severity

NEEDY = lockfile(default={"fast": ["openai:t-1", "openai:t-2"]})


def read(text: str, path: str = "llmring.lock") -> Lockfile:
    there = write(text, path)
    return parse(file.read(there), there)


def needing(text: str, need: str, table: str = "profiles.default") -> str:
    return text.replace(f"[{table}]", f"[{table}]\n{need}", 1)


def places(found: list[LockfileFinding]) -> list[tuple[str, int, str]]:
    return [(each.file, each.problem.line, each.problem.severity) for each in found]


def fault(*path: str | int, severity: Severity = "warning") -> Fault:
    return Fault(path=path, message="wrong", fix="correct it", severity=severity)


def test_a_model_that_lacks_a_need_of_its_profile_is_found_at_its_line() -> None:
    text = needing(NEEDY, 'needs = ["vision"]')

    [finding] = unmet_needs(read(text))

    assert "openai:t-1 lacks vision" in str(finding.problem)
    assert text.splitlines()[finding.problem.line - 1].startswith("models = ")
    assert finding.counts


def test_a_need_that_cannot_be_judged_is_a_hint_that_does_not_count() -> None:
    [finding] = unmet_needs(
        read(needing(NEEDY.replace("'openai:t-1'", "'mock:a'"), 'needs = ["vision"]'))
    )

    assert (finding.problem.severity, finding.counts) == ("hint", False)


def test_a_lockfile_whose_models_meet_its_needs_has_no_findings() -> None:
    assert unmet_needs(read(needing(NEEDY, 'needs = ["tools"]'))) == []


def both(package: str, consumer: str) -> list[LockfileFinding]:
    """Return the findings for all bindings of a package, provided to a consumer."""
    theirs = read(package, "package.lock")
    bindings = theirs.profiles["default"].bindings.values()
    return unmet_needs_of_package(theirs, bindings, read(consumer, "own.lock"), "default")


def test_an_unmet_need_of_a_packages_binding_is_placed_in_the_package() -> None:
    package = NEEDY.replace("models = [", 'needs = ["vision"]\nmodels = [', 1)

    [finding] = both(package, f"[profiles.default]\n{MODELS}")

    assert finding.file == "package.lock"
    assert package.splitlines()[finding.problem.line - 1].startswith("models = ")


def test_an_unmet_need_of_the_consumers_profile_is_placed_in_the_consumer() -> None:
    found = both(NEEDY, f'[profiles.default]\nneeds = ["vision"]\n{MODELS}')

    assert places(found) == [("own.lock", 2, "warning")]


def test_only_facts_in_the_consumers_lockfile_decide_if_a_package_meets_a_need() -> None:
    able = '[profiles.default]\nneeds = ["vision"]\n'
    facts = "".join(
        f'[registry.models."openai:{name}"]\ncapabilities = ["vision"]\n' for name in ("t-1", "t-2")
    )

    assert both(NEEDY, able + facts) == []
    assert {severity for _, _, severity in places(both(NEEDY, able))} == {"hint"}


def test_faults_are_sorted_by_place_and_reported_once() -> None:
    lockfile = read('version = "1.0"\ndefault_profile = "a"\n')

    found = located(
        lockfile, [fault("default_profile"), fault("version"), fault("default_profile")]
    )

    assert places(found) == [("llmring.lock", 1, "warning"), ("llmring.lock", 2, "warning")]


def test_the_faults_of_a_file_that_cannot_be_read_are_reported_by_key() -> None:
    lockfile = read('version = "1.0"\n')
    Path("llmring.lock").unlink()

    [finding] = located(lockfile, [fault("version")])

    assert finding.problem.key == "version"


def test_a_lockfile_without_a_path_has_no_findings() -> None:
    assert located(parse('version = "1.0"\n'), [fault("version")]) == []


@pytest.mark.parametrize(
    ("severity", "counts"), [("error", True), ("warning", True), ("hint", False)]
)
def test_errors_and_warnings_count_and_hints_do_not(severity: Severity, counts: bool) -> None:
    [finding] = located(read('version = "1.0"\n'), [fault("version", severity=severity)])

    assert finding.counts is counts
    assert finding.as_json["file"] == "llmring.lock"
    assert finding.as_json["severity"] == severity
