"""The status of a gateway, as JSON."""

from __future__ import annotations

from pathlib import Path

from llmring import __version__
from served_gateway import eventually
from watched_gateway import WatchedGateway, watched


def test_g142_the_status_names_what_is_served_and_what_is_wrong() -> None:
    with watched("mock:fail?status=401", "mock:echo") as gateway:
        gateway.chat()
        found = gateway.ask("GET", "/ui/api/status").json

    assert found["version"] == __version__
    assert Path(found["lockfile"]).name == "llmring.lock"
    assert found["profile"] == "default"
    assert found["lock"].startswith("sha256:")
    assert found["stale"] is False
    assert found["aliases"] == {"fast": "mock:fail?status=401"}
    assert found["workers"] == 1
    assert found["inflight"] == 0


def test_g142_open_circuits_are_in_the_status() -> None:
    with watched("mock:fail?status=401", "mock:echo") as gateway:
        gateway.chat()

        def shown() -> list[str]:
            found: list[str] = gateway.ask("GET", "/ui/api/status").json["open_circuits"]
            return found

        assert eventually(lambda: shown() == ["mock:fail?status=401"])


def test_g142_the_status_is_not_shown_to_others_than_this_machine_without_a_key() -> None:
    with WatchedGateway(is_open=False) as gateway:
        assert gateway.ask("GET", "/ui/api/status").status == 403
