"""Google's batch API on loopback."""

import json
from typing import Any, ClassVar

from fake_batches import KEY, FakeBatch, FakeBatches, FakeFile, time_text
from llmring.dialects.gemini.encode_reply import ENCODING as GEMINI
from loopback import Answer, Request, as_json


class FakeGemini(FakeBatches):
    """Google's batches of Gemini."""

    provider = "google"
    encoding = GEMINI
    states: ClassVar[dict[str, str]] = {
        "failed": "BATCH_STATE_FAILED",
        "open": "BATCH_STATE_RUNNING",
        "done": "BATCH_STATE_SUCCEEDED",
        "expired": "BATCH_STATE_EXPIRED",
        "cancelling": "BATCH_STATE_RUNNING",
        "cancelled": "BATCH_STATE_CANCELLED",
    }

    def is_allowed(self, request: Request) -> bool:
        return request.headers.get("x-goog-api-key") == KEY

    def error(self, status: int, message: str, code: str | None = None) -> Answer:
        return as_json({"error": {"code": status, "message": message, "status": code}}, status)

    def answer(self, request: Request) -> Answer:  # noqa: C901, PLR0911 -- one for each path
        path = request.path.partition("?")[0]
        match request.method, path.strip("/").split("/"):
            case "POST", ["upload", "v1beta", "files"]:
                return self.upload(request)
            case "GET", ["v1beta", "files"]:
                listed = [
                    {"name": each.id, "displayName": each.name} for each in self.files.values()
                ]
                return as_json({"files": listed})
            case "DELETE", ["v1beta", "files", id_]:
                if self.files.pop(f"files/{id_}", None) is None:
                    return self.error(403, "no such file, or no permission", "PERMISSION_DENIED")
                self.deleted.append(f"files/{id_}")
                return as_json({})
            case "POST", ["v1beta", "models", call]:
                return self.create(call, request.json)
            case "GET", ["v1beta", "batches"]:
                shown = [self.shown(each) for each in self.batches.values()]
                return as_json({"operations": shown})
            case "GET", ["v1beta", "batches", id_]:
                return as_json(self.shown(self.batches[f"batches/{id_}"]))
            case "POST", ["v1beta", "batches", call]:
                batch = self.batches[f"batches/{call.removesuffix(':cancel')}"]
                batch.cancelled = self.clock.time
                return as_json({})
            case "GET", ["download", "v1beta", "files", call]:
                assert request.path.endswith(":download?alt=media")
                file = self.files.get(f"files/{call.removesuffix(':download')}")
                if file is None:
                    return self.error(403, "no such file, or no permission", "PERMISSION_DENIED")
                return Answer([file.data], 200, {})
        return self.error(404, f"no such path {path}", "NOT_FOUND")

    def upload(self, request: Request) -> Answer:
        boundary = request.headers["content-type"].rpartition("boundary=")[2].encode()
        _, about, content, _ = request.body.split(b"--" + boundary)
        name = json.loads(about.partition(b"\r\n\r\n")[2])["file"]["display_name"]
        data = content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        file = FakeFile(self.new_id("files/f"), name, data)
        self.files[file.id] = file
        return as_json({"file": {"name": file.id, "uri": f"{self.url}/v1beta/{file.id}"}})

    def create(self, call: str, new: dict[str, Any]) -> Answer:
        model, _, method = call.partition(":")
        field = {"batchGenerateContent": "contents", "asyncBatchEmbedContent": "content"}[method]
        batch_fields = new["batch"]
        if batch_fields.keys() != {"displayName", "inputConfig"}:
            return self.error(400, f"wrong batch {new}", "INVALID_ARGUMENT")
        file = self.files[batch_fields["inputConfig"]["fileName"]]
        requests = {}
        for line in file.data.splitlines():
            each = json.loads(line)
            assert each.keys() == {"key", "request"}
            assert field in each["request"]
            requests[each["key"]] = each["request"]
        if self.at_work() + len(requests) > self.queue:
            return self.error(429, "quota", "RESOURCE_EXHAUSTED")
        batch = FakeBatch(self.new_id("batches/b"), self.clock.time, self.takes, requests)
        batch.tag, batch.file, batch.model = batch_fields["displayName"], file.id, model
        self.batches[batch.id] = batch
        return as_json(self.shown(batch))

    def shown(self, batch: FakeBatch) -> dict[str, Any]:
        phase = self.phase(batch)
        metadata: dict[str, Any] = {
            "displayName": batch.tag,
            "model": f"models/{batch.model}",
            "state": self.states[phase],
            "createTime": time_text(batch.created),
            "inputConfig": {"fileName": batch.file},
            "batchStats": {"requestCount": str(len(batch.requests))},
        }
        shown: dict[str, Any] = {"name": batch.id, "metadata": metadata, "done": False}
        if phase in ("done", "cancelled", "expired"):
            self.settle(batch)
            metadata["endTime"] = time_text(self.clock.time)
            shown["done"] = True
            # What has expired has no results.
            if phase != "expired":
                if "all" not in batch.outputs:
                    file = FakeFile(self.new_id("files/out"), "", self.results(batch))
                    self.files[file.id] = file
                    batch.outputs["all"] = file.id
                shown["response"] = {"responsesFile": batch.outputs["all"]}
                metadata["output"] = {"responsesFile": batch.outputs["all"]}
        return shown

    def results(self, batch: FakeBatch) -> bytes:
        lines = []
        for id_, end in self.reversed_ends(batch):
            if end in ("missing", "expired"):
                continue
            if end == "garbled":
                lines.append(b'{"key": "' + id_.encode() + b'", "resp')
            elif isinstance(end, str):
                error = {"code": 1, "message": "cancelled"}
                lines.append(json.dumps({"key": id_, "error": error}).encode())
            elif end[0] == 200:
                lines.append(f'{{"key": "{id_}", "response": '.encode() + end[1] + b"}")
            else:
                lines.append(f'{{"key": "{id_}", "error": '.encode() + end[1] + b"}")
        return b"".join(line + b"\n" for line in lines)
