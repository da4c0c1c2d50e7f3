from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmring.batch.input.attachments import Attachments, Register
from llmring.batch.input.open_rows import open_values
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.template import Template
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.exceptions import ValidationError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def build(
    folder: Path, values: Mapping[str, Any], attachments: Attachments
) -> RowRequest | RowProblem:
    builder = RequestBuilder("look", prompt=Template("What is it?"), enclose=attachments)
    return builder.build(InputRow(0, "a", values, "a.jsonl, line 1", str(folder)))


def built(folder: Path, value: Any, register: Register | None = None) -> RowRequest:
    found = build(folder, {"photo": value}, Attachments(["photo"], register=register))
    assert isinstance(found, RowRequest), found
    return found


def parts(request: RowRequest) -> Any:
    return request.request.turns()[-1].content


@pytest.mark.parametrize("value", [PNG_URL, PNG, {"bytes": PNG, "path": "a.png"}])
def test_b5_bytes_and_data_urls_are_in_the_message(tmp_path: Path, value: Any) -> None:
    image, text = parts(built(tmp_path, value))

    assert image == ImagePart(data=base64.b64encode(PNG).decode(), media_type="image/png")
    assert text.text == "What is it?"


@pytest.mark.parametrize("value", ["a.png", {"bytes": None, "path": "a.png"}])
def test_b5_a_path_is_relative_to_the_input(tmp_path: Path, value: Any) -> None:
    (tmp_path / "a.png").write_bytes(PNG)

    assert built(tmp_path, value).request.files == [str(tmp_path / "a.png")]


def test_b5_an_https_url_is_passed_on(tmp_path: Path) -> None:
    image, _ = parts(built(tmp_path, "https://example.com/a.png"))

    assert image.url == "https://example.com/a.png"


def test_b5_a_list_is_several_attachments(tmp_path: Path) -> None:
    assert len(parts(built(tmp_path, [PNG, PNG_URL]))) == 3


def test_b5_a_file_of_any_type_is_attached(tmp_path: Path) -> None:
    found = build(tmp_path, {"doc": b"%PDF-1.4"}, Attachments(files=["doc"]))

    assert isinstance(found, RowRequest)
    assert isinstance(parts(found)[0], DocumentPart)


@pytest.mark.parametrize("value", ["absent.png", None, "", 5, {"path": None}, b"text", [None]])
def test_b5_a_missing_file_fails_its_row_only(tmp_path: Path, value: Any) -> None:
    found = build(tmp_path, {"photo": value}, Attachments(["photo"]))

    assert isinstance(found, RowProblem)
    assert found.reason.startswith("a.jsonl, line 1: ")


def test_b5_equal_content_is_registered_once_when_it_comes_again(tmp_path: Path) -> None:
    registered: list[str] = []

    def register(path: str) -> str:
        registered.append(path)
        return f"id-{len(registered)}"

    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(PNG)
    (tmp_path / "c.png").write_bytes(PNG + b"other")
    attachments = Attachments(["photo"], register=register)

    files: list[Any] = []
    for name in ("a.png", "b.png", "c.png", "a.png"):
        found = build(tmp_path, {"photo": name}, attachments)
        assert isinstance(found, RowRequest)
        files += found.request.files or ()

    assert registered == [str(tmp_path / "b.png")]
    assert files == [str(tmp_path / "a.png"), "id-1", str(tmp_path / "c.png"), "id-1"]


def test_b25_the_digest_is_of_the_content_wherever_the_file_is(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(PNG)
    (tmp_path / "y" / "b.png").write_bytes(PNG + b"other")

    one = built(tmp_path / "x", "a.png").digest
    moved = built(tmp_path / "y", "a.png").digest
    other = built(tmp_path / "y", "b.png").digest

    assert one == moved == built(tmp_path, PNG).digest
    assert other != one


def test_b5_an_unknown_column_is_refused() -> None:
    with pytest.raises(ValidationError, match="--image: unknown column 'foto'"):
        Attachments(["foto"]).check(open_values([{"photo": "a.png"}]))
