"""A gateway whose settings follow its lockfile."""

import mmap
import os
from pathlib import Path
from typing import Any

import pytest

from access_keys import NOON, WEB, MemoryKeyStore, with_key
from cli.terminal import lockfile_of
from llmring import LockfileError
from llmring.access.key_form import hash_of
from llmring.access.live_access import LiveAccess
from llmring.config.settings import trusted_lockfiles
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server.live_gateway import Audience, LiveGateway
from llmring.gateway.shared_table import SharedTable, SharedTables, size_of
from llmring.lockfile.consent import claims, fingerprint
from llmring.lockfile.document import parse
from llmring.providers.table import PROVIDERS

SECRET = b"a secret of at least 32 characters"
PATH = Path("llmring.lock")
ALIASES = lockfile_of(default={"fast": ["mock:a"]})

AWAY = '\n[providers.mine]\nbase_url = "https://llm.example/v1"\napi_key_env = "OPENAI_API_KEY"\n'


def rewrite(text: str) -> None:
    """Replace the lockfile, as a change that is older than the last moments."""
    PATH.write_text(text)
    rewrite.moment += 1_000_000_000  # type: ignore[attr-defined]
    os.utime(PATH, ns=(rewrite.moment, rewrite.moment))  # type: ignore[attr-defined]


rewrite.moment = 1_700_000_000_000_000_000  # type: ignore[attr-defined]


def gateway_table_text(**keys: str) -> str:
    return "".join(["\n[gateway]\n", *(f"{name} = {value}\n" for name, value in keys.items())])


def live(text: str = ALIASES, **options: Any) -> LiveGateway:
    rewrite(text)
    return LiveGateway(ServedRing(), SECRET, **options)


def test_g125_the_table_is_that_of_the_lockfile_and_the_same_until_it_changes() -> None:
    found = live(ALIASES + gateway_table_text(body_limit="1000"))

    assert found.now().table.body_limit == 1000
    assert found.now() is found.now()


def test_g125_a_change_of_the_lockfile_is_seen_by_the_next_call() -> None:
    found = live()
    before = found.now()
    rewrite(ALIASES.replace("fast", "quick") + gateway_table_text(body_limit="1000"))

    assert found.now().table.body_limit == 1000
    assert before.table.body_limit == 32 * 2**20
    assert list(found.now().ring.list_aliases()) == ["quick"]


