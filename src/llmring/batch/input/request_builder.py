"""The request of a row: a template filled with its values, or a request that the row holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from llmring.batch.input.request_digest import TextDigests, digest_of, request_digest
from llmring.batch.input.row_source import Row, RowSource
from llmring.batch.input.template import Template
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.chat.request import LLMRequest, Message
from llmring.exceptions import ValidationError


class GivenRequest(Struct, frozen=True):
    """A request that a row holds.

    Attributes:
        request: The request with its model; for embeddings, the model alone.
        texts: The texts to embed; None for a chat.
        dimensions: The number of dimensions of an embedding, if it is given.
    """

    request: LLMRequest
    texts: Sequence[str] | None = None
    dimensions: int | None = None


class ReadRequest(Protocol):
    """The reader of requests that rows hold."""

    def __call__(self, values: Mapping[str, Any]) -> GivenRequest:
        """Read the request of a row.

        Raises:
            ValidationError: The row holds no request.
        """


class RowAttachments(Struct, frozen=True):
    """The attachments of a row's message.

    Attributes:
        parts: The parts whose content is in the request itself.
        files: The paths or IDs of the others.
        marks: What they mean for the digest: the same for equal content.
    """

    parts: Sequence[Any]
    files: Sequence[str]
    marks: Sequence[Any]


class Enclose(Protocol):
    """Attaches the contents of columns to the message of a row."""

    def __call__(self, row: InputRow) -> RowAttachments:
        """Return what the row attaches.

        Raises:
            ValidationError: A file is missing, or can't be attached.
        """


class RequestBuilder:
    """Builds the requests of rows.

    Args:
        model: An alias or "provider:model", for all rows; None to take those that the rows hold.
        prompt: The message of the user; None if the rows hold their requests.
        system: The system message, if there is one.
        options: Other fields of `LLMRequest`, for all rows; they replace those that a row holds.
        read: Reads the requests that rows hold; needed without a prompt.
        enclose: Attaches files and images; None without.
        tags: Metadata of all requests, which don't count for their digests.

    Raises:
        ValidationError: An option is not valid, or there is neither a prompt nor a reader.
    """

    def __init__(
        self,
        model: str | None,
        *,
        prompt: Template | None = None,
        system: Template | None = None,
        options: Mapping[str, Any] | None = None,
        read: ReadRequest | None = None,
        enclose: Enclose | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        if prompt is None and read is None:
            raise ValidationError("a batch needs a prompt, or rows that hold their requests")
        # Formats and tools are parsed once here, and not again for each row.
        usual = LLMRequest(model=model, **(options or {}))
        self._options = {name: getattr(usual, name) for name in options or {}}
        self._tags = dict(tags or {})
        self._sent = dict(self._options)
        if tags:
            self._sent["metadata"] = {**(usual.metadata or {}), **tags}
        self._model = model
        self._prompt, self._system = prompt, system
        self._read, self._enclose = read, enclose
        roles = ["user"] if system is None else ["system", "user"]
        self._digests = TextDigests(usual, roles)
        self._has_schema = usual.output() is not None

    def check(self, source: RowSource) -> None:
        """Check that the columns of an input suffice, before anything is sent.

        Raises:
            ValidationError: A name in the prompt or in the system message is not a column.
        """
        for each in (self._prompt, self._system):
            if each is not None and source.columns:
                each.check(source.paths, source.columns)

    def build(self, row: Row) -> RowRequest | RowProblem:
        """Build the request of a row, or return the reason why it has none."""
        if isinstance(row, RowProblem):
            return row
        try:
            if self._prompt is None:
                return self._given(row)
            if self._enclose is None:
                return self._of_texts(row, self._prompt)
            return self._with_files(row, self._prompt, self._enclose(row))
        except ValidationError as error:
            return problem(row, str(error))

    def _of_texts(self, row: InputRow, prompt: Template) -> RowRequest:
        text = prompt.render(row.values)
        if self._system is None:
            texts, turns = [text], [Message("user", text)]
        else:
            first = self._system.render(row.values)
            texts = [first, text]
            turns = [Message("system", first), Message("user", text)]
        request = LLMRequest(model=self._model, messages=turns, **self._sent)
        digest = self._digests.digest(texts)
        return RowRequest(row, "chat", request, (), digest, self._has_schema)

    def _with_files(self, row: InputRow, prompt: Template, enclosed: RowAttachments) -> RowRequest:
        turns = [Message("user", [*enclosed.parts, prompt.render(row.values)])]
        if self._system is not None:
            turns.insert(0, Message("system", self._system.render(row.values)))
        options = {**self._sent}
        if enclosed.files:
            options["files"] = [*(options.get("files") or ()), *enclosed.files]
        request = LLMRequest(model=self._model, messages=turns, **options)
        # Without the paths and the bytes: the digest is of the content, wherever the files are.
        bare = LLMRequest(
            model=self._model, messages=[_without_parts(each) for each in turns], **self._options
        )
        digest = request_digest(bare, {"enclosed": enclosed.marks})
        return RowRequest(row, "chat", request, (), digest, self._has_schema)

    def _given(self, row: InputRow) -> RowRequest:
        if self._read is None:
            raise ValidationError("the row holds no request")
        given = self._read(row.values)
        model = self._model or given.request.model
        if not model:
            raise ValidationError("the request has no model; give one with --alias")
        fields = {name: getattr(given.request, name) for name in LLMRequest.__struct_fields__}
        request = LLMRequest(**{**fields, **self._options, "model": model})
        if given.texts is not None:
            plain = {"model": model, "input": given.texts, "dimensions": given.dimensions}
            return RowRequest(
                row,
                "embeddings",
                request,
                given.texts,
                digest_of(plain),
                dimensions=given.dimensions,
            )
        digest = request_digest(request)
        if self._tags:
            request.metadata = {**(request.metadata or {}), **self._tags}
        return RowRequest(row, "chat", request, (), digest, request.output() is not None)


def _without_parts(message: Message) -> Message:
    return Message(message.role, message.text)


def problem(row: InputRow, reason: str) -> RowProblem:
    """Return the problem of a row, with the digest of its values."""
    try:
        digest = digest_of(row.values)
    except (TypeError, ValueError, RecursionError):
        # Values of a program that JSON does not have.
        digest = digest_of(row.id)
    return RowProblem(row, f"{row.place}: {reason}", digest)
