"""The simulated vendors of the demo, read by llmring's own dialects."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from llmring import (
    LLMRing,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderResponseError,
)
from llmring.testing.fake_vendors import PROMPT_TOKENS, VENDORS, DemoServer

TEXT = "Words and more words."


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


@pytest.fixture
def ring(server: DemoServer, tmp_path: Path) -> Iterator[LLMRing]:
    path = write(lockfile_of(), str(tmp_path / "llmring.lock"))
    with LLMRing(path, environ=server.environ() | {"LLMRING_RETRIES": "0"}) as ring:
        yield ring


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_planned_answer_is_received_whole(server: DemoServer, ring: LLMRing, vendor: str) -> None:
    server.plan(vendor, "answers", TEXT)

    answer = ring.chat(f"{vendor}:any", "Hello").result()

    assert (answer.content, answer.finish_reason) == (TEXT, "stop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (PROMPT_TOKENS, 4)


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_is_streamed_word_by_word(server: DemoServer, ring: LLMRing, vendor: str) -> None:
    server.plan(vendor, "answers", TEXT)

    chunks = list(ring.chat_stream(f"{vendor}:any", "Hello"))

    assert [chunk.delta for chunk in chunks if chunk.delta] == ["Words", " and", " more", " words."]
    assert chunks[-1].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == PROMPT_TOKENS + 4


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stream_may_break_off_after_its_text(
    server: DemoServer, ring: LLMRing, vendor: str
) -> None:
    server.plan(vendor, "breaks", TEXT)
    shown: list[str] = []

    with pytest.raises(ProviderError):
        shown.extend(chunk.delta for chunk in ring.chat_stream(f"{vendor}:any", "Hello"))

    assert "".join(shown) == TEXT


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("status", [429, 500, 529])
def test_a_planned_error_has_its_status_and_message(
    server: DemoServer, ring: LLMRing, vendor: str, status: int
) -> None:
    server.plan(vendor, "429" if status == 429 else "500" if status == 500 else "529", "Not now")

    with pytest.raises(ProviderError) as caught:
        ring.chat(f"{vendor}:any", "Hello").result()

    kind = ProviderRateLimitError if status == 429 else ProviderResponseError
    assert isinstance(caught.value, kind)
    assert (caught.value.status, caught.value.provider_message) == (status, "Not now")
    assert caught.value.retry_after == (2 if status == 429 else None)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_planned_cut_raises_a_connection_error(
    server: DemoServer, ring: LLMRing, vendor: str
) -> None:
    server.plan(vendor, "cut", TEXT)

    with pytest.raises(ProviderConnectionError):
        list(ring.chat_stream(f"{vendor}:any", "Hello"))


def test_a_vendor_without_a_plan_answers_normally(ring: LLMRing) -> None:
    assert ring.chat("openai:any", "Hello").content == "Hello!"


def test_a_plan_applies_to_one_request(server: DemoServer, ring: LLMRing) -> None:
    server.plan("openai", "500", "Not now")

    with pytest.raises(ProviderResponseError):
        ring.chat("openai:any", "Hello").result()
    assert ring.chat("openai:any", "Hello").content == "Hello!"
