"""Running the code blocks of the contract unchanged, as far as they can run.

The contract is kept next to the checkout, not in it; without it, these tests are skipped.
"""

import ast
import asyncio
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.terminal import PYTHON, Outcome, lockfile_of, write
from contract.conftest import MakePackage
from llmring import LLMRequest, LLMRing, Message, MissingAliasesError
from llmring.lockfile.check import problems
from llmring.providers.table import PROVIDERS
from llmring.testing.fake_vendors import DemoServer

CONTRACT = Path(__file__).resolve().parents[2] / ".." / "shared" / "design" / "contract.md"


class Block(NamedTuple):
    """A code block, and the line of the contract on which it begins."""

    language: str
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.language or 'plain'}-{self.line}"


def _blocks() -> list[Block]:
    text = CONTRACT.read_text(encoding="utf-8") if CONTRACT.exists() else ""
    return [
        Block(found[1], text.count("\n", 0, found.start(2)) + 1, found[2])
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    ]


BLOCKS = _blocks()

pytestmark = pytest.mark.skipif(not BLOCKS, reason="the contract is not next to this checkout")


def having(*words: str, language: str = "python") -> Block:
    """Return the only block of a language that contains all these words."""
    found = [
        block
        for block in BLOCKS
        if block.language == language and all(word in block.code for word in words)
    ]
    assert len(found) == 1, (words, found)
    return found[0]


def of(language: str) -> list[Any]:
    """Return the blocks of a language as parameters of a test."""
    return [pytest.param(b, id=str(b)) for b in BLOCKS if b.language == language]


# --- TOML --------------------------------------------------------------------------------------

IS_A_LOCKFILE = "profiles"


@pytest.mark.parametrize("block", of("toml"))
def test_the_toml_of_the_contract_is_valid(block: Block) -> None:
    if IS_A_LOCKFILE not in tomllib.loads(block.code):
        assert list(tomllib.loads(block.code)) == ["tool"]  # what packaging tools read
        return

    found = problems(block.code, PROVIDERS)

    assert [problem for problem in found if problem.severity in ("error", "warning")] == []
    assert LLMRing(write(block.code)).lockfile_source == "argument"


# --- Python ------------------------------------------------------------------------------------

# Values for each "..." in the blocks, as a reader of the contract would fill them in.
ELLIPSES = {
    "messages=[...]": 'messages=[{"role": "user", "content": "Hello"}]',
    "model=model, ...": 'model=model, messages="Hello"',
    'model="summarizer", ...': 'model="summarizer", messages="Hello"',
    'model="analyst", ...': 'model="analyst", messages="Hello"',
    'model="coder", ...': 'model="coder", messages="Hello"',
    'model="assistant", ...': 'model="assistant", messages="Hello"',
}

# Names that a block takes from earlier blocks, or leaves to the reader.
GIVEN: dict[str, Any] = {
    "LLMRing": LLMRing,
    "LLMRequest": LLMRequest,
    "Message": Message,
    "os": os,
    "__name__": "__main__",
}