@pytest.mark.parametrize("broken", ["version = ", "[gateway]\nbody_limit = -1\n", ""])
def test_g125_a_broken_lockfile_changes_nothing(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = live(ALIASES + gateway_table_text(body_limit="1000"))
    rewrite(broken)

    assert found.now().table.body_limit == 1000
    assert list(found.now().ring.list_aliases()) == ["fast"]

    PATH.unlink()
    assert found.now().table.body_limit == 1000


@pytest.mark.parametrize("broken", ["version = ", "[gateway]\nbody_limit = -1\n", ""])
def test_g125_a_gateway_is_stale_until_its_lockfile_can_be_used_again(broken: str) -> None:
    found = live()
    assert not found.is_stale()
    rewrite(broken)
    assert found.is_stale()
    assert found.is_stale()
    rewrite(ALIASES.replace("fast", "quick"))

    assert not found.is_stale()
    assert list(found.now().ring.list_aliases()) == ["quick"]


def test_g125_many_rewrites_half_of_them_broken_fail_no_look_up() -> None:
    found = live()
    for number in range(1, 200):
        good = ALIASES + gateway_table_text(body_limit=str(number))
        rewrite("version =" if number % 2 else good)

        assert found.now().table.body_limit == (number if number % 2 == 0 else number - 1 or 2**25)


@pytest.mark.parametrize("more", [AWAY, gateway_table_text(cors='["https://evil.example"]')])
def test_g125_a_lockfile_that_needs_consent_counts_as_broken(
    more: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = live(needs_consent=True)
    rewrite(ALIASES.replace("fast", "quick") + more)

    assert list(found.now().ring.list_aliases()) == ["fast"]
    assert found.now().table.cors == ()
    assert "llmring trust" in caplog.text


def test_g125_settings_that_were_agreed_to_may_stay_go_and_come_back() -> None:
    found = live(ALIASES + AWAY, needs_consent=True)
    for alias, more in (("one", AWAY), ("two", ""), ("three", AWAY)):
        rewrite(ALIASES.replace("fast", alias) + more)

        assert list(found.now().ring.list_aliases()) == [alias]


def test_g125_a_named_lockfile_needs_no_consent() -> None:
    found = live(needs_consent=False)
    rewrite(ALIASES.replace("fast", "quick") + AWAY)

    assert list(found.now().ring.list_aliases()) == ["quick"]


def test_g125_consent_given_meanwhile_counts_once_the_file_is_read_again() -> None:
    found = live(needs_consent=True)
    text = ALIASES.replace("fast", "quick") + AWAY
    rewrite(text)
    assert list(found.now().ring.list_aliases()) == ["fast"]

    path = found.now().ring.lockfile_path
    trusted_lockfiles().add(path, fingerprint(claims(parse(text, path), PROVIDERS)))
    found.read_again()

    assert list(found.now().ring.list_aliases()) == ["quick"]


def test_g173_the_profile_of_requests_that_name_none_is_known() -> None:
    assert live().active_profile == "default"


def test_g125_a_lockfile_that_was_never_good_is_an_error() -> None:
    rewrite("version = ")

    with pytest.raises(LockfileError):
        LiveGateway(ServedRing(), SECRET)


TWO = lockfile_of(default={"fast": ["mock:a"], "slow": ["mock:b"]}, dev={"fast": ["mock:c"]})


def aliases(found: LiveGateway, profile: str = "default") -> list[str]:
    return list(found.now().ring.list_aliases(profile))


@pytest.mark.parametrize(
    ("profile", "alias", "kept"),
    [("default", "slow", True), ("default", "fast", False), ("dev", "fast", True)],
)
def test_g125_a_lockfile_that_lacks_an_alias_in_use_counts_as_broken(
    profile: str, alias: str, kept: bool, caplog: pytest.LogCaptureFixture
) -> None:
    found = live(TWO)
    found.report_call(profile, alias)
    rewrite(lockfile_of(default={"fast": ["mock:a"], "new": ["mock:a"]}))

    assert (aliases(found) == ["fast", "slow"]) is kept
    assert ("--accept-removals" in caplog.text) is kept


def test_g125_a_call_of_another_process_counts_too_when_an_alias_is_removed() -> None:
    memory = mmap.mmap(-1, size_of(2))
    tables = SharedTables(
        conversations=SharedTable(memory, 0, 1), aliases=SharedTable(memory, size_of(1), 1)
    )
    one, other = live(TWO, tables=tables), live(TWO, tables=tables)
    one.report_call("default", "slow")
    one.now().affinity.answered("a", "mock:b")
    rewrite(ALIASES)

    assert aliases(one) == aliases(other) == ["fast", "slow"]
    assert other.now().affinity.preferred("a") == "mock:b"


def test_g125_removals_can_be_accepted_and_unknown_names_are_not_remembered() -> None:
    accepting, strict = live(TWO, accept_removals=True), live(TWO)
    accepting.report_call("default", "slow")
    strict.report_call("default", "no-such-alias")
    strict.report_call("no-such-profile", "slow")
    rewrite(ALIASES)

    assert aliases(accepting) == aliases(strict) == ["fast"]


KEYS = f'\n[[gateway.keys]]\nname = "web"\nhash = "{hash_of(WEB)}"\n'


def keyed(text: str, store: MemoryKeyStore | None = None) -> tuple[LiveGateway, LiveAccess]:
    access = LiveAccess(store)
    return live(text, audience=Audience(access=access)), access


def test_g124_keys_of_the_lockfile_come_and_go_with_it() -> None:
    found, access = keyed(ALIASES + KEYS)
    found.now()
    before = access.find(WEB, NOON)
    rewrite(ALIASES)
    found.now()

    assert before is not None
    assert access.find(WEB, NOON) is None
    # The last key of all is gone, and calls need one all the same.
    assert access.is_on


def test_g109_a_gateway_is_open_until_there_is_a_key() -> None:
    store = MemoryKeyStore()
    found, access = keyed(ALIASES, store)
    before = found.now()
    store.change(with_key())
    access.look()

    assert (before.is_open, found.now().is_open) == (True, False)
    assert found.now() is found.now()


def test_g124_a_lockfile_with_a_key_that_can_t_be_counts_as_broken() -> None:
    found, access = keyed(ALIASES + KEYS)
    rewrite(ALIASES + KEYS + KEYS + gateway_table_text(body_limit="5"))

    assert found.now().table.body_limit == 32 * 2**20
    assert access.find(WEB, NOON) is not None


def test_g124_keys_of_a_lockfile_in_the_folder_need_consent() -> None:
    found = live(ALIASES, needs_consent=True, audience=Audience(access=LiveAccess(None)))
    rewrite(ALIASES + KEYS)

    assert found.now().table.keys == ()
