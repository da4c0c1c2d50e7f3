"""The description of a job: what must be the same for a job that is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmring.batch.input.row_source import InputFingerprint
from llmring.chat.json_text import json_bytes


class JobDescription(Struct, frozen=True, kw_only=True):
    """The work of a job; a job with another description is another job.

    Attributes:
        inputs: The content of the inputs; empty where it is not known.
        parts: The parts of its requests, such as the alias and the prompt: each as it is shown, or
            a digest of it.
        ids: True if the rows have IDs of their own.
    """

    inputs: tuple[InputFingerprint, ...] = ()
    parts: Mapping[str, str] = {}
    ids: bool = False

    @property
    def knows_input(self) -> bool:
        """True if another input would be found by the content of the inputs."""
        return bool(self.inputs) and all(each.covers != "nothing" for each in self.inputs)

    def differences(self, other: JobDescription) -> list[str]:
        """Return the names of what differs."""
        names = list({**self.parts, **other.parts})
        found = [name for name in names if self.parts.get(name) != other.parts.get(name)]
        if self.inputs != other.inputs:
            found.append("the input")
        if self.ids != other.ids:
            found.append("the column of IDs")
        return found


class JobFile(Struct, frozen=True, kw_only=True):
    """The content of `job.json`.

    Attributes:
        id: The job's ID, which the tags of its calls have.
        description: What it does.
        first_results: The number of the first file of results that counts; those before are of
            earlier descriptions.
        spent_before: USD that was spent under earlier descriptions, without what is in the results
            that count, as a decimal number.
        unknown_before: Requests under earlier descriptions whose cost is unknown.
        settings: Plain values that the job's commands need again, such as the paths of the inputs.
        version: The version of this format.
    """

    id: str
    description: JobDescription
    first_results: int = 1
    spent_before: str = "0"
    unknown_before: int = 0
    settings: dict[str, Any] = {}
    version: int = 1


def digest_of(value: Any) -> str:
    """Return a short digest of plain values, the same on every machine."""
    return hashlib.blake2b(json_bytes(value), digest_size=8).hexdigest()


def shown_or_digest(value: Any, most: int = 80) -> str:
    """Return a value as text, or its digest if the text is long."""
    text = value if isinstance(value, str) else json_bytes(value).decode()
    return text if len(text) <= most else f"digest {digest_of(value)}"


def parts_of(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return the parts of a description from values that are set."""
    return {name: shown_or_digest(values[name]) for name in names if values.get(name) is not None}
