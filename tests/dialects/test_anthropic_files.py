"""How Anthropic keeps files."""

from llmring.dialects.anthropic_files import FILES
from llmring.dialects.dialect import FileContent


def test_a_file_is_brought_as_a_form_with_nothing_else_in_it() -> None:
    outgoing = FILES.upload(FileContent(name="a.png", media_type="image/png", data=b"\x89PNG"))

    assert (outgoing.method, outgoing.path) == ("POST", "/v1/files")
    assert (outgoing.body or b"").count(b"Content-Disposition") == 1
    assert outgoing.content_type.startswith("multipart/form-data; boundary=")


def test_every_request_asks_for_the_beta() -> None:
    file = FileContent(name="a.png", media_type="image/png", data=b"\x89PNG")

    for outgoing in (FILES.upload(file), FILES.delete("file_1")):
        assert outgoing.headers == {"anthropic-beta": "files-api-2025-04-14"}


def test_a_file_is_removed_by_its_id() -> None:
    assert FILES.delete("file_1").path == "/v1/files/file_1"
    assert FILES.delete("file_1").method == "DELETE"


def test_what_models_can_not_read_is_not_kept() -> None:
    assert "application/pdf".startswith(FILES.media_types)
    assert not "text/csv".startswith(FILES.media_types)
    assert not "image/tiff".startswith(FILES.media_types)
