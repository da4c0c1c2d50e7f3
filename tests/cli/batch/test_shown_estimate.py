from decimal import Decimal

import msgspec
import pytest

from llmring.batch.estimate.batch_estimate import BatchEstimate
from llmring.batch.estimate.usd_estimate import ModelEstimate, UsdRange
from llmring.cli.batch.shown_estimate import print_estimate

USD = UsdRange(Decimal(1), Decimal("2.5"), Decimal(10))
ESTIMATE = BatchEstimate(
    rows=1000,
    bad_rows=0,
    bad_reasons=(),
    is_sample=False,
    tokens_in=50_000,
    tokens_in_high=200_000,
    tokens_out_low=1000,
    tokens_out=100_000,
    basis="as given",
    uncounted_files=0,
    models=(ModelEstimate(model="openai:m", tokens_high=9, usd=USD, usd_batch=Decimal("1.25")),),
    hours=None,
)


def test_b13_an_estimate_has_rows_tokens_and_the_cost_of_each_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_estimate(ESTIMATE)

    shown = capsys.readouterr().out
    assert "rows        1,000" in shown
    assert "tokens in   about 50,000, at most 200,000" in shown
    assert "(as given)" in shown
    last = shown.splitlines()[-1].split()
    assert last == ["openai:m", "$1.00", "$2.50", "$10.00", "$1.25"]
    assert "bad rows" not in shown
    assert "time" not in shown


def test_b13_an_unknown_price_is_shown_as_unknown_with_its_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unknown = ModelEstimate(
        model="a:m", tokens_high=None, usd=UsdRange(reason="not in the catalog")
    )
    print_estimate(msgspec.structs.replace(ESTIMATE, models=(unknown,)))

    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1].split() == ["a:m", *["unknown"] * 4]
    assert "a:m: not in the catalog" in shown.err


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.001, "a minute"), (1.5, "90 minutes"), (5.4, "5.4 hours"), (72.0, "3.0 days")],
)
def test_b13_the_time_by_the_limits_is_shown(
    hours: float, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_estimate(msgspec.structs.replace(ESTIMATE, hours=hours))

    assert f"at least {words}, by the limits" in capsys.readouterr().out


def test_b13_bad_rows_and_samples_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    print_estimate(
        msgspec.structs.replace(
            ESTIMATE,
            bad_rows=3,
            bad_reasons=(("name is empty", 3),),
            is_sample=True,
            uncounted_files=2,
        )
    )

    shown = capsys.readouterr()
    assert "rows        about 1,000" in shown.out
    assert "3: name is empty" in shown.out
    assert "sample" in shown.err
    assert "2 files are not counted" in shown.err
