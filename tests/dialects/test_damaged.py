"""A damaged reply raises an llmring error, or is read the same however it is cut."""

import random
from pathlib import Path

import pytest

from fuzz import DIALECTS, KEPT, check, corpus, damaged

SEEDS = sorted(KEPT.glob("*/*.txt"))


@pytest.mark.parametrize("name", DIALECTS)
def test_a_damaged_reply_is_read_the_same_however_it_is_cut(name: str) -> None:
    bodies = corpus(name)
    rng = random.Random(name)

    for _ in range(400):
        check(DIALECTS[name], damaged(rng, bodies), rng)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_damaged_replies_that_were_misread_before_pass_the_check(seed: Path) -> None:
    check(DIALECTS[seed.parent.name], seed.read_bytes(), random.Random(0))
