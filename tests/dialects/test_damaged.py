"""A damaged reply is an error in our words, whatever the damage, and never something else."""

import random
from pathlib import Path

import pytest

from fuzz import DIALECTS, KEPT, check, corpus, damaged

SEEDS = sorted(KEPT.glob("*/*.txt"))


@pytest.mark.parametrize("name", DIALECTS)
def test_damage_of_any_kind_is_read_the_same_however_the_bytes_come(name: str) -> None:
    bodies = corpus(name)
    rng = random.Random(name)

    for _ in range(400):
        check(DIALECTS[name], damaged(rng, bodies), rng)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_damage_that_was_once_misread_is_read_as_promised(seed: Path) -> None:
    check(DIALECTS[seed.parent.name], seed.read_bytes(), random.Random(0))