def run_block(code: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run Python code with `await` allowed at the top level; return its names."""
    compiled = compile(code, "contract.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, names)  # noqa: S307 -- the purpose of this file
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return names


def filled_in(code: str) -> str:
    for ellipsis, value in ELLIPSES.items():
        code = code.replace(ellipsis, value)
    return code


OWN = lockfile_of(default={"summarizer": ["openai:gpt-4o-mini"]})


@pytest.fixture
def place(vendors: DemoServer, package: MakePackage) -> None:
    """Write every file that the contract mentions, except ./llmring.lock."""
    example = having('default_profile = "default"', "balanced", language="toml").code
    for name in ("my-llmring.lock", "custom.lock"):
        write(example, name)
    for name in ("my.lock", "my-models.lock"):
        write(lockfile_of(default={"summarizer": ["mock:echo"], "analyzer": ["mock:echo"]}), name)
    package("my_library", filled_in(having("class MyLibrary").code), OWN)


@pytest.fixture
def example(place: None) -> None:
    write(having('default_profile = "default"', "balanced", language="toml").code)


def _is_init(block: Block) -> bool:
    return "init_lockfile" in block.code


@pytest.mark.parametrize("block", of("python"))
def test_the_python_of_the_contract_runs(
    request: pytest.FixtureRequest, place: None, block: Block
) -> None:
    # `init_lockfile()` refuses to overwrite, so its block starts in a folder without a lockfile.
    if not _is_init(block):
        request.getfixturevalue("example")
    if "unbind_alias" in block.code:
        run_block(having("service.bind_alias(").code, dict(GIVEN))
    code = filled_in(block.code)

    run_block(code, {**GIVEN, "__file__": str(Path("library.py").resolve())})

    assert ("..." in block.code) == (code != block.code), "a new kind of ellipsis"


def test_eight_blocks_of_the_contract_need_values_filled_in() -> None:
    altered = [b.code for b in BLOCKS if b.language == "python" and "..." in b.code]

    assert len(altered) == 8
    assert all(filled_in(code) != code for code in altered)


def test_resolve_alias_prints_the_output_shown_in_the_contract(
    example: None, capsys: pytest.CaptureFixture[str]
) -> None:
    block = having("service.resolve_alias(", 'profile="dev"')
    result = re.search(r'print\(model_ref\)  # "(.*)"', block.code)

    run_block(block.code, dict(GIVEN))

    assert result is not None
    assert capsys.readouterr().out.splitlines()[0] == result[1]


def test_failover_works_as_described_in_the_contract(example: None, vendors: DemoServer) -> None:
    vendors.plan("anthropic", "429", "slow down")
    vendors.plan("openai", "500", "down")

    names = run_block(having("Tries anthropic").code, dict(GIVEN))

    assert names["response"].model == "google:gemini-1.5-pro"


def test_both_errors_in_the_contract_s_example_are_caught(
    example: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run_block(filled_in(having("except ModelNotFoundError").code), dict(GIVEN))

    assert capsys.readouterr().out.splitlines() == [
        "Alias not found in lockfile",
        "Could not resolve alias to available model",
    ]


def test_the_error_message_is_that_of_the_contract(place: None) -> None:
    block = having("# Error: ")
    shown = re.findall(
        r'#(?: Error:)?\s+"?(.*?)"?$', block.code[block.code.index("# Error") :], re.MULTILINE
    )
    path = write(OWN, "my.lock").resolve()

    with pytest.raises(MissingAliasesError) as caught:
        run_block(filled_in(block.code), dict(GIVEN))

    assert str(caught.value).splitlines() == [
        line.replace("/path/to/lockfile.lock", str(path)) for line in shown
    ]


def test_the_library_in_the_contract_summarizes(place: None, vendors: DemoServer) -> None:
    vendors.plan("openai", "answers", "a summary")

    names = run_block(having("from my_library import MyLibrary").code, dict(GIVEN))

    assert names["MyLibrary"]().summarize("a long text") == "a summary"
    assert names["lib"].summarize("a long text") == "Hello"


def test_the_library_in_the_contract_that_uses_another_one_runs(place: None) -> None:
    library = importlib.import_module("my_library")
    given = {
        "LibraryA": library.MyLibrary,
        "REQUIRED_ALIASES": library.REQUIRED_ALIASES,
        "DEFAULT_LOCKFILE": library.DEFAULT_LOCKFILE,
    }

    names = run_block(having("class LibraryB").code, {**GIVEN, **given})

    b = names["LibraryB"](lockfile_path="my-models.lock")
    assert b.lib_a.ring.lockfile_path == b.ring.lockfile_path == Path("my-models.lock").resolve()


# --- the command line --------------------------------------------------------------------------

# Commands that install or are interactive; other tests build and install the packages.
NOT_RUN = {
    "uv": "installs from an index",
    "pip": "installs from an index",
    "llmring lock chat": "waits for the advisor",
}

REFUSED = "DON'T DO THIS"


def run_lines(block: Block) -> Iterator[tuple[str, Outcome]]:
    """Run the commands of a block in order, in one environment."""
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    for line in block.code.splitlines():
        words = shlex.split(line, comments=True)
        if not words or any(line.startswith(command) for command in NOT_RUN):
            continue
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            env[name] = value
            continue
        program = {"llmring": PYTHON, "python": [sys.executable]}[words[0]]
        done = subprocess.run(
            [*program, *words[1:]],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
        yield line, Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


MY_APP = """
from llmring import LLMRing
assert LLMRing().resolve_alias("assistant") == "openai:gpt-4o-mini"
"""


@pytest.mark.parametrize("block", of("bash"))
def test_the_commands_of_the_contract_run(
    request: pytest.FixtureRequest, place: None, block: Block
) -> None:
    Path("my_app.py").write_text(MY_APP)
    # `lock init` refuses to overwrite, so its blocks start in a folder without a lockfile.
    if "llmring lock init" not in block.code:
        request.getfixturevalue("example")
    if "llmring lock validate --file" in block.code:
        Path("path/to").mkdir(parents=True)
        write(Path("llmring.lock").read_text(), "path/to/llmring.lock")
    expected = 1 if REFUSED in block.code else 0

    for line, message in run_lines(block):
        assert (message.code, line) == (expected, line), message.err


def test_the_aliases_command_prints_the_output_shown_in_the_contract(example: None) -> None:
    shown = having("fast → ", language="")
    ((_, message), *_) = run_lines(Block("bash", 0, "llmring aliases"))

    assert message == (0, shown.code, "")


def test_every_block_of_the_contract_has_a_known_language() -> None:
    assert {block.language for block in BLOCKS} == {"bash", "python", "toml", ""}
