"""Prompts over blocks, in the forms that pipelines have."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import answers
from counting_vendor import CountingVendor
from llmring import LockfileNotFoundError, ValidationError
from llmring.batch import MapPrompts
from rings import MODEL, environ_of

BLOCKS: dict[str, Callable[[list[str]], Any]] = {
    "lists": lambda texts: {"text": texts},
    "arrays": lambda texts: {"text": np.array(texts, dtype=object)},
    "table": lambda texts: pa.table({"text": texts}),
    "frame": lambda texts: pd.DataFrame({"text": texts}, index=range(5, 5 + len(texts))),
}


def column(block: Any, name: str) -> list[Any]:
    values = block[name]
    for way in ("to_pylist", "tolist"):
        if hasattr(values, way):
            return list(getattr(values, way)())
    return list(values)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingVendor]:
    with CountingVendor() as server:
        for name, value in environ_of(server).items():
            monkeypatch.setenv(name, value)
        yield server


def failing(prompt: str) -> Any:
    return answers.openai_error(400) if "bad" in prompt else None


@pytest.mark.parametrize("form", BLOCKS)
def test_b52_each_form_of_a_block_gets_the_columns_of_answers(
    vendor: CountingVendor, form: str
) -> None:
    block = BLOCKS[form](["a", "b"])

    found = MapPrompts(MODEL, prompt="About {text}")(block)

    assert type(found) is type(block)
    assert column(found, "text") == ["a", "b"]
    assert column(found, "answer") == ["answer to About a", "answer to About b"]
    assert column(found, "_status") == ["ok", "ok"]
    assert column(found, "_model") == [MODEL, MODEL]
    assert all(cost > 0 for cost in column(found, "_cost"))


@pytest.mark.parametrize("form", BLOCKS)
def test_b52_failed_rows_are_columns_and_never_exceptions(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CountingVendor(instead=failing) as server:
        for name, value in environ_of(server).items():
            monkeypatch.setenv(name, value)

        found = MapPrompts(MODEL, prompt="About {text}")(BLOCKS[form](["good", "bad", ""]))

    assert column(found, "_status") == ["ok", "failed", "failed"]
    assert pd.isna(column(found, "answer")[1])
    assert column(found, "_error_class")[1:] == ["ProviderRequestError", "ValidationError"]
    assert column(found, "_attempts") == [1, 1, 0]


@pytest.mark.parametrize("form", BLOCKS)
def test_b52_an_empty_block_gets_the_columns_too(vendor: CountingVendor, form: str) -> None:
    found = MapPrompts(MODEL, prompt="About {text}")(BLOCKS[form]([]))

    assert column(found, "answer") == []
    assert not vendor.requests


def test_b52_an_arrow_table_has_the_same_types_whatever_its_answers(
    vendor: CountingVendor,
) -> None:
    prompts = MapPrompts(MODEL, prompt="About {text}")

    schemas = {
        prompts(pa.table({"text": pa.array(texts, pa.string())})).schema
        for texts in (
            ["a"],
            [None],
            [],
        )
    }

    assert len(schemas) == 1


def test_b52_no_more_requests_are_in_flight_than_allowed_over_all_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock, now, most = threading.Lock(), 0, 0

    class Watched(CountingVendor):
        def _play(self, connection: Any, answer: Any) -> bool:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            try:
                return super()._play(connection, answer)
            finally:
                with lock:
                    now -= 1

    with Watched(pause=0.01) as server:
        for name, value in environ_of(server).items():
            monkeypatch.setenv(name, value)
        prompts = MapPrompts(MODEL, prompt="{text}", concurrency=3)
        blocks = [{"text": [f"{number}-{at}" for at in range(10)]} for number in range(3)]

        async def all_blocks() -> list[Any]:
            return await asyncio.gather(*map(prompts.acall, blocks))

        found = asyncio.run(all_blocks())

    assert [len(each["answer"]) for each in found] == [10, 10, 10]
    assert 1 < most <= 3


def test_b52_it_pickles_with_the_content_of_its_lockfile(
    vendor: CountingVendor, lockfile: Callable[..., Path]
) -> None:
    path = lockfile(fast=[MODEL])
    prompts = MapPrompts("fast", prompt="About {text}", lockfile=path)
    prompts({"text": ["a"]})
    pickled = pickle.dumps(prompts)
    path.unlink()

    found = pickle.loads(pickled)({"text": ["b"]})  # noqa: S301 -- our own

    assert found["answer"] == ["answer to About b"]
    assert environ_of(vendor)["OPENAI_API_KEY"].encode() not in pickled


def test_b52_a_retried_block_asks_only_what_is_missing(
    vendor: CountingVendor, tmp_path: Path
) -> None:
    texts = ["a", "b", "a", "c"]
    prompts = MapPrompts(MODEL, prompt="{text}", journal=tmp_path / "journal", concurrency=1)
    prompts({"text": texts})
    (path,) = (tmp_path / "journal").rglob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    # As after a crash: two rows are missing, and the third line is cut.
    path.write_bytes(lines[0] + lines[1] + lines[2][:20])

    found = MapPrompts(MODEL, prompt="{text}", journal=tmp_path / "journal")({"text": texts})

    assert found["answer"] == [f"answer to {text}" for text in texts]
    # "a" is there twice, as two rows: its first answer is not taken for both.
    assert vendor.asked == {"a": 3, "b": 1, "c": 2}


def test_b52_blocks_that_ask_the_same_are_told_apart_by_an_id(
    vendor: CountingVendor, tmp_path: Path
) -> None:
    prompts = MapPrompts(MODEL, prompt="{text}", journal=tmp_path, id="sample")

    for sample in (1, 2, 2):
        prompts({"text": ["a"], "sample": [sample]})

    assert vendor.asked == {"a": 2}


def test_b52_without_a_journal_a_block_is_asked_again(vendor: CountingVendor) -> None:
    prompts = MapPrompts(MODEL, prompt="{text}")

    for _ in range(2):
        prompts({"text": ["a"]})

    assert vendor.asked == {"a": 2}


def test_b52_a_failure_that_may_pass_is_asked_again_and_another_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses = {"busy": 503, "wrong": 400}
    with CountingVendor(instead=lambda prompt: answers.openai_error(statuses[prompt])) as server:
        for name, value in environ_of(server).items():
            monkeypatch.setenv(name, value)
        prompts = MapPrompts(MODEL, prompt="{text}", journal=tmp_path, tries=1)
        for _ in range(2):
            prompts({"text": ["busy", "wrong"]})

        assert server.asked["wrong"] == 1
        assert server.asked["busy"] == 2


def test_a_row_is_tried_again_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([503])

    def first_fails(_: str) -> Any:
        status = next(failures, None)
        return None if status is None else answers.openai_error(status)

    with CountingVendor(instead=first_fails) as server:
        for name, value in environ_of(server).items():
            monkeypatch.setenv(name, value)

        found = MapPrompts(MODEL, prompt="{text}", tries=2)({"text": ["a"]})

    assert found["_status"] == ["ok"]
    assert found["_attempts"] == [2]


def test_mistakes_are_reported_before_anything_is_sent(vendor: CountingVendor) -> None:
    with pytest.raises(ValidationError, match="txt"):
        MapPrompts(MODEL, prompt="{txt}")({"text": ["a"]})
    with pytest.raises(ValidationError, match="answer"):
        MapPrompts(MODEL, prompt="{text}")({"text": ["a"], "answer": ["b"]})
    with pytest.raises(ValidationError, match="sample"):
        MapPrompts(MODEL, prompt="{text}", id="sample")({"text": ["a"]})
    with pytest.raises(ValidationError, match="int"):
        MapPrompts(MODEL, prompt="{text}")(1)
    with pytest.raises(ValidationError, match="concurrency"):
        MapPrompts(MODEL, prompt="{text}", concurrency=0)
    with pytest.raises(LockfileNotFoundError):
        MapPrompts(MODEL, prompt="{text}", lockfile="none.lock")
    assert not vendor.requests


def test_a_prefix_resolves_a_clash_and_nested_values_are_columns(vendor: CountingVendor) -> None:
    block = {"person": [{"name": "Ada"}], "answer": ["given"]}

    found = MapPrompts(MODEL, prompt="{person.name}", system="S", prefix="x_")(block)

    assert found["answer"] == ["given"]
    assert found["x_answer"] == ["answer to Ada"]


def test_missing_values_of_frames_are_null(vendor: CountingVendor) -> None:
    frame = pd.DataFrame({"when": [pd.Timestamp(2020, 1, 2), pd.NaT], "number": [1.0, None]})

    found = frame.pipe(MapPrompts(MODEL, prompt="{when} {number}"))

    assert found["_status"].tolist() == ["ok", "failed"]
