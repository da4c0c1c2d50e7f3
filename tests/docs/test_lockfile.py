"""docs/lockfile.md: its tables are complete, and its examples valid."""

import re
from pathlib import Path

import pytest

import llmring.exceptions
from llmring.lockfile.check import problems
from llmring.lockfile.gateway_table import GatewayTable
from llmring.lockfile.schema import gateway_keys, keys
from llmring.lockfile.schema.json_schema import document
from llmring.providers.table import PROVIDERS
from llmring.routing.policy import Policy

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "lockfile.md").read_text(encoding="utf-8")

EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)

TABLES = {
    "### The file": keys.FILE,
    "### `[extends]`": keys.EXTENDS,
    "### `[profiles.NAME]`": keys.PROFILE.keys() - keys.POLICY.keys(),
    "### `[[profiles.NAME.bindings]]`": keys.BINDING.keys() - keys.POLICY.keys(),
    "### Policy": keys.POLICY,
    "### `[providers.NAME]`": keys.PROVIDER,
    "### `[registry.models]`": keys.MODEL,
    "### `[gateway]`": gateway_keys.GATEWAY,
    "#### `[[gateway.keys]]`": gateway_keys.GATEWAY_KEY,
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_lockfile_has_no_errors_or_warnings(text: str) -> None:
    found = problems(text, PROVIDERS)

    assert [problem for problem in found if problem.severity != "hint"] == []


@pytest.mark.parametrize("heading", TABLES)
def test_each_table_lists_exactly_the_keys_of_the_schema(heading: str) -> None:
    section = TEXT.partition(f"\n{heading}\n")[2].partition("\n##")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    listed = [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]

    assert sorted(listed) == sorted(TABLES[heading])


def documented(heading: str) -> dict[str, str]:
    """Return the rows of a table of the page, by their keys."""
    section = TEXT.partition(f"\n{heading}\n")[2].partition("\n##")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `")]
    return {key: row for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_the_gateway_s_keys_are_those_of_the_docs_the_json_schema_and_the_checks() -> None:
    read = set(GatewayTable.__struct_fields__)
    by_schema = document()["properties"]["gateway"]["properties"]
    wrong = "".join(f"{key} = [[]]\n" for key in sorted(read))
    faults = {each.key.partition("[")[0] for each in problems(f"[gateway]\n{wrong}", PROVIDERS)}
    unknown = {each.key for each in problems("[gateway]\nnew_key = 1\n", PROVIDERS)}

    assert set(documented("### `[gateway]`")) == set(by_schema) == set(gateway_keys.GATEWAY) == read
    assert all(by_schema[key]["description"] for key in read)
    # The value of each key is checked.
    assert {f"gateway.{key}" for key in read} <= faults
    assert "gateway.new_key" in unknown


def test_the_gateway_s_keys_of_a_binding_are_marked_as_its_own() -> None:
    rows = documented("### Policy")
    schema = document()["$defs"]["policy"]["properties"]
    read = {name for name in Policy.__struct_fields__ if name in gateway_keys.GATEWAY_POLICY}

    assert read == set(gateway_keys.GATEWAY_POLICY)
    marked = {key for key, row in rows.items() if "For the [gateway](#gateway)" in row}
    described = {key for key, each in schema.items() if "llmring serve" in each["description"]}
    assert marked == described == read
    for key in sorted(read):
        wrong = f'[[profiles.default.bindings]]\nalias = "a"\nmodels = ["mock:a"]\n{key} = []\n'
        assert any(each.key.endswith(f".{key}") for each in problems(wrong, PROVIDERS))


def test_every_error_in_the_table_is_an_instance_of_the_classes_next_to_it() -> None:
    section = TEXT.partition("\n## Errors\n")[2]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", section, re.MULTILINE)
    assert rows

    for name, others in rows:
        classes = {each.__name__ for each in getattr(llmring.exceptions, name).__mro__}
        assert set(re.findall(r"`(\w+)`", others)) <= classes
