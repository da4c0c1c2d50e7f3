"""llmring keys: make, list, change, rotate and revoke keys, and move them."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from access_keys import WEB
from cli.terminal import Call, is_plain_error
from llmring.access.key_form import hash_of, is_well_formed
from llmring.config.settings import read_clock, read_settings
from llmring.limits.backends import leases_for
from llmring.limits.counts import label_of, nanos
from served_gateway import eventually

KEY = re.compile(r"lr_[0-9A-Za-z]{38}\n")


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep the keys of each test in a file of its own."""
    path = tmp_path / "kept" / "keys.sqlite"
    monkeypatch.setenv("LLMRING_GATEWAY_DB", f"sqlite://{path}")
    return path


@pytest.fixture
def made(call: Call) -> Callable[..., str]:
    """Return a function that makes a key."""

    def make(name: str = "web", *words: str) -> str:
        done = call("keys", "create", "--name", name, *words)
        assert done.code == 0, done.err
        return done.out.strip()

    return make


def settings(call: Call, name: str = "web") -> dict[str, object]:
    found: dict[str, object] = json.loads(call("keys", "show", name, "--json").out)
    return found


def test_g176_a_key_is_printed_once_and_kept_as_a_hash(call: Call, kept: Path) -> None:
    done = call("keys", "create", "--name", "web")
    key = done.out.strip()

    assert KEY.fullmatch(done.out)
    assert is_well_formed(key)
    shown = "".join(call("keys", *words).out for words in (["list"], ["show", "web"], ["export"]))
    assert key not in shown
    assert all(key.encode() not in path.read_bytes() for path in kept.parent.iterdir())


def test_g176_a_key_is_made_with_its_settings(call: Call, made: Callable[..., str]) -> None:
    words = ("--profile", "prod", "--aliases", "fast,sum*", "--rpm", "60", "--daily-budget", "5")
    more = ("--expires", "2099-01-31", "--wires", "messages,chat", "--nets", "10.0.0.0/8")
    made("web", *words, *more, "--direct", "--tags", "a,b", "--max-cost-per-request", "0.5")

    found = settings(call)
    assert (
        found
        | {
            "profile": "prod",
            "aliases": ["fast", "sum*"],
            "rpm": 60,
            "daily_budget": "5",
            "expires": "2099-01-31T00:00:00Z",
            "wires": ["messages", "chat"],
            "nets": ["10.0.0.0/8"],
            "direct": True,
            "tags": ["a", "b"],
            "max_cost_per_request": "0.5",
        }
        == found
    )


def test_g176_an_end_can_be_an_age(
    call: Call, made: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made("web", "--expires", "90d")

    assert "expires" in settings(call)


@pytest.mark.parametrize(
    "words",
    [
        ["--rpm", "0"],
        ["--rpm", "many"],
        ["--rpm", "9" * 5000],
        ["--daily-budget", "-1"],
        ["--daily-budget", "nan"],
        ["--expires", "soon"],
        ["--wires", "fax"],
        ["--aliases", ","],
        ["--role", "root"],
    ],
)
def test_g176_a_setting_that_can_t_be_is_wrong_usage(call: Call, words: list[str]) -> None:
    done = call("keys", "create", "--name", "web", *words)

    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    "words", [["--name", "a/b"], ["--name", "x", "--nets", "here"], ["--name", "x", "--team", "t"]]
)
def test_g176_a_key_that_can_t_be_is_an_error_on_one_line(call: Call, words: list[str]) -> None:
    done = call("keys", "create", *words)

    assert (done.code, done.out) == (1, "")
    assert is_plain_error(done.err)


def test_g176_keys_are_listed_with_their_state(call: Call, made: Callable[..., str]) -> None:
    for name in ("web", "old", "gone"):
        made(name, "--rpm", "60")
    call("keys", "set", "old", "--expires", "2020-01-01")
    call("keys", "revoke", "gone")

    rows = {line.split()[0]: line.split()[-1] for line in call("keys", "list").out.splitlines()}
    every = {each["name"] for each in json.loads(call("keys", "list", "--all", "--json").out)}

    assert rows == {"web": "valid", "old": "expired"}
    assert every == {"web", "old", "gone"}


