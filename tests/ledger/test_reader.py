"""Reading returns the entries that were written, from either database."""

import sqlite3
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledgers import NOON, entry, keep
from llmring.chat.events import Usage
from llmring.exceptions import ConfigurationError
from llmring.ledger.entry import LedgerEntry, LoggedAttempt
from llmring.ledger.reader import CallFilter, entries, entries_in

FULL = entry(
    1,
    served_model="gpt-4o-mini-2024-07-18",
    usage=Usage(
        prompt_tokens=2**40,
        completion_tokens=3,
        cached_tokens=4,
        cache_write_tokens=5,
        cache_write_1h_tokens=6,
        reasoning_tokens=7,
        service_tier="flex",
    ),
    cost=Decimal("0.000000000000000012345"),
    cost_reason="with an estimate",
    first_ms=12.25,
    attempts=2,
    story=(
        LoggedAttempt("openai:gpt-4o", "skipped", reason="ProviderAuthenticationError"),
        LoggedAttempt("openai:gpt-4o-mini", "failed", 3.5, 429, "ProviderRateLimitError"),
        LoggedAttempt("anthropic:claude-sonnet-4-5", "ok", 4.5, 200),
    ),
    finish_reason="stop",
    stream=True,
    tags=("team=blau", "größe"),
    digest="sha256:abc",
    prompt="[]",
    answer="Grüße 🙂",
)
BARE = LedgerEntry(
    id="z", at=NOON, kind="embed", profile="prod", ms=1.5, outcome="failed", error="X"
)


@pytest.mark.parametrize("kept", [FULL, BARE], ids=["full", "bare"])
def test_an_entry_comes_back_as_it_was(place: Path | str, kept: LedgerEntry) -> None:
    keep(place, kept)

    assert list(entries(place)) == [kept]


def test_a_missing_ledger_has_no_entries(place: Path | str) -> None:
    assert list(entries(place)) == []
    assert not isinstance(place, Path) or not place.exists()


def test_the_newest_entry_comes_last_in_any_order_of_writing(
    place: Path | str,
) -> None:
    keep(place, entry(3), entry(1))
    keep(place, entry(2))

    assert [each.id[-1] for each in entries(place)] == ["1", "2", "3"]
    assert [each.id[-1] for each in entries(place, limit=2)] == ["2", "3"]


def test_entries_can_be_filtered_by_time_alias_and_model(place: Path | str) -> None:
    second = timedelta(seconds=1)
    keep(place, entry(1), entry(2, alias="slow"), entry(3, model="a:b"), entry(4, alias=None))

    def chosen(**filters: object) -> list[str]:
        return [each.id[-1] for each in entries(place, **filters)]  # type: ignore[arg-type]

    assert chosen(since=NOON + 2 * second) == ["2", "3", "4"]
    assert chosen(until=NOON + 2 * second) == ["1"]
    assert chosen(alias="slow") == ["2"]
    assert chosen(model="a:b") == ["3"]
    assert chosen(alias="fast", since=NOON + 2 * second, limit=5) == ["3"]
    assert chosen(alias="' OR 1=1 --") == []


def test_entries_can_be_filtered_by_failure_and_by_end(place: Path | str) -> None:
    keep(place, entry(1, ms=9000.0), entry(2, outcome="failed"), entry(3, outcome="cancelled"))

    failed = entries_in(place, CallFilter(failed=True))
    late = entries_in(place, CallFilter(ended=NOON + timedelta(seconds=9)))

    assert [each.id[-1] for each in failed] == ["2", "3"]
    assert [each.id[-1] for each in late] == ["1"]


def test_characters_that_a_database_refuses_are_replaced(place: Path | str) -> None:
    keep(place, entry(1, answer="a\0b", tags=("half \ud800",), served_model="x\0"))

    [kept] = entries(place)

    assert (kept.answer, kept.tags, kept.served_model) == ("a\ufffdb", ("half ?",), "x\ufffd")


def test_counts_that_a_database_can_not_hold_are_capped(place: Path | str) -> None:
    keep(place, entry(1, usage=Usage(prompt_tokens=2**70, cached_tokens=2**70)))

    [kept] = entries(place)

    assert kept.usage == Usage(prompt_tokens=2**63 - 1, cached_tokens=2**63 - 1)


def test_the_same_entry_twice_is_entered_once(place: Path | str) -> None:
    keep(place, entry(1))
    keep(place, entry(1), entry(2))

    assert len(list(entries(place))) == 2


def test_a_ledger_can_be_read_in_part_and_while_it_is_written(place: Path | str) -> None:
    keep(place, *(entry(number) for number in range(2500)))
    reading = entries(place)

    assert next(reading).id == entry(0).id
    keep(place, entry(3000))
    assert len(list(entries(place))) == 2501
    reading.close()  # type: ignore[attr-defined]


def test_a_file_that_is_not_a_ledger_is_an_error_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("These are the times that try men's souls. " * 99)

    with pytest.raises(
        ConfigurationError, match=r"can't read the ledger .*: file is not a database"
    ):
        list(entries(path))


def test_the_error_for_an_unreadable_ledger_gives_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("These are the times that try men's souls. " * 99)

    with pytest.raises(ConfigurationError, match="move the file away, and the next call"):
        list(entries(path))
    with pytest.raises(
        ConfigurationError, match="it is a folder; set LLMRING_LEDGER_URL to use another"
    ):
        list(entries(tmp_path))


def test_a_ledger_of_a_newer_llmring_is_neither_read_nor_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger.sqlite"
    keep(path, entry(1))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(ConfigurationError, match="version 99, made by a newer llmring; upgrade"):
        list(entries(path))
    keep(path, entry(2))
    assert "version 99" in caplog.text


def test_the_error_for_an_unreachable_database_hides_its_password() -> None:
    url = "postgresql://keeper:s3cret-0123456789@127.0.0.1:1/postgres"

    with pytest.raises(ConfigurationError, match="can't read the ledger") as raised:
        list(entries(url))
    assert "s3cret" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)


def test_g132_calls_of_a_gateway_are_found_by_what_they_have(place: Path | str) -> None:
    keep(
        place,
        entry(1, key="ci", team="blue", wire="chat", client="codex/1.2", session="s1"),
        entry(2, key="ci", wire="messages", client="codex-cli/9", request_id="r2"),
        entry(3, client="codex"),
        entry(4),
    )

    def found(**fields: str) -> list[str]:
        span = CallFilter(**fields)  # type: ignore[arg-type]
        return [each.id[-1] for each in entries_in(place, span)]

    assert found(key="ci") == ["1", "2"]
    assert found(team="blue") == found(wire="chat") == found(session="s1") == ["1"]
    assert found(client="codex") == ["1", "3"]
    assert found(client="codex/1.2") == ["1"]
    assert found(client="code_") == []
    assert found(request_id="r2") == ["2"]
    assert found(id=entry(4).id) == ["4"]
