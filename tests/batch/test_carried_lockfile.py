from collections.abc import Callable
from pathlib import Path

import pytest

from llmring import LLMRing, LockfileNotFoundError
from llmring.batch.carried_lockfile import CarriedLockfile, carry_lockfile
from rings import MODEL


def test_a_carried_lockfile_has_the_aliases_of_the_original(
    lockfile: Callable[..., Path],
) -> None:
    path = carry_lockfile(lockfile(fast=[MODEL])).put()

    assert LLMRing(path).resolve_alias("fast") == MODEL


def test_a_lockfile_is_put_where_it_is_already(lockfile: Callable[..., Path]) -> None:
    carried = carry_lockfile(lockfile(fast=[MODEL]))

    assert carried.put() == carried.put()
    carried.put().write_text("damaged")
    assert carried.put().read_text() == carried.text


def test_a_lockfile_without_a_name_gets_one_that_stays(lockfile: Callable[..., Path]) -> None:
    path = lockfile(fast=[MODEL])
    first = carry_lockfile(path).text.splitlines()[0]
    path.write_text(path.read_text() + "\n# changed\n")

    assert first.startswith("name = ")
    assert carry_lockfile(path).text.splitlines()[0] == first


def test_a_name_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "own.lock"
    path.write_text('version = "1.0"\nname = "shop"\n')

    assert carry_lockfile(path).text == path.read_text()


def test_a_lockfile_that_is_not_toml_is_reported_by_the_ring(tmp_path: Path) -> None:
    path = tmp_path / "own.lock"
    path.write_text("version = ")

    assert carry_lockfile(path) == CarriedLockfile("version = ")


def test_a_missing_lockfile_is_an_error() -> None:
    with pytest.raises(LockfileNotFoundError):
        carry_lockfile("none.lock")
