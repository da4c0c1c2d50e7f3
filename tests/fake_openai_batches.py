"""OpenAI's batch API on loopback, and those of vendors with its shape."""

import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from fake_batches import End, FakeBatch, FakeBatches, FakeFile, form_of, time_text
from loopback import Answer, Request, as_json


class FakeOpenAI(FakeBatches):
    """OpenAI, and the vendors with the shape of its batches."""

    provider = "openai"
    base = "/v1"
    purpose = "batch"
    jobs = "/batches"
    most_requests = 50_000
    most_bytes = 200_000_000
    endpoints: Sequence[str] = ("/v1/chat/completions", "/v1/responses", "/v1/embeddings")
    fields = frozenset(
        {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"}
    )
    output_names = ("output_file_id", "error_file_id")
    # OpenAI names no file with an empty text or with null.
    no_file: str | None = None
    # True if what is too much at a time is refused, and not made a batch that fails.
    refuses_at_once = False
    # The IDs of requests with which a whole batch fails.
    unknown_rows: frozenset[str] | set[str] = frozenset()

    def answer(self, request: Request) -> Answer:  # noqa: PLR0911 -- one for each path
        path, _, query = request.path.removeprefix(self.base).partition("?")
        match request.method, path.strip("/").split("/"):
            case "POST", ["files"]:
                return self.upload(request)
            case "GET", ["files"]:
                listed = [{"id": each.id, "filename": each.name} for each in self.files.values()]
                return as_json({"data": listed[::-1], "has_more": False})
            case "DELETE", ["files", id_]:
                if id_ not in self.files:
                    return self.error(404, "no such file")
                self.deleted.append(id_)
                del self.files[id_]
                return as_json({"id": id_, "deleted": True})
            case "GET", ["files", id_, "content"]:
                if id_ not in self.files:
                    return self.error(404, "no such file")
                return Answer([self.files[id_].data], 200, {"content-type": "application/jsonl"})
        return self.of_jobs(request, path.removeprefix(self.jobs).strip("/"), query)

    def of_jobs(self, request: Request, rest: str, query: str) -> Answer:
        match request.method, rest.split("/"):
            case "POST", [""]:
                return self.create(request.json)
            case "GET", [""]:
                return self.listed(query)
            case "GET", [id_] if id_ in self.batches:
                return as_json(self.shown(self.batches[id_]))
            case "POST", [id_, "cancel"] if id_ in self.batches:
                batch = self.batches[id_]
                if self.phase(batch) != "open":
                    return self.error(409, "it has ended")
                batch.cancelled = self.clock.time
                return as_json(self.shown(batch))
        return self.error(404, f"no such batch: {rest}")

    def upload(self, request: Request) -> Answer:
        fields, name, data = form_of(request)
        if fields != {"purpose": self.purpose} or not name.endswith(".jsonl"):
            return self.error(400, f"wrong form: {fields}, {name}")
        if len(data) > self.most_bytes:
            return self.error(413, "too large")
        file = FakeFile(self.new_id("file"), name, data, self.purpose)
        self.files[file.id] = file
        return as_json({"id": file.id, "filename": name, "bytes": len(data), "object": "file"})

    def create(self, new: dict[str, Any]) -> Answer:
        if not new.keys() <= self.fields or new["input_file_id"] not in self.files:
            return self.error(400, f"wrong batch: {new}")
        if new.get("completion_window", "24h") != "24h" or new["endpoint"] not in self.endpoints:
            return self.error(400, f"wrong batch: {new}")
        if self.refuses_at_once and self.at_work() >= self.queue:
            return self.error(429, "too many tokens enqueued")
        tag = new.get("metadata", {}).get("llmring")
        batch = self.made(self.files[new["input_file_id"]], new["endpoint"], tag)
        return as_json(self.created(batch))

    def made(
        self, file: FakeFile, endpoint: str, tag: str | None, model: str | None = None
    ) -> FakeBatch:
        requests, fault = self.validated(file.data, endpoint, model)
        if fault is None and self.at_work() + len(requests) > self.queue:
            fault = ("token_limit_exceeded", "Enqueued token limit reached", None)
        batch = FakeBatch(self.new_id("batch"), self.clock.time, self.takes, requests)
        batch.tag, batch.file, batch.fault, batch.endpoint = tag, file.id, fault, endpoint
        batch.model = model or ""
        self.batches[batch.id] = batch
        return batch

    def created(self, batch: FakeBatch) -> dict[str, Any]:
        return self.shown(batch)

    def validated(
        self, data: bytes, endpoint: str, model: str | None
    ) -> tuple[dict[str, dict[str, Any]], tuple[str, str, int | None] | None]:
        requests: dict[str, dict[str, Any]] = {}
        lines = data.splitlines()
        if not lines or len(lines) > self.most_requests:
            return {}, ("empty_file" if not lines else "too_many_requests", "wrong count", None)
        models = set()
        for number, line in enumerate(lines, 1):
            try:
                each = json.loads(line)
                fault = self.line_fault(each, endpoint)
            except (ValueError, KeyError) as error:
                return {}, ("invalid_json_line", str(error), number)
            if each["custom_id"] in requests:
                fault = "duplicate_custom_id"
            if fault is not None:
                return {}, (fault, f"line {number}", number)
            models.add(each["body"].get("model"))
            requests[each["custom_id"]] = each["body"]
        if len(models) != 1:
            return {}, ("model_mismatch", "one model a file", None)
        return requests, None

    def line_fault(self, line: dict[str, Any], endpoint: str) -> str | None:
        if line.keys() != {"custom_id", "method", "url", "body"} or line["method"] != "POST":
            return "invalid_json_line"
        if line["custom_id"] in self.unknown_rows:
            return "model_not_found"
        if line["url"] != endpoint:
            return "url_mismatch"
        return "invalid_request" if line["body"].get("stream") else None

    def listed(self, query: str) -> Answer:
        after = re.search(r"after=([^&]+)", query)
        batches = sorted(self.batches.values(), key=lambda each: each.id, reverse=True)
        if after is not None:
            batches = [each for each in batches if each.id < after[1]]
        page, more = batches[:2], len(batches) > 2
        data = [self.shown(each) for each in page]
        return as_json(
            {
                "object": "list",
                "data": data,
                "has_more": more,
                "last_id": page[-1].id if page else None,
            }
        )

    states: ClassVar[dict[str, str]] = {
        "failed": "failed",
        "open": "in_progress",
        "done": "completed",
        "expired": "expired",
        "cancelling": "cancelling",
        "cancelled": "cancelled",
    }

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        phase = self.phase(batch)
        shown: dict[str, Any] = {
            "id": batch.id,
            "object": "batch",
            "endpoint": batch.endpoint,
            "input_file_id": batch.file,
            "status": self.states[phase],
            "created_at": int(batch.created),
            "metadata": {"llmring": batch.tag} if batch.tag else None,
            "output_file_id": self.no_file,
            "error_file_id": self.no_file,
            "errors": None,
        }
        if phase == "failed" and batch.fault is not None:
            code, message, line = batch.fault
            error = {"code": code, "message": message, "line": line, "param": None}
            shown["errors"] = {"object": "list", "data": [error]}
        if phase in ("done", "expired", "cancelled"):
            self.write_outputs(batch)
            shown |= batch.outputs
            good = sum(isinstance(end, tuple) and end[0] == 200 for end in batch.ends.values())
            total = len(batch.requests)
            shown["request_counts"] = {"total": total, "completed": good, "failed": total - good}
            shown["completed_at"] = int(self.clock.time)
        return shown

    def write_outputs(self, batch: FakeBatch) -> None:
        self.settle(batch)
        if batch.outputs:
            return
        good: list[bytes] = []
        bad: list[bytes] = []
        for id_, end in self.reversed_ends(batch):
            line = self.result_line(id_, end)
            if line is not None:
                (good if isinstance(end, tuple) and end[0] == 200 else bad).append(line)
        for kind, lines in zip(self.output_names, (good, bad), strict=True):
            if lines:
                data = b"".join(line + b"\n" for line in lines)
                file = FakeFile(self.new_id("file"), f"{batch.id}-{kind}.jsonl", data, "output")
                self.files[file.id] = file
                batch.outputs[kind] = file.id

    def result_line(self, id_: str, end: End) -> bytes | None:
        if end == "missing":
            return None
        if end == "garbled":
            return b'{"custom_id": "' + id_.encode() + b'", "resp'
        if isinstance(end, str):
            error = {"code": f"batch_{end}", "message": "This request was not done"}
            return json.dumps(
                {"id": "r", "custom_id": id_, "response": None, "error": error}
            ).encode()
        status, body = end
        head = json.dumps({"id": "r", "custom_id": id_, "error": None})[:-1]
        return (
            f'{head}, "response": {{"status_code": {status}, "request_id": "q", "body": '.encode()
            + body
            + b"}}"
        )


class FakeGroq(FakeOpenAI):
    provider = "groq"
    base = "/openai/v1"
    most_bytes = 100_000_000
    endpoints = ("/v1/chat/completions",)
    fields = frozenset({"input_file_id", "endpoint", "completion_window", "metadata"})
    no_file = ""


class FakeTogether(FakeOpenAI):
    provider = "together"
    purpose = "batch-api"
    refuses_at_once = True
    most_bytes = 100_000_000
    endpoints = ("/v1/chat/completions",)
    fields = frozenset({"input_file_id", "endpoint", "completion_window", "model_id", "priority"})
    states: ClassVar[dict[str, str]] = {
        name: state.upper() for name, state in FakeOpenAI.states.items()
    }

    def listed(self, query: str) -> Answer:
        assert not query
        return as_json([self.shown(each) for each in self.batches.values()])

    def created(self, batch: FakeBatch) -> dict[str, Any]:
        return {"job": self.shown(batch), "warning": None}

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        shown = super().shown(batch)
        errors = shown.pop("errors")
        if errors is not None:
            shown["error"] = errors["data"][0]["message"]
        del shown["metadata"]
        return {**shown, "created_at": time_text(batch.created)}


class FakeMistral(FakeOpenAI):
    provider = "mistral"
    jobs = "/batch/jobs"
    endpoints = ("/v1/chat/completions", "/v1/embeddings")
    output_names = ("output_file", "error_file")
    states: ClassVar[dict[str, str]] = {
        "failed": "FAILED",
        "open": "RUNNING",
        "done": "SUCCESS",
        "expired": "TIMEOUT_EXCEEDED",
        "cancelling": "CANCELLATION_REQUESTED",
        "cancelled": "CANCELLED",
    }

    def create(self, new: dict[str, Any]) -> Answer:
        allowed = {"input_files", "endpoint", "model", "metadata", "timeout_hours"}
        if new.keys() != allowed or new["endpoint"] not in self.endpoints:
            return self.error(422, f"wrong job: {new}")
        [file] = new["input_files"]
        batch = self.made(
            self.files[file], new["endpoint"], new["metadata"]["llmring"], new["model"]
        )
        return as_json(self.shown(batch))

    def line_fault(self, line: dict[str, Any], endpoint: str) -> str | None:
        good = line.keys() == {"custom_id", "body"} and "model" not in line["body"]
        return None if good else "invalid_json_line"

    def listed(self, query: str) -> Answer:
        found = re.search(r"page=(\d+)$", query)
        assert found is not None
        data = [self.shown(each) for each in self.batches.values()] if found[1] == "0" else []
        return as_json({"object": "list", "data": data, "total": len(self.batches)})

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        shown = super().shown(batch)
        counts = shown.pop("request_counts", {"total": len(batch.requests)})
        del shown["input_file_id"], shown["output_file_id"], shown["error_file_id"]
        errors = shown.pop("errors")
        return {
            "output_file": None,
            "error_file": None,
            **shown,
            "object": "batch",
            "input_files": [batch.file],
            "model": batch.model,
            "errors": [
                {"message": each["message"], "code": each["code"], "count": 1}
                for each in (errors or {"data": []})["data"]
            ],
            "total_requests": counts["total"],
            "succeeded_requests": counts.get("completed", 0),
            "failed_requests": counts.get("failed", 0),
        }
