"""The table of what was tried against the guards."""

from pathlib import Path

from chaos.report import save
from chaos.threats import PAGE, ROOT, Guard, guards, table, tried

RELIABILITY = ROOT / "docs" / "reliability.md"


def test_every_threat_of_the_page_has_tests_that_exist() -> None:
    found = guards(PAGE.read_text(encoding="utf-8"))

    rows = PAGE.read_text(encoding="utf-8").count("\n| ") - 1
    assert len(found) == rows
    assert all((ROOT / each).is_file() for guard in found for each in guard.tests)


def test_the_tests_of_a_guard_are_run_and_counted() -> None:
    done = tried(Guard("keys", ("tests/test_redaction.py", "tests/transport/test_unpack.py")))

    assert done.passed > 40
    assert done.inputs >= 200
    assert (done.failed, done.skipped) == (0, 0)
    assert table([done])[-1].startswith("| all of these |")


def test_a_guard_whose_tests_are_missing_has_failed() -> None:
    assert tried(Guard("none", ("tests/none.py",))).failed == 1


def test_each_table_of_the_page_is_replaced_without_the_others(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    before = RELIABILITY.read_text(encoding="utf-8")
    for mark in ("storm", "threats", "comparison"):
        page.write_text(before, encoding="utf-8")

        save(page, mark, "new")

        after = page.read_text(encoding="utf-8")
        begin, end = before.index(f"<!-- {mark} -->"), before.index(f"<!-- end of {mark} -->")
        assert after == f"{before[:begin]}<!-- {mark} -->\nnew\n{before[end:]}"