def test_g176_without_keys_the_list_names_the_next_step(call: Call) -> None:
    done = call("keys", "list")

    assert (done.code, done.out) == (0, "")
    assert "llmring keys create" in done.err


def test_g176_none_takes_a_setting_away(call: Call, made: Callable[..., str]) -> None:
    made("web", "--rpm", "60", "--tpm", "100")
    done = call("keys", "set", "web", "--rpm", "none", "--aliases", "fast")

    assert done.code == 0
    found = settings(call)
    assert ("rpm" in found, found["tpm"], found["aliases"]) == (False, 100, ["fast"])


def test_g176_a_change_without_a_setting_is_wrong_usage(
    call: Call, made: Callable[..., str]
) -> None:
    made()

    assert call("keys", "set", "web").code == 2


def test_g176_a_rotated_key_is_another_one_with_the_same_settings(
    call: Call, made: Callable[..., str]
) -> None:
    old = made("web", "--rpm", "60")
    done = call("keys", "rotate", "web", "--grace", "2d")
    found = settings(call)

    assert KEY.fullmatch(done.out)
    assert done.out.strip() != old
    assert found["rpm"] == 60
    assert "old_until" in found
    call("keys", "rotate", "web", "--grace", "0")
    assert "old_until" not in settings(call)


def test_g176_a_revoked_key_can_t_be_changed(call: Call, made: Callable[..., str]) -> None:
    made()
    call("keys", "revoke", "web")
    done = call("keys", "set", "web", "--rpm", "1")

    assert done.code == 1
    assert "revoked" in done.err


def test_g124_the_hash_of_a_key_is_printed_for_a_lockfile(call: Call) -> None:
    assert call("keys", "hash", stdin=f"{WEB}\n").out == f"{hash_of(WEB)}\n"
    made = json.loads(call("keys", "hash", "--new", "--json").out)
    assert made["hash"] == hash_of(made["key"])


@pytest.mark.parametrize("text", ["", "sk-0123456789abcdef", WEB[:-1] + "a"])
def test_g124_another_text_has_no_hash_for_a_lockfile(call: Call, text: str) -> None:
    done = call("keys", "hash", stdin=text)

    assert (done.code, done.out) == (1, "")
    assert WEB[:-1] not in done.err


def test_g176_exported_keys_are_imported_into_another_store(
    call: Call, made: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    call("teams", "create", "--name", "search", "--rpm", "5")
    made("web", "--team", "search", "--daily-budget", "0.1")
    exported = call("keys", "export").out
    monkeypatch.setenv("LLMRING_GATEWAY_DB", f"sqlite://{tmp_path}/other.sqlite")
    (tmp_path / "keys.json").write_text(exported)

    assert call("keys", "import", str(tmp_path / "keys.json")).code == 0
    assert call("keys", "export").out == exported


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{"name": "web"}]}', "\xff"])
def test_g176_what_is_no_export_is_not_imported(call: Call, tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_text(text)

    assert call("keys", "import", str(tmp_path / "keys.json")).code == 1
    assert json.loads(call("keys", "list", "--json").out) == []


def test_g176_a_store_that_can_t_be_used_is_named(call: Call, kept: Path) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text("no database" * 100)
    done = call("keys", "list")

    assert done.code == 1
    assert is_plain_error(done.err)
    assert str(kept) in done.err


def test_g176_a_key_is_shown_with_what_it_has_spent(
    call: Call, made: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made("web", "--daily-budget", "5", "--total-budget", "100")
    leases, day = leases_for(read_settings()), read_clock().today()
    account = f"key:{settings(call)['id']}"
    before = settings(call)["spent"]
    for period in ("day", "total"):
        leases.correct(leases.budget(account, label_of(period, day)), -nanos(Decimal("1.25")))

    assert before == {"day": "0", "total": "0"}
    assert eventually(lambda: settings(call)["spent"] == {"day": "1.25", "total": "1.25"})
    assert "spent, day    $1.25" in call("keys", "show", "web").out
