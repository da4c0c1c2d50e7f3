"""The advisor with the small local model: most plain requests become the right edit."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from llmring.advisor.editor import LockfileEditor
from llmring.advisor.session import begin
from llmring.advisor.toolset import Tools
from llmring.config.settings import effective_facts_here, read_settings
from llmring.local import llama
from llmring.lockfile import file
from llmring.lockfile.document import Lockfile

TEXT = """\
version = "1.0"

[[profiles.default.bindings]]
alias = "keep"
models = ["openai:gpt-4o"]

[[profiles.default.bindings]]
alias = "old"
models = ["openai:gpt-4o"]
"""

Bound = dict[str, list[str]]
REQUESTS: dict[str, Callable[[Bound, str], bool]] = {
    "bind openai:gpt-4o-mini to fast": lambda bound, _: bound["fast"] == ["openai:gpt-4o-mini"],
    "use a cheap model for summarizer": lambda bound, _: "summarizer" in bound,
    "I want an alias called vision with a model that reads images": lambda bound, _: (
        "vision" in bound
    ),
    "add an alias writer with the best model from anthropic": lambda bound, _: bound["writer"][
        0
    ].startswith("anthropic:"),
    "bind a cheap fast model with fallbacks to coder": lambda bound, _: len(bound["coder"]) > 1,
    "set up the cheapest google model as my translator alias": lambda bound, _: bound["translator"][
        0
    ].startswith("google:"),
    "remove the old alias": lambda bound, _: "old" not in bound,
    "set the timeout of old to 30": lambda _, text: "timeout = 30" in text,
    "my chat app needs a small model, please name it helper": lambda bound, _: "helper" in bound,
    "helper wants something cheap from openai": lambda bound, _: bound["helper"][0].startswith(
        "openai:"
    ),
}


class Silence:
    def piece(self, text: str) -> None: ...
    def restart(self) -> None: ...
    def working(self, tool: str) -> None: ...


def is_right(request: str, path: Path, right: Callable[[Bound, str], bool]) -> bool:
    path.write_text(TEXT)
    settings = read_settings()
    known = effective_facts_here(Lockfile())
    editor = LockfileEditor(path, "default", known, settings.endpoints, date(2026, 11, 23))

    async def always(_: object) -> bool:
        return True

    async def agent() -> None:
        session = begin(editor, Tools(editor, always), "local:smollm2-135m")
        assert session.who.mode == "form"
        await session.say(request, Silence())
        await session.close()

    asyncio.run(agent())
    bound = editor.aliases()
    try:
        return right(bound, file.read(path)) and "keep" in bound
    except KeyError:
        return False


@pytest.mark.usefixtures("model")
def test_at_least_8_of_10_plain_requests_become_the_right_edit(tmp_path: Path) -> None:
    path = tmp_path / "llmring.lock"
    try:
        right = [each for each, is_so in REQUESTS.items() if is_right(each, path, is_so)]
    finally:
        llama.stop()

    assert len(right) >= 8, sorted(set(REQUESTS) - set(right))
