"""docs/gateway.md: its code runs, and its tables are those of the code."""

import argparse
import json
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmring.cli.commands import serve
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import BudgetExceededError, FrozenLockfileError
from llmring.gateway import affinity, keep_alive
from llmring.gateway.errors import error_answer
from llmring.gateway.refusals import (
    NoSuchPathError,
    NotReadyError,
    NotSupportedError,
    PayloadTooLargeError,
    UnauthenticatedError,
)
from llmring.gateway.routes import find_route
from llmring.gateway.watching.finished_call import FinishedCall
from llmring.gateway.watching.metric_families import FAMILIES, MOST_SERIES
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES
from llmring.lockfile.check import problems
from llmring.lockfile.gateway_table import GatewayTable
from llmring.providers.table import PROVIDERS
from served_gateway import ServedGateway

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")

WIRES = (MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def section(heading: str) -> str:
    return TEXT.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


@pytest.fixture
def gateway() -> Iterator[ServedGateway]:
    Path("llmring.lock").write_text(
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["mock:echo"]\n'
    )
    with ServedGateway() as served:
        yield served


@pytest.mark.parametrize("code", blocks("python"))
def test_g196_the_python_code_of_the_page_prints_an_answer(
    gateway: ServedGateway, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    assert "127.0.0.1:4180" in code

    names: dict[str, Any] = {}
    exec(code.replace(":4180", f":{gateway.port}"), names)  # noqa: S102 -- our own page
    names["client"].close()

    assert capsys.readouterr().out.strip() == "Hello"


def test_the_example_lockfile_has_no_errors_or_warnings() -> None:
    [example] = [each for each in blocks("toml") if "[gateway.names]" in each]

    assert [each for each in problems(example, PROVIDERS) if each.severity != "hint"] == []


def test_the_settings_of_programs_can_be_read() -> None:
    [codex] = [each for each in blocks("toml") if "model_provider" in each]
    gemini_cli, opencode = blocks("json")

    assert tomllib.loads(codex)["model_provider"] == "llmring"
    assert json.loads(gemini_cli)["general"]["maxAttempts"] > 1
    assert "llmring" in json.loads(opencode)["provider"]


def test_the_table_of_options_is_complete() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    serve.arguments(parser)
    known = {name for action in parser._actions for name in action.option_strings}

    listed = {
        name
        for row in re.findall(r"^\| (`--.*?) \|", section("## Start it"), re.MULTILINE)
        for name in re.findall(r"`(--[\w-]+)`", row)
    }

    assert listed == {name for name in known if name.startswith("--")}


def test_the_page_names_every_key_of_the_lockfile_s_table() -> None:
    assert [key for key in GatewayTable.__struct_fields__ if f"`{key}`" not in TEXT] == []


def test_g138_the_table_of_metrics_is_that_of_the_program() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section("## Watching it"), re.MULTILINE)
    listed: list[tuple[str, tuple[str, ...]]] = []
    for name, cell in rows:
        labels = listed[-1][1] if cell == "the same" else tuple(re.findall(r"`(\w+)`", cell))
        listed.append((name, labels))

    assert listed == [
        (f"{each.name}_total" if each.kind == "counter" else each.name, each.labels)
        for each in FAMILIES
    ]


def test_g141_the_example_of_the_access_log_has_the_fields_of_the_program() -> None:
    [example] = [each for each in blocks("text") if '"first_ms"' in each]
    call, event = example.splitlines()

    assert set(json.loads(call)) <= set(FinishedCall.__struct_fields__)
    assert set(json.loads(event)) == {"time", "event", "pid", "model"}


@pytest.mark.parametrize(
    "phrase",
    [
        f"at most {MOST_SERIES:,} series",
        f"After {keep_alive.EVERY_SECONDS:.0f} s of silence",
        f"`head_after` ({GatewayTable().head_after:.0f} s)",
    ],
)
def test_the_page_has_the_figures_of_the_code(phrase: str) -> None:
    assert phrase in " ".join(TEXT.split())
    assert affinity.SECONDS == 3600


def endpoints() -> Iterator[tuple[str, str]]:
    """Yield the endpoints of the table; a method holds for the paths after it."""
    for cell in re.findall(r"^\| (`(?:GET|POST) .*?) \|", TEXT, re.MULTILINE):
        method = ""
        for method_, path, verb in re.findall(r"`(?:(GET|POST) )?(/\S*?)?…?(:\w+)?`", cell):
            method = method_ or method
            if path not in ("/v1", "/v1alpha"):
                yield method, f"{path or '/v1beta/models/MODEL'}{verb}"


@pytest.mark.parametrize(("method", "path"), list(endpoints()))
def test_each_endpoint_of_the_page_is_answered(method: str, path: str) -> None:
    assert find_route(method, path, {}).refusal is None


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        ("malformed request", RequestFormatError("no messages")),
        ("budget used up", BudgetExceededError("used up", *(3 * [Decimal(1)]))),
        ("no valid key", UnauthenticatedError("not valid")),
        ("the lockfile, the key or the gateway forbids it", FrozenLockfileError("not pinned")),
        ("unknown model or path", NoSuchPathError("no path")),
        ("body too large", PayloadTooLargeError("too large")),
        ("a fault of the gateway", ZeroDivisionError()),
        ("not offered", NotSupportedError("no files")),
        ("ending, or not ready", NotReadyError("ending")),
    ],
)
def test_a_cause_has_the_status_of_the_table(cause: str, error: Exception) -> None:
    [row] = re.findall(
        rf"^\| {re.escape(cause)}.*? \| (.*) \|$", section("## Failures"), re.MULTILINE
    )

    shown = [int(cell.split()[0]) for cell in row.split(" | ")]

    given = [error_answer(error, wire, request_id="r", quote=False).status for wire in WIRES]
    assert shown == given
