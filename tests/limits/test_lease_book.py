"""The leases of a process together."""

import threading

from llmring.limits.lease_book import LeaseBook


def book() -> LeaseBook:
    return LeaseBook("a", lambda _: None, threading.RLock())


def test_leases_that_hold_nothing_are_not_part_of_a_batch() -> None:
    leases = book()
    for number in range(50):
        leases.budget(f"key {number}", "total")
        leases.rate(f"key {number}")
        leases.slots(f"key {number}")

    assert leases.plan().is_empty
    assert not leases.is_live


def test_a_batch_has_what_is_to_be_reported_and_a_number_of_its_own() -> None:
    leases = book()
    leases.budget("fast", "total").put_back(-5)
    leases.rate("fast").change(7, 1, 2)
    leases.touch(leases.budget("fast", "total"))
    leases.touch(leases.rate("fast"))

    first, second = leases.plan(), leases.plan()

    assert [each.change for each in first.batch.budgets] == [5]
    assert [each.changes for each in first.batch.rates] == [[(7, 1, 2)]]
    assert second.is_empty
    assert first.batch.serial != second.batch.serial


def test_periods_that_are_over_are_forgotten_but_not_what_is_still_to_be_reported() -> None:
    leases = book()
    old, owing = leases.budget("fast", "2026-11-21"), leases.budget("deep", "2026-11-21")
    old.used_at = owing.used_at = -1e9
    owing.put_back(-5)

    leases.forget()

    assert leases.budget("fast", "2026-11-21") is not old
    assert leases.budget("deep", "2026-11-21") is owing
