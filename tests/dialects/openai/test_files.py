"""OpenAI's file store."""

from llmring.dialects.dialect import FileContent, FileStore
from llmring.dialects.openai.files import CHAT_FILES, RESPONSES_FILES


def takes(store: FileStore, media_type: str) -> bool:
    return media_type.startswith(store.media_types)


def test_a_file_is_uploaded_as_user_data() -> None:
    file = FileContent(name="a.pdf", media_type="application/pdf", data=b"%PDF")

    outgoing = CHAT_FILES.upload(file)

    assert (outgoing.method, outgoing.path) == ("POST", "/files")
    assert b'name="purpose"\r\n\r\nuser_data\r\n' in (outgoing.body or b"")
    assert b'name="file"; filename="a.pdf"' in (outgoing.body or b"")


def test_a_file_is_deleted_by_its_id() -> None:
    outgoing = CHAT_FILES.delete("file-1/../x")

    assert (outgoing.method, outgoing.path) == ("DELETE", "/files/file-1%2F..%2Fx")


def test_chat_completions_accepts_only_pdfs() -> None:
    assert takes(CHAT_FILES, "application/pdf")
    assert not takes(CHAT_FILES, "image/png")
    assert not takes(CHAT_FILES, "text/plain")
    assert all(takes(RESPONSES_FILES, kind) for kind in ("application/pdf", "image/png"))
    assert not takes(RESPONSES_FILES, "audio/wav")
