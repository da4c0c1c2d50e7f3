from __future__ import annotations

import sys

import pytest

from llmring.batch.input.arrow_package import arrow, parquet
from llmring.exceptions import ValidationError


def test_b1_without_pyarrow_the_command_that_installs_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ValidationError, match=r'a\.parquet: .*pip install "llmring\[batch\]"'):
        parquet("a.parquet: Parquet needs pyarrow")


def test_pyarrow_is_imported_when_it_is_needed() -> None:
    assert arrow("").__name__ == "pyarrow"
    assert parquet("").__name__ == "pyarrow.parquet"
