"""`llmring batch --mode provider-batch`, with fake vendors whose clock tests turn."""

import csv
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_jobs import TurnedClock
from batch_vendors import VENDORS
from fake_batches import HOUR, KEY, FakeBatches, whole
from llmring import LLMRing
from llmring.cli.batch.vendor_command import cancel_at_vendor
from llmring.cli.main import main
from loopback import Answer, Request
from rings import TODAY

MODELS = {"openai": "openai:gpt-4o-mini", "anthropic": "anthropic:claude-haiku-4-5"}
each_vendor = pytest.mark.parametrize("name", MODELS)
on_openai = pytest.mark.parametrize("name", ["openai"])

ERROR = b'{"error":{"message":"the server had an error","type":"server_error"}}'


@pytest.fixture
def vendor(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBatches]:
    # The command has the clock of the system.
    with VENDORS[name](TurnedClock(time.time())) as server:
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", server.url + server.base)
        monkeypatch.setenv(f"{name.upper()}_API_KEY", KEY)
        monkeypatch.setenv("LLMRING_TODAY", TODAY)
        yield server


@pytest.fixture
def words(name: str, tmp_path: Path) -> list[str]:
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "".join(f"n{number}\n" for number in range(4)))
    out = str(tmp_path / "out.csv")
    request = ["-m", MODELS[name], "-p", "{text}", "--max-tokens", "9", "-o", out]
    return ["batch", str(source), *request, "--mode", "provider-batch", "--progress", "none"]


def written(folder: Path) -> list[dict[str, str]]:
    return [*csv.DictReader((folder / "out.csv").read_text().splitlines())]


def interrupt_after_a_look(server: FakeBatches) -> None:
    """Send this process a Ctrl-C once a batch has been looked at."""
    while not any(each.startswith("GET /v1/batches/batch") for each in server.asked):
        time.sleep(0.02)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)


def live(server: FakeBatches, text: str) -> None:
    """Let a vendor answer live calls, too."""
    of_batches = server.answer

    def answer(request: Request) -> Answer:
        if request.path.endswith(("/chat/completions", "/v1/messages", "/responses")):
            return Answer([whole(server.encoding, text)], 200, {"content-type": "application/json"})
        return of_batches(request)

    server.answer = answer  # type: ignore[method-assign]


