"""The output lines of OpenAI's batches, made of outcomes.

A row that was refused has a status of 400 or more and the error in `body`, as OpenAI has it.
https://platform.openai.com/docs/guides/batch#5-retrieve-the-results
https://platform.openai.com/docs/api-reference/batch/request-output
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.batch.outcome import RowOutcome
from llmring.batch.output.arrow_values import as_json

_REFUSED = 400
_FAILED = 500


def batch_line(values: Mapping[str, Any], outcome: RowOutcome) -> dict[str, Any]:
    """Return the output line of a row.

    Args:
        values: The row's columns; `custom_id` and `url` are read, if it has them.
        outcome: Its outcome.
    """
    custom_id, url = values.get("custom_id"), values.get("url")
    if outcome.status == "failed":
        status, body = _error_status(outcome), _error_body(outcome)
    elif outcome.vectors is not None:
        status, body = 200, _embedding_body(outcome)
    elif isinstance(url, str) and url.endswith("/responses"):
        status, body = 200, _responses_body(outcome)
    else:
        status, body = 200, _chat_body(outcome)
    return {
        "id": f"batch_req_{outcome.ordinal}",
        "custom_id": outcome.id if custom_id is None else str(custom_id),
        "response": {
            "status_code": status,
            "request_id": f"req_{outcome.ordinal}",
            "body": body,
        },
        "error": None,
    }


def _error_status(outcome: RowOutcome) -> int:
    if outcome.http_status is not None and outcome.http_status >= _REFUSED:
        return outcome.http_status
    # Without a response: a row that could not be asked, or a provider that did not answer.
    return _FAILED if outcome.attempts else _REFUSED


def _error_body(outcome: RowOutcome) -> dict[str, Any]:
    error = {
        "message": outcome.error,
        "type": outcome.error_class,
        "param": None,
        "code": None,
    }
    return {"error": error}


def _chat_body(outcome: RowOutcome) -> dict[str, Any]:
    message = {"role": "assistant", "content": _text(outcome), "refusal": None}
    body: dict[str, Any] = {
        "id": f"chatcmpl-{outcome.ordinal}",
        "object": "chat.completion",
        "created": 0,
        "model": _model(outcome),
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": outcome.finish_reason or "stop",
            }
        ],
    }
    if outcome.tokens_in is not None and outcome.tokens_out is not None:
        body["usage"] = {
            "prompt_tokens": outcome.tokens_in,
            "completion_tokens": outcome.tokens_out,
            "total_tokens": outcome.tokens_in + outcome.tokens_out,
            "prompt_tokens_details": {"cached_tokens": outcome.tokens_cached},
        }
    return body


def _responses_body(outcome: RowOutcome) -> dict[str, Any]:
    annotations: list[Any] = []
    part = {"type": "output_text", "text": _text(outcome), "annotations": annotations}
    is_cut = outcome.finish_reason == "length"
    status = "incomplete" if is_cut else "completed"
    body: dict[str, Any] = {
        "id": f"resp_{outcome.ordinal}",
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "model": _model(outcome),
        "output": [
            {
                "type": "message",
                "id": f"msg_{outcome.ordinal}",
                "status": status,
                "role": "assistant",
                "content": [part],
            }
        ],
    }
    if outcome.tokens_in is not None and outcome.tokens_out is not None:
        body["usage"] = {
            "input_tokens": outcome.tokens_in,
            "input_tokens_details": {"cached_tokens": outcome.tokens_cached},
            "output_tokens": outcome.tokens_out,
            "total_tokens": outcome.tokens_in + outcome.tokens_out,
        }
    return body


def _embedding_body(outcome: RowOutcome) -> dict[str, Any]:
    data = [
        {"object": "embedding", "index": at, "embedding": vector}
        for at, vector in enumerate(outcome.vectors or ())
    ]
    body: dict[str, Any] = {"object": "list", "model": _model(outcome), "data": data}
    if outcome.tokens_in is not None:
        body["usage"] = {"prompt_tokens": outcome.tokens_in, "total_tokens": outcome.tokens_in}
    return body


def _text(outcome: RowOutcome) -> str | None:
    if outcome.text is None and outcome.parsed is not None:
        return as_json(outcome.parsed)
    return outcome.text


def _model(outcome: RowOutcome) -> str | None:
    return outcome.served_model or outcome.model
