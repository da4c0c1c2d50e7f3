"""The parts of a run at a vendor that need no vendor; the whole is tested by its command."""

from decimal import Decimal

import pytest

from llmring.batch.vendors.vendor_batch import LivePrice, status_words
from llmring.batch.vendors.vendor_status import VendorStatus


@pytest.mark.parametrize(
    ("usd", "left", "is_within"),
    [
        ("1", None, True),
        (None, None, True),
        ("1", "1", True),
        ("2", "1", False),
        (None, "1", False),
    ],
)
def test_b44_a_price_is_within_a_limit_only_if_both_are_known(
    usd: str | None, left: str | None, is_within: bool
) -> None:
    price = LivePrice(usd=usd and Decimal(usd), left=left and Decimal(left))  # type: ignore[arg-type]

    assert price.is_within is is_within


def test_b41_the_state_in_words_has_what_waits() -> None:
    status = VendorStatus(
        rows=9,
        parts=4,
        waiting=1,
        queued=0,
        open=1,
        ended=1,
        collected=1,
        succeeded=2,
        failed=0,
        left=3,
    )

    assert status_words(status) == (
        "1 batches at work, 1 of 4 collected, 1 not sent yet, 1 ended, 3 rows to be asked live"
    )
