"""Submission of parts: uploaded, and their batches created, each exactly once."""

from __future__ import annotations

from llmring.batch.vendors.batch_search import BatchSearch, UnclearBatchError
from llmring.batch.vendors.vendor_door import may_have_acted
from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_progress import BatchPart
from llmring.dialects.batches.batch_api import BatchState, NewBatch
from llmring.dialects.dialect import FileContent
from llmring.exceptions import ProviderError, ProviderRateLimitError

# A part that the vendor did not take is sent again after this many seconds, then twice as many.
_QUEUE_SECONDS = 600.0
_MOST_QUEUE_SECONDS = 3600.0
_TRIES = 3


class Submission:
    """Submits the parts of a job.

    Args:
        job: The job.
        resubmit: True if a part is sent again where it is unclear whether it was sent.
    """

    def __init__(self, job: VendorJob, *, resubmit: bool) -> None:
        self._job = job
        self._api = job.api
        self._resubmit = resubmit
        self._search = BatchSearch(job)

    async def send(self) -> None:
        """Send all parts that are not at the vendor, in order, up to one that it does not take.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent.
            ProviderError: The vendor can't be asked, or refuses a part.
        """
        for part in self._job.parts():
            if part.is_collected or part.batch is not None:
                continue
            if part.queued_until is not None and self._job.clock.now() < part.queued_until:
                return
            self._check_key(part)
            # Another account may not have the file.
            is_there = part.file is not None and part.file_mark == self._job.mark
            if self._api.files is not None and not is_there and not await self._upload(part):
                return
            if not await self._create(part):
                return

    def _check_key(self, part: BatchPart) -> None:
        """Check that a part was not being sent with another key.

        Raises:
            UnclearBatchError: It was, so that this key can't find its batch.
        """
        if part.creating is not None and part.mark != self._job.mark and not self._resubmit:
            raise UnclearBatchError(
                f"part {part.number}: it was being sent with another key when the job was stopped; "
                "set that key, or resume with resubmit (--resubmit) to send the part again"
            )

    async def find(self, part: BatchPart) -> bool:
        """Find the batch of a part whose creation was interrupted; return True if there is one.

        Raises:
            UnclearBatchError: The vendor's list does not settle it.
        """
        self._check_key(part)
        return await self._take_created(part)

    def queue(self, part: BatchPart, reason: str) -> None:
        """Note that the vendor has too much at work to take a part now."""
        seconds = min(_QUEUE_SECONDS * 2.0**part.queued, _MOST_QUEUE_SECONDS)
        self._job.note("queued", part, until=self._job.clock.now() + seconds, reason=reason)

    def hurry(self) -> None:
        """Let parts that wait be sent at once, as a batch has ended."""
        for part in self._job.parts():
            if part.queued_until is not None:
                part.queued_until = min(part.queued_until, self._job.clock.now())

    def file_name(self, part: BatchPart) -> str:
        """Return the name of the uploaded file of a part."""
        return f"llmring-{self._job.progress.job}-{part.number}.jsonl"

    async def _upload(self, part: BatchPart) -> bool:
        """Upload the file of a part; return False if the vendor does not take it now."""
        store, name = self._api.files, self.file_name(part)
        assert store is not None  # noqa: S101 -- as its caller has checked
        if part.uploading is not None and await self._take_uploaded(part, name):
            return True
        for turn in range(_TRIES):
            data = self._api.input_of(self._job.files.path(part.number, "lines").read_bytes())
            self._job.note("uploading", part, tag=name)
            try:
                content = FileContent(name=name, media_type=store.media_type, data=data)
                file = await self._job.door.once(store.upload(content), store.uploaded, large=True)
            except ProviderError as error:
                if isinstance(error, ProviderRateLimitError) or error.code in self._api.queues:
                    self.queue(part, error.message)
                    return False
                if turn == _TRIES - 1 or not may_have_acted(error):
                    raise
                await self._job.clock.sleep(5.0 * 2**turn)
                if await self._take_uploaded(part, name):
                    return True
            else:
                self._job.note("uploaded", part, file=file, mark=self._job.mark)
                return True
        return False

    async def _take_uploaded(self, part: BatchPart, name: str) -> bool:
        """Take a file whose upload was not noted; return True if there is one."""
        store = self._api.files
        assert store is not None  # noqa: S101 -- as above
        files = await self._job.door.pages(
            store.listing,
            store.listed,
            lambda page: any(each.name == name for each in page),
        )
        found = next((each.id for each in files if each.name == name), None)
        if found is not None:
            self._job.note("uploaded", part, file=found, mark=self._job.mark)
        return found is not None

    async def _create(self, part: BatchPart) -> bool:
        """Create the batch of a part; return False if the vendor does not take it now."""
        if part.creating is not None and await self._take_created(part):
            return True
        for turn in range(_TRIES):
            body = b""
            if self._api.files is None:
                body = self._api.input_of(self._job.files.path(part.number, "lines").read_bytes())
            new = NewBatch(
                tag=self._tag(part, part.tries + 1),
                model=part.api_model,
                path=part.path,
                file=part.file,
                body=body,
                headers=part.headers,
            )
            self._job.note("creating", part, tag=new.tag, mark=self._job.mark)
            try:
                state = await self._job.door.once(
                    self._api.create(new), self._api.state, large=bool(body)
                )
            except ProviderError as error:
                if isinstance(error, ProviderRateLimitError) or error.code in self._api.queues:
                    self.queue(part, error.message)
                    return False
                if turn == _TRIES - 1 or not may_have_acted(error):
                    raise
                await self._job.clock.sleep(5.0 * 2**turn)
                if await self._take_created(part):
                    return True
            else:
                self._created(part, state)
                return True
        return False

    async def _take_created(self, part: BatchPart) -> bool:
        """Take a batch that was created although that was not noted; return True if there is one.

        Raises:
            UnclearBatchError: The vendor's list does not settle it.
        """
        known = {id_ for each in self._job.parts() for id_ in each.known}
        try:
            state = await self._search.find(part, self._tag(part, part.tries), known)
        except UnclearBatchError:
            if not self._resubmit:
                raise
            return False
        if state is not None:
            self._created(part, state)
        return state is not None

    def _created(self, part: BatchPart, state: BatchState) -> None:
        self._job.note("created", part, batch=state.id, mark=self._job.mark)
        self._job.note("state", part, batch=state.id, state=state)

    def _tag(self, part: BatchPart, tries: int) -> str:
        return f"llmring-{self._job.progress.job}-{part.number}-{tries}"
