"""Requests that rows hold: messages, a whole request, or a line of a vendor's batch file.

https://platform.openai.com/docs/guides/batch (`custom_id`, `method`, `url`, `body`)
https://docs.together.ai/docs/batch-inference and https://docs.mistral.ai/capabilities/batch
(`custom_id`, `body`)
https://platform.claude.com/docs/en/build-with-claude/batch-processing (`custom_id`, `params`)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from llmring.batch.input.request_builder import GivenRequest
from llmring.chat.json_text import json_bytes
from llmring.chat.request import LLMRequest
from llmring.chat.request_json import from_json
from llmring.dialects.openai.decode_embeddings import decode as decode_embedding
from llmring.dialects.request_decoding import ClientRequest
from llmring.exceptions import ValidationError
from llmring.providers.dialects import DialectName, dialect_named

ID_COLUMN = "custom_id"

_CHATS: Mapping[str, DialectName] = {
    "/v1/chat/completions": "openai_chat",
    "/v1/responses": "openai_responses",
}
_EMBEDDINGS = "/v1/embeddings"
_URLS = [*_CHATS, _EMBEDDINGS]
# A line without a URL, as some vendors have, is a chat.
_USUAL_URL = "/v1/chat/completions"

# Fields that change nothing in the answer, and that another vendor would refuse.
_IDLE_FIELDS = frozenset({"metadata", "safety_identifier", "service_tier", "store", "user"})


def is_batch_line(columns: Collection[str]) -> bool:
    """Return True if rows with these columns are lines of a vendor's batch file."""
    return ID_COLUMN in columns and ("body" in columns or "params" in columns)


def line_fault(values: Mapping[str, Any]) -> str | None:
    """Return why the address of a batch line can't be called; None if it can, or has none."""
    method, url = values.get("method"), values.get("url")
    if method is not None and method != "POST":
        return f"method is {method!r}; write POST"
    if url is not None and url not in _URLS:
        return f"url {url!r} is not one of {', '.join(_URLS)}; remove such lines"
    return None


class GivenRequests:
    """The reader of requests that rows hold.

    Args:
        form: The column that holds them: "messages", "request_json", "body" or "params".
        is_model: Returns True for the name of a model that can be called; None to take any.
    """

    def __init__(self, form: str, is_model: Callable[[str], bool] | None = None) -> None:
        self._form = form
        self._is_model = is_model
        self._models: set[str] = set()
        self._read = _READ[form]

    @classmethod
    def of(
        cls, columns: Collection[str], is_model: Callable[[str], bool] | None = None
    ) -> GivenRequests:
        """Return the reader for rows with these columns.

        Args:
            columns: The columns; empty if they are not known, for lines of OpenAI's batches.
            is_model: As for the class.

        Raises:
            ValidationError: No column holds requests.
        """
        for form in _READ:
            if form in columns:
                return cls(form, is_model)
        raise ValidationError(
            "no column holds requests: give --prompt, or a column named "
            f"{', '.join(list(_READ)[:-1])} or {list(_READ)[-1]}; the columns are: "
            f"{', '.join(columns) or 'none'}"
        )

    def __call__(self, values: Mapping[str, Any]) -> GivenRequest:
        """Read the request of a row; see `ReadRequest`."""
        held = values.get(self._form)
        if held is None or held == "":
            raise ValidationError(f"column {self._form!r} is empty; give a request")
        if isinstance(held, str):
            held = _parsed(held, self._form)
        given = self._read(held, values)
        name = given.request.model
        if name and name not in self._models:
            if self._is_model is not None and not self._is_model(name):
                raise ValidationError(
                    f"model {name!r} is not an alias, nor a model as provider:model; add the alias "
                    "to the lockfile, or replace the models of all lines with --alias"
                )
            self._models.add(name)
        return given


def _parsed(text: str, form: str) -> Any:
    if form == "messages" and not text.lstrip().startswith("["):
        return text
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"column {form!r} is not JSON: {error}") from None


def _messages(held: Any, values: Mapping[str, Any]) -> GivenRequest:
    model = values.get("model")
    return GivenRequest(LLMRequest(model if isinstance(model, str) else None, held))


def _whole_request(held: Any, _: Mapping[str, Any]) -> GivenRequest:
    if not isinstance(held, Mapping):
        raise ValidationError("request_json is not an object; write a request as JSON")
    fields = {name: value for name, value in held.items() if name != "model"}
    try:
        request = from_json("", fields)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise ValidationError(f"request_json is not a request: {error}") from None
    return GivenRequest(replace(request, model=held.get("model")))


def _openai_line(body: Any, values: Mapping[str, Any]) -> GivenRequest:
    fault = line_fault(values)
    if fault is not None:
        raise ValidationError(fault)
    url = values.get("url") or _USUAL_URL
    if url == _EMBEDDINGS:
        return _embedding(body)
    read = _decoded(_CHATS[url], body)
    own = {name: value for name, value in read.own.items() if name not in _IDLE_FIELDS}
    if read.one_call:
        own["parallel_tool_calls"] = False
    return _chat(read, own)


def _anthropic_line(params: Any, _: Mapping[str, Any]) -> GivenRequest:
    read = _decoded("anthropic", params)
    if read.one_call:
        raise ValidationError(
            "params.tool_choice.disable_parallel_tool_use can't be kept; leave it out"
        )
    own = {name: value for name, value in read.own.items() if name not in _IDLE_FIELDS}
    return _chat(read, own)


def _decoded(dialect: DialectName, body: Any) -> ClientRequest:
    if isinstance(body, Mapping):
        # An answer of a batch is never a stream.
        body = {name: value for name, value in body.items() if name != "stream"}
    return dialect_named(dialect).request_decoding()(json_bytes(body), {})


def _chat(read: ClientRequest, own: Mapping[str, Any]) -> GivenRequest:
    if read.answers != 1:
        raise ValidationError(
            f"n is {read.answers}, and a row has one answer; repeat the row under other IDs"
        )
    return GivenRequest(replace(read.request, model=read.model, extra_params=dict(own)))


def _embedding(body: Any) -> GivenRequest:
    read = decode_embedding(json_bytes(body), {})
    if read.required_own:
        raise ValidationError("input is tokens, which one model can read; give it as text")
    return GivenRequest(LLMRequest(read.model), read.texts, read.dimensions)


_READ: Mapping[str, Callable[[Any, Mapping[str, Any]], GivenRequest]] = {
    "body": _openai_line,
    "params": _anthropic_line,
    "request_json": _whole_request,
    "messages": _messages,
}
