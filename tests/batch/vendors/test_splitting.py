"""Splitting of rows into parts."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from batch_jobs import rows
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowRequest
from llmring.batch.vendors.part_files import PartFiles
from llmring.batch.vendors.splitting import Splitter, WrittenPart, check_fields, custom_id
from llmring.dialects.batches.batch_api import BatchApi
from llmring.dialects.batches.openai_batches import GROQ, OPENAI
from llmring.exceptions import UnsupportedFeatureError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.routing.targets import Target
from llmring.wire import HttpRequest

ROW = PROVIDERS["openai"]
TARGET = Target(ModelRef("openai", "m"), Endpoint(ROW, ROW.base_url, "a-key"), ROW.dialect)


async def render(request: RowRequest) -> tuple[HttpRequest, Target]:
    """Return the request of a row; its metadata has a path and headers of its own."""
    own = request.request.metadata or {}
    headers = {**TARGET.endpoint.headers(TARGET.dialect), **own.get("headers", {})}
    url = ROW.base_url + own.get("path", "/chat/completions")
    body = json.dumps({"model": "m", "pad": own.get("pad", "")}).encode()
    return HttpRequest("POST", url, headers, body), TARGET


def split(
    api: BatchApi, folder: Path, requests: Sequence[RowRequest], **options: Any
) -> tuple[list[WrittenPart | RowOutcome], PartFiles]:
    files = PartFiles(folder)
    files.clear()
    splitter = Splitter(api, render, files, **options)

    async def all_parts() -> list[WrittenPart | RowOutcome]:
        return [each async for each in splitter.split(requests)]

    return asyncio.run(all_parts()), files


def ordinals(files: PartFiles, number: int) -> list[int]:
    return [mark.ordinal for mark in files.marks(number)]


def test_b39_a_part_has_at_most_as_many_requests_as_a_batch_takes(tmp_path: Path) -> None:
    parts, files = split(replace(OPENAI, most_requests=2), tmp_path, rows(5))

    assert [each.rows for each in parts if isinstance(each, WrittenPart)] == [2, 2, 1]
    assert [ordinals(files, number) for number in (1, 2, 3)] == [[0, 1], [2, 3], [4]]


def test_b39_a_part_has_at_most_as_many_bytes_as_a_batch_takes(tmp_path: Path) -> None:
    api = replace(OPENAI, most_bytes=1000)

    parts, files = split(api, tmp_path, rows(6, metadata={"pad": "x" * 250}))

    assert [each.rows for each in parts if isinstance(each, WrittenPart)] == [2, 2, 2]
    sizes = [files.path(number, "lines").stat().st_size for number in (1, 2, 3)]
    assert sizes == [each.size for each in parts if isinstance(each, WrittenPart)]
    assert max(sizes) <= 1000


def test_b39_a_part_has_at_most_as_many_texts_as_a_batch_takes(tmp_path: Path) -> None:
    embedded = [replace(row, texts=("a", "b")) for row in rows(3)]

    parts, _ = split(replace(OPENAI, most_texts=4), tmp_path, embedded)

    assert [each.rows for each in parts if isinstance(each, WrittenPart)] == [2, 1]


def test_b39_requests_with_another_path_or_other_headers_are_in_other_parts(tmp_path: Path) -> None:
    other = rows(2, start=2, metadata={"path": "/responses"})
    beta = rows(2, start=4, metadata={"headers": {"x-beta": "1"}})

    parts, _ = split(OPENAI, tmp_path, [*rows(2), *other, *beta])

    keys = [each.key for each in parts if isinstance(each, WrittenPart)]
    assert [(key.path, key.headers) for key in keys] == [
        ("/chat/completions", ()),
        ("/responses", ()),
        ("/chat/completions", (("x-beta", "1"),)),
    ]


def test_b39_a_request_too_large_for_any_batch_fails_alone(tmp_path: Path) -> None:
    large = rows(1, start=1, metadata={"pad": "x" * 2000})

    found, _ = split(replace(OPENAI, most_bytes=1000), tmp_path, [*rows(1), *large])

    failed = [each for each in found if isinstance(each, RowOutcome)]
    assert [(each.id, each.status) for each in failed] == [("row-1", "failed")]


def test_b39_a_request_to_a_path_that_batches_lack_fails_alone(tmp_path: Path) -> None:
    found, _ = split(GROQ, tmp_path, rows(1, metadata={"path": "/responses"}))

    [failed] = found
    assert isinstance(failed, RowOutcome)
    assert "/responses" in (failed.error or "")


@pytest.mark.parametrize("value", ["true", '"yes"'])
def test_b39_a_field_that_batches_refuse_is_found(value: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="'background'"):
        check_fields(OPENAI, f'{{"background":{value}}}'.encode())


@pytest.mark.parametrize("value", ["false", "null"])
def test_b39_a_field_that_is_off_is_not_refused(value: str) -> None:
    check_fields(OPENAI, f'{{"stream":{value}}}'.encode())


@pytest.mark.parametrize(
    ("id_", "prefix", "plain"),
    [
        ("row-1", "", True),
        ("a" * 64, "", True),
        ("a" * 65, "", False),
        ("a b", "", False),
        ("a" * 60, "12345678-", False),
        ("é", "", False),
        ("", "", False),
    ],
)
def test_b25_an_id_that_vendors_take_stays_and_others_get_a_digest(
    id_: str, prefix: str, plain: bool
) -> None:
    found = custom_id(id_, prefix)

    assert (found == prefix + id_) == plain
    assert found == custom_id(id_, prefix)
    assert len(found) <= 64
    assert found.startswith(prefix)
