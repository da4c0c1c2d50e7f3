"""The pytest plugin: scripted answers, faults, recordings, and no network access by default.

To stay cheap for test runs that do not use it, each fixture imports what it needs.

PYTEST_DONT_REWRITE: this module has nothing to rewrite, and may be imported before pytest loads
its plugins.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from llmring.config import sandbox
from llmring.replay import overrides

if TYPE_CHECKING:
    from pathlib import Path

    from llmring.client.ring import LLMRing
    from llmring.config.sandbox import Sandbox
    from llmring.replay.scripted_replies import Replies
    from llmring.testing.fault_fixture import Faults

_MARKER = "llmring_network: llmring may send requests beyond this machine in this test"


_previous = pytest.StashKey[overrides.Overrides | None]()
_variables = pytest.StashKey[pytest.MonkeyPatch]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("llmring")
    group.addoption(
        "--llmring-network",
        action="store_true",
        help="let llmring send requests beyond this machine in all tests",
    )
    group.addoption(
        "--llmring-record",
        action="store_true",
        help="with recordings: send the requests that have none, and record the answers",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Block requests beyond this machine, and writes to the user's folders, from now on."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_previous] = overrides.current
    recording = config.getoption("llmring_record")
    network = recording or config.getoption("llmring_network")
    overrides.install(overrides.Overrides(network=network, recording=recording))
    # Programs that tests start inherit these variables.
    variables = config.stash[_variables] = pytest.MonkeyPatch()
    box = _sandbox()
    variables.setattr(sandbox, "current", box)
    variables.setenv(sandbox.FOLDER, str(box.folder))
    variables.setenv(sandbox.NETWORK, str(int(network)))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the previous state."""
    overrides.install(config.stash.get(_previous, None))
    variables = config.stash.get(_variables, None)
    if variables is not None:
        variables.undo()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Allow network access during a test that has the marker."""
    now = overrides.current
    if now is None or now.network or item.get_closest_marker("llmring_network") is None:
        return (yield)
    now.network = True
    try:
        with pytest.MonkeyPatch.context() as variables:
            variables.setenv(sandbox.NETWORK, "1")
            return (yield)
    finally:
        now.network = False


@pytest.fixture
def llmring_replies() -> Iterator[Replies]:
    """Answer all calls with scripted replies: `llmring_replies.add("Paris.")`.

    Nothing is sent and no key is needed. `llmring_replies.sent` lists the requests.
    """
    from llmring.replay.scripted_replies import Replies

    now = _overrides()
    now.replies = Replies()
    yield now.replies
    now.replies = None


@pytest.fixture
def llmring_faults() -> Iterator[Faults]:
    """Inject faults into all calls: `llmring_faults.add(status=429)`.

    The arguments are the keys of `faults` in a lockfile.
    """
    from llmring.testing.fault_fixture import Faults

    now = _overrides()
    faults = Faults()
    now.faults = faults.script
    yield faults
    now.faults = None


@pytest.fixture
def llmring_recordings(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Replay recordings in all calls; yields the folder that holds them.

    With --llmring-record, requests that have no recording are sent and recorded. The folder is
    `recordings/MODULE/TEST` next to the test's file.
    """
    from llmring.replay.cassette import Cassette

    now = _overrides()
    path: Path = request.path
    folder = path.parent / "recordings" / path.stem / _file_name(request.node.nodeid)
    now.cassette = Cassette(folder, "record" if now.recording else "replay")
    yield folder
    now.cassette = None


@pytest.fixture
def llmring_profile(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Select a profile of the lockfile for the test: `llmring_profile("chaos")`."""

    def choose(name: str) -> None:
        monkeypatch.setenv("LLMRING_PROFILE", name)

    return choose


@pytest.fixture
def llmring_ring(llmring_profile: Callable[[str], None]) -> Iterator[Callable[..., LLMRing]]:
    """Make rings that are closed after the test: `llmring_ring(profile="chaos")`.

    Other arguments go to `LLMRing`.
    """
    from llmring.client.ring import LLMRing

    rings: list[LLMRing] = []

    def make(*args: Any, profile: str | None = None, **options: Any) -> LLMRing:
        if profile is not None:
            llmring_profile(profile)
        rings.append(LLMRing(*args, **options))
        return rings[-1]

    yield make
    for ring in rings:
        ring.close().finish()


def _sandbox() -> Sandbox:
    """Return the sandbox of this run: a new one, or that of the run that has started this one."""
    import atexit
    import shutil
    import tempfile
    from pathlib import Path

    from llmring.config.settings import sandbox_here, user_places

    outer = sandbox_here()
    if outer is not None and outer.folder.is_dir():
        return outer
    folder = Path(tempfile.mkdtemp(prefix="llmring-tests-"))
    # Ledgers are registered later, and so write their last rows before.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cache, places = user_places()
    return sandbox.make(folder, places, cache)


def _overrides() -> overrides.Overrides:
    if overrides.current is None:
        raise pytest.UsageError("llmring's plugin is not active; run pytest -p llmring.testing")
    return overrides.current


def _file_name(nodeid: str) -> str:
    import re

    name = nodeid.partition("::")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_.") or "test"
