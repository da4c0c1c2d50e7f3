"""docs/contract.md: its rows and tests exist."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| ([SCG]\d+) \| (.*?) \| (?:`(.+?)`)? ?\| (.+?) \|$", TABLE, re.MULTILINE)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "contract_table", ROOT / "tools" / "contract_table.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_lists_every_row_in_order(tool: ModuleType) -> None:
    assert list(dict.fromkeys(row for row, *_ in LINES)) == list(tool.ROWS)


def test_the_table_lists_no_test_that_does_not_exist(tool: ModuleType) -> None:
    existing = {(each.row, each.test) for each in tool.held()}

    assert [(row, test) for row, _, test, _ in LINES if test and (row, test) not in existing] == []


def test_every_row_has_a_test_or_a_reason_to_have_none(tool: ModuleType) -> None:
    assert tool.uncovered(tool.held()) == []


def test_rows_without_a_test_are_rows_of_the_gateway_and_in_one_list(tool: ModuleType) -> None:
    listed = [row for rows in tool.UNTESTED.values() for row in rows]

    assert len({*listed}) == len(listed)
    assert {*listed} <= {*tool.GATEWAY_ROWS}


def test_a_test_of_the_gateway_names_its_rows_in_lower_case(
    tool: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text("def test_g007_g012_the_list_is_short(): ...\n")

    found = tool.held(tmp_path, tmp_path)

    assert [(each.row, each.words) for each in found] == [
        ("G7", "the list is short"),
        ("G12", "the list is short"),
    ]


def test_no_row_is_both_waiting_and_documentary(tool: ModuleType) -> None:
    assert tool.WAITING.keys() & tool.DOCUMENTARY.keys() == set()


def test_the_table_lists_no_failed_test() -> None:
    assert {result for *_, result in LINES} <= {
        *("passed", "skipped", "documentary", "open", "later"),
        *("waits for the advisor", "waits for the registry"),
    }
