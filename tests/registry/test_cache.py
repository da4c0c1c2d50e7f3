"""The newest catalog on this machine: lookup, damage, replacement."""

import logging
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from catalogs import NEW, NEWER, OLD, TODAY, document, model
from llmring.exceptions import LLMRingError
from llmring.registry import cache
from llmring.registry.bundled import bundled
from llmring.registry.update import sha256_of


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LOOK_AGAIN_SECONDS", -1.0)


def keep(folder: Path, day: date, *, dollars: str = "7", over: date | None = None) -> bool:
    body = document(day, [model(dollars=dollars)])
    note = cache.Note(url="https://example.com/m", sha256=sha256_of(body), over=over)
    return cache.keep(folder, note, body, day)


def test_without_a_fetched_catalog_the_bundled_one_is_used(tmp_path: Path) -> None:
    assert cache.newest(tmp_path) is cache.newest(None) is bundled()
    assert cache.fetched(tmp_path) is None


def test_a_folder_below_an_unknown_home_has_no_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    assert cache.newest(Path("~/.cache/llmring")) is bundled()


def test_a_newer_fetched_catalog_is_used_and_read_once(tmp_path: Path) -> None:
    assert keep(tmp_path, NEW)

    assert cache.newest(tmp_path).date == NEW
    assert cache.newest(tmp_path) is cache.newest(tmp_path)


def test_a_fetched_catalog_of_the_same_day_is_used(tmp_path: Path) -> None:
    keep(tmp_path, TODAY)

    assert cache.newest(tmp_path) is not bundled()


def test_a_fetched_catalog_older_than_the_bundled_one_is_not_used(tmp_path: Path) -> None:
    keep(tmp_path, OLD)

    assert cache.newest(tmp_path) is bundled()
    assert cache.fetched(tmp_path) is not None


def test_a_forced_older_catalog_is_used_until_the_bundled_one_is_newer(
    tmp_path: Path,
) -> None:
    keep(tmp_path, OLD, over=TODAY)
    assert cache.newest(tmp_path).date == OLD

    keep(tmp_path, OLD, over=OLD)
    assert cache.newest(tmp_path) is bundled()


def test_a_catalog_stored_by_another_process_is_noticed(tmp_path: Path) -> None:
    keep(tmp_path, NEW)
    before = cache.newest(tmp_path)
    script = (
        "from datetime import date; from pathlib import Path\n"
        "from registry.test_cache import keep, NEWER\n"
        f"assert keep(Path({str(tmp_path)!r}), NEWER)"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[1], env=os.environ
    )

    assert (before.date, cache.newest(tmp_path).date) == (NEW, NEWER)


def test_the_file_is_checked_only_once_per_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "LOOK_AGAIN_SECONDS", 3600.0)
    keep(tmp_path, NEW)
    assert cache.newest(tmp_path).date == NEW

    (tmp_path / "registry" / "catalog").unlink()

    assert cache.newest(tmp_path).date == NEW


def test_a_newer_catalog_stored_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    keep(tmp_path, NEWER)

    assert not keep(tmp_path, NEW)
    assert cache.newest(tmp_path).date == NEWER


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}",
        b"\xff\n\xff",
        b'{"url":"x","sha256":"y"}\n' + document(NEW),
        b'{"url":"x","sha256":"%s"}\nnot json' % sha256_of(b"not json").encode(),
    ],
    ids=["empty", "an empty line", "no document", "not UTF-8", "another digest", "not a catalog"],
)
def test_a_damaged_catalog_is_ignored_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    path = tmp_path / "registry" / "catalog"
    path.parent.mkdir()
    path.write_bytes(data)

    with caplog.at_level(logging.WARNING, "llmring"):
        assert cache.newest(tmp_path) is cache.newest(tmp_path) is bundled()

    [record] = caplog.records
    assert "ignoring the catalog" in record.getMessage()
    assert "llmring registry update" in record.getMessage()
    assert ".sha256" not in record.getMessage()
    assert cache.is_damaged(tmp_path)


def test_a_missing_catalog_is_not_a_damaged_one(tmp_path: Path) -> None:
    assert not cache.is_damaged(tmp_path)
    assert not cache.is_damaged(None)


def test_a_damaged_catalog_is_replaced_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "registry" / "catalog"
    path.parent.mkdir()
    path.write_bytes(b"damaged")

    assert keep(tmp_path, NEW)
    assert cache.newest(tmp_path).date == NEW


def test_a_folder_that_can_t_be_written_is_an_error_and_the_old_catalog_stays(
    tmp_path: Path,
) -> None:
    (tmp_path / "registry").write_text("in the way")

    with pytest.raises(LLMRingError, match=r"can't be stored in .*XDG_CACHE_HOME"):
        keep(tmp_path, NEW)
    assert cache.newest(tmp_path) is bundled()


def test_concurrent_writers_leave_the_newest_catalog_intact(
    tmp_path: Path,
) -> None:
    script = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from registry.test_cache import keep\n"
        "for day in range(1, 28, 3):\n"
        f"    keep(Path({str(tmp_path)!r}), date(2999, 1, day + int(sys.argv[1])))"
    )
    root = Path(__file__).parents[1]
    programs = [
        subprocess.Popen([sys.executable, "-c", script, str(number)], cwd=root)
        for number in range(3)
    ]

    assert [program.wait(timeout=30) for program in programs] == [0, 0, 0]
    assert cache.newest(tmp_path).date == date(2999, 1, 27)
    assert [path.name for path in (tmp_path / "registry").iterdir()] == ["catalog"]
