"""The identity under which a lockfile's calls and budgets are counted."""

import os
import socket
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from llmring.config.identity import active_projects, identity_of, own_projects
from llmring.config.settings import find_active_lockfile
from llmring.lockfile.document import Lockfile, parse

ALIASES = lockfile_of(default={"fast": ["mock:a"]})
NAMED = f'name = "my-app"\n{ALIASES}'
DATABASE = "postgresql://me@db.example/calls"
LEDGER = Path("ledger.sqlite")


def read(path: Path) -> Lockfile:
    return parse(path.read_text(), path)


def test_without_a_name_it_is_the_path_and_on_other_machines_the_host_and_the_path() -> None:
    path = write(ALIASES)
    identity = identity_of(read(path), path)

    assert identity.here == os.path.realpath(path)
    assert identity.anywhere == f"{socket.gethostname()}:{os.path.realpath(path)}"
    assert identity.in_ledger(LEDGER) == identity.here
    assert identity.in_ledger(DATABASE) == identity.anywhere


def test_a_name_is_the_same_everywhere() -> None:
    path = write(NAMED)
    identity = identity_of(read(path), path)

    assert {identity.here, identity.anywhere, identity.in_ledger(DATABASE)} == {"my-app"}


def test_the_content_does_not_matter() -> None:
    path = write(ALIASES)
    before = identity_of(read(path), path)
    write(lockfile_of(default={"other": ["mock:b"]}))

    assert identity_of(read(path), path) == before


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links")
def test_a_symbolic_link_leads_to_the_same_identity(tmp_path: Path) -> None:
    path = write(ALIASES)
    link = tmp_path / "link.lock"
    link.symlink_to(path.resolve())

    assert identity_of(read(link), link) == identity_of(read(path), path)


def test_calls_from_before_a_lockfile_got_its_name_are_its_own_too() -> None:
    path = write(NAMED)

    assert own_projects(LEDGER, read(path)) == ("my-app", os.path.realpath(path))


def test_lockfiles_without_name_and_file_leave_it_to_the_active_one() -> None:
    old = parse(ALIASES, Path("HEAD:llmring.lock"))
    assert own_projects(LEDGER, old, old) is None

    path = write(ALIASES)
    assert own_projects(LEDGER, old, old) == (os.path.realpath(path),)


def test_a_file_that_git_difftool_has_made_is_a_revision(tmp_path: Path) -> None:
    path = write(ALIASES)
    (tmp_path / "git-blob-x1").mkdir()
    old = read(write(ALIASES, str(tmp_path / "git-blob-x1" / "llmring.lock")))

    assert own_projects(LEDGER, old, old) == (os.path.realpath(path),)


def test_without_a_lockfile_of_one_s_own_all_calls_count() -> None:
    assert active_projects(LEDGER, find_active_lockfile(None)) is None