@each_vendor
def test_b39_the_command_writes_what_the_vendor_answers(
    vendor: FakeBatches, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.takes = 0

    code = main(words)

    err = capsys.readouterr().err
    assert code == 0, err
    assert [row["text"] for row in written(tmp_path)] == ["n0", "n1", "n2", "n3"]
    assert all(row["answer"].startswith("answer to ") for row in written(tmp_path))
    assert "4 rows ok, 0 failed" in err
    assert vendor.requests_sent == 4


@each_vendor
def test_b41_a_job_is_sent_then_looked_at_then_fetched(
    vendor: FakeBatches, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = f"{tmp_path / 'out.csv'}.llmring"

    sent = main([*words, "--no-wait"])
    looked = main(["batch", "status", folder])
    out = capsys.readouterr().out
    vendor.clock.time += 4 * HOUR
    ended = main(["batch", "status", folder, "--json"])
    state = json.loads(capsys.readouterr().out)
    fetched = main(words)
    again = main(words)

    assert (sent, looked, ended, fetched, again) == (0, 0, 0, 0, 0)
    assert "1 batches at work" in out
    assert (state["vendor"]["ended"], state["ok"]) == (1, 0)
    assert len(written(tmp_path)) == 4
    assert vendor.requests_sent == 4


@on_openai
def test_b44_a_row_that_the_vendor_leaves_is_asked_live(
    vendor: FakeBatches, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.takes = 0
    usual = vendor.reply
    vendor.reply = lambda id_, body: (500, ERROR) if "n2" in str(body) else usual(id_, body)
    live(vendor, "live")

    code = main(words)

    err = capsys.readouterr().err
    assert code == 0, err
    assert [row["answer"] == "live" for row in written(tmp_path)] == [False, False, True, False]
    assert "4 rows ok" in err
    assert "asking them live costs about $" in err


@on_openai
def test_b44_a_live_price_above_the_limit_is_asked_first(
    vendor: FakeBatches, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.takes = 0
    usual = vendor.reply
    # The first answer has cost more than any estimate.
    dear = whole(vendor.encoding, "dear", (10_000_000, 10))
    vendor.reply = lambda id_, body: (
        (200, dear)
        if "n0" in str(body)
        else (500, ERROR)
        if "n2" in str(body)
        else usual(id_, body)
    )

    code = main([*words, "--max-cost", "0.5"])

    assert code == 4
    assert "confirm with --yes" in capsys.readouterr().err
    assert [row["text"] for row in written(tmp_path)] == ["n0", "n1", "n3"]


@on_openai
def test_b41_ctrl_c_leaves_the_batches_at_work_and_the_command_goes_on(
    vendor: FakeBatches, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threading.Thread(target=interrupt_after_a_look, args=(vendor,)).start()

    code = main(words)

    assert code == 130
    assert "go on at the vendor" in capsys.readouterr().err
    [batch] = vendor.batches.values()
    assert batch.cancelled is None
    vendor.clock.time += 4 * HOUR
    assert main(words) == 0
    assert len(written(tmp_path)) == 4
    assert vendor.requests_sent == 4


@on_openai
def test_b44_rows_left_may_fail(vendor: FakeBatches, words: list[str], tmp_path: Path) -> None:
    vendor.takes = 0
    usual = vendor.reply
    vendor.reply = lambda id_, body: (500, ERROR) if "n2" in str(body) else usual(id_, body)

    code = main([*words, "--then", "fail"])

    side = (Path(f"{tmp_path / 'out.csv'}.llmring") / "failed.jsonl").read_text().splitlines()
    assert code == 3
    assert [json.loads(line)["row"] for line in side] == [{"text": "n2"}]

    vendor.reply = usual
    assert main(words) == 0
    assert all(row["answer"] for row in written(tmp_path))
    assert vendor.requests_sent == 5


@each_vendor
def test_b46_cancel_keeps_what_was_done_and_the_command_sends_the_rest(
    vendor: FakeBatches, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(f"{tmp_path / 'out.csv'}.llmring")
    main([*words, "--no-wait"])

    code = cancel_at_vendor(folder, LLMRing(), vendor.clock)

    assert code == 0
    assert "2 rows ok, 0 failed" in capsys.readouterr().err
    vendor.takes = 0
    assert main(words) == 0
    assert all(row["answer"] for row in written(tmp_path))
    assert vendor.requests_sent == 6


@on_openai
def test_b40_another_prompt_is_refused_while_batches_are_at_work(
    vendor: FakeBatches, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--no-wait"])

    code = main([*words, "-p", "other {text}"])

    assert code == 1
    assert "(prompt)" in capsys.readouterr().err
    assert vendor.requests_sent == 4


@on_openai
def test_b46_a_restart_cancels_the_batches_before(
    vendor: FakeBatches, words: list[str], tmp_path: Path
) -> None:
    main([*words, "--no-wait"])
    vendor.takes = 0

    code = main([*words, "--restart", "--yes"])

    first, second = vendor.batches.values()
    assert (code, first.cancelled is not None, second.cancelled) == (0, True, None)
    assert all(row["answer"] for row in written(tmp_path))


@on_openai
def test_b41_batches_above_the_limit_of_cost_are_not_sent(
    vendor: FakeBatches, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*words, "--max-cost", "0.0000001"])

    assert (code, vendor.requests_sent) == (4, 0)
    assert "raise --max-cost" in capsys.readouterr().err


@on_openai
@pytest.mark.parametrize("more", [["--dedupe"], ["--shuffle"]])
def test_b39_options_that_batches_lack_are_refused(
    vendor: FakeBatches, words: list[str], more: list[str]
) -> None:
    assert main([*words, *more]) == 2
    assert vendor.asked == []


@on_openai
def test_b39_options_of_batches_need_the_mode(
    vendor: FakeBatches, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    at = words.index("--mode")

    assert main([*words[:at], "--no-wait"]) == 2
    assert "--no-wait needs --mode" in capsys.readouterr().err
    assert vendor.asked == []


@pytest.mark.parametrize("name", ["anthropic"])
def test_b40_an_unclear_batch_is_sent_again_only_with_resubmit(
    vendor: FakeBatches, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    vendor.lose = ["/batches"]

    code = main([*words, "--no-wait"])
    sent = len(vendor.batches)
    err = capsys.readouterr().err
    again = main([*words, "--no-wait", "--resubmit"])

    assert (code, sent) == (1, 1)
    assert "--resubmit" in err
    assert (again, len(vendor.batches)) == (0, 2)
