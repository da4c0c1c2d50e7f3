"""Anthropic's batch API on loopback."""

import json
import re
from typing import Any

from fake_batches import DAY, KEY, End, FakeBatch, FakeBatches, time_text
from llmring.dialects.anthropic.encode_reply import ENCODING as ANTHROPIC
from loopback import Answer, Request, as_json


class FakeAnthropic(FakeBatches):
    """Anthropic's Message Batches."""

    provider = "anthropic"
    encoding = ANTHROPIC

    def is_allowed(self, request: Request) -> bool:
        version = request.headers.get("anthropic-version")
        return request.headers.get("x-api-key") == KEY and version == "2023-06-01"

    def error(self, status: int, message: str, code: str | None = None) -> Answer:
        kind = code or "invalid_request_error"
        return as_json({"type": "error", "error": {"type": kind, "message": message}}, status)

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 -- one for each path
        path, _, query = request.path.partition("?")
        rest = path.removeprefix("/v1/messages/batches").strip("/")
        match request.method, rest.split("/"):
            case "POST", [""]:
                return self.create(request.json)
            case "GET", [""]:
                return self.listed(query)
            case "GET", [id_] if id_ in self.batches:
                return as_json(self.shown(self.batches[id_]))
            case "POST", [id_, "cancel"] if id_ in self.batches:
                self.batches[id_].cancelled = self.clock.time
                return as_json(self.shown(self.batches[id_]))
            case "GET", [id_, "results"] if id_ in self.batches:
                batch = self.batches[id_]
                if self.clock.time > batch.created + 29 * DAY:
                    return self.error(404, "archived", "not_found_error")
                lines = [
                    line
                    for each, end in self.reversed_ends(batch)
                    if (line := self.result_line(each, end)) is not None
                ]
                return Answer([b"".join(line + b"\n" for line in lines)], 200, {})
        return self.error(404, "no such batch", "not_found_error")

    def create(self, new: dict[str, Any]) -> Answer:
        requests: dict[str, dict[str, Any]] = {}
        for each in new["requests"]:
            id_, params = each["custom_id"], each["params"]
            if not re.fullmatch("[a-zA-Z0-9_-]{1,64}", id_) or id_ in requests:
                return self.error(400, f"wrong ID {id_}")
            if params.get("stream") or "max_tokens" not in params:
                return self.error(400, "wrong params")
            requests[id_] = params
        if new.keys() != {"requests"} or not 1 <= len(requests) <= 100_000:
            return self.error(400, "wrong batch")
        if self.at_work() + len(requests) > self.queue:
            return self.error(429, "too many requests in the queue", "rate_limit_error")
        batch = FakeBatch(self.new_id("msgbatch"), self.clock.time, self.takes, requests)
        self.batches[batch.id] = batch
        return as_json(self.shown(batch))

    def listed(self, query: str) -> Answer:
        after = re.search(r"after_id=([^&]+)", query)
        batches = sorted(self.batches.values(), key=lambda each: each.id, reverse=True)
        if after is not None:
            batches = [each for each in batches if each.id < after[1]]
        page = batches[:2]
        return as_json(
            {
                "data": [self.shown(each) for each in page],
                "has_more": len(batches) > 2,
                "last_id": page[-1].id if page else None,
            }
        )

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        phase = self.phase(batch)
        total = len(batch.requests)
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        shown: dict[str, Any] = {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "in_progress",
            "created_at": time_text(batch.created),
            "ended_at": None,
            "results_url": None,
            "request_counts": {**counts, "processing": total},
        }
        if phase == "cancelling":
            shown["processing_status"] = "canceling"
        elif phase != "open":
            self.settle(batch)
            shown["processing_status"] = "ended"
            shown["ended_at"] = time_text(self.clock.time)
            shown["results_url"] = f"{self.url}/v1/messages/batches/{batch.id}/results"
            good = sum(isinstance(end, tuple) and end[0] == 200 for end in batch.ends.values())
            name = {"cancelled": "canceled", "expired": "expired"}.get(phase, "errored")
            shown["request_counts"] = {**counts, "succeeded": good, name: total - good}
        return shown

    def result_line(self, id_: str, end: End) -> bytes | None:
        if end == "missing":
            return None
        if end == "garbled":
            return b'{"custom_id": "' + id_.encode() + b'", "resu'
        if isinstance(end, str):
            kind = "canceled" if end == "cancelled" else end
            return json.dumps({"custom_id": id_, "result": {"type": kind}}).encode()
        status, body = end
        kind, name = ("succeeded", "message") if status == 200 else ("errored", "error")
        return (
            f'{{"custom_id": "{id_}", "result": {{"type": "{kind}", "{name}": '.encode()
            + body
            + b"}}"
        )
