"""The commands of a conversation, which begin with a slash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from llmring.cli.chat.ongoing_chat import Conversation
from llmring.cli.output import harmless
from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.files.attachment import attachment
from llmring.lockfile.resolve import is_reference

QUIT = "/quit"
# What other programs call it.
EXIT = "/exit"

HELP = """\
  /alias [NAME]     ask another alias; without a name, list them
  /model [MODEL]    ask another model, such as openai:gpt-6-luna
  /profile [NAME]   look aliases up in another profile
  /attach PATH      attach a file or URL to the next question
  /undo             take back the last question and its answer
  /cost             the cost of the conversation so far
  /save PATH        write the conversation to a new file, as Markdown
  /quit             end it (or Ctrl-D); Ctrl-C stops an answer"""


def run_command(line: str, talk: Conversation) -> str:
    """Run a command and return the text to show.

    Args:
        line: The line that the user typed, with the slash.
        talk: The conversation.
    """
    name, _, rest = line.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        return f"Unknown command {name}; use one of {', '.join([*COMMANDS, QUIT])}"
    try:
        return command(talk, rest.strip())
    except LLMRingError as error:
        return f"That failed: {error}"
    except OSError as error:
        return f"That failed: {error.strerror or error}"


def _alias(talk: Conversation, name: str) -> str:
    bound = talk.ring.list_bindings(talk.profile)
    if not name:
        lines = [f"{alias} → {', '.join(models)}" for alias, models in bound.items()]
        return "\n".join([*lines, f"The next question goes to {talk.model}."])
    if name not in bound:
        return f"No alias {name!r} here; use one of {', '.join(bound) or 'another profile'}"
    talk.model = name
    return f"The next question goes to {name} → {', '.join(bound[name])}."


def _model(talk: Conversation, name: str) -> str:
    if name and not is_reference(name):
        return _alias(talk, name)
    talk.model = name or talk.model
    return f"The next question goes to {talk.model}."


def _profile(talk: Conversation, name: str) -> str:
    if not name:
        return f"Aliases are looked up in {talk.profile or 'the usual profile'}."
    bound = talk.ring.list_bindings(name)
    if not bound:
        return f"Profile {name!r} has no aliases; the profile stays {talk.profile or 'the same'}."
    talk.profile = name
    if not is_reference(talk.model) and talk.model not in bound:
        talk.model = next(iter(bound))
    return f"Aliases are looked up in {name}; the next question goes to {talk.model}."


def _attach(talk: Conversation, source: str) -> str:
    if not source:
        return "Name a file or a URL: /attach photo.png"
    path = str(Path(source).expanduser()) if source.startswith("~") else source
    talk.attached.append(attachment(path))
    count = len(talk.attached)
    return f"The next question has {count} file{'s' if count > 1 else ''}."


def _undo(talk: Conversation, _: str) -> str:
    question = talk.undo()
    return "Nothing to undo." if question is None else f"Undone: {harmless(question)[:200]}"


def _cost(talk: Conversation, _: str) -> str:
    return f"The conversation has cost {talk.meter}."


def _save(talk: Conversation, name: str) -> str:
    if not name:
        return "Name a new file: /save talk.md"
    path = Path(name).expanduser()
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(as_markdown(talk))
    except FileExistsError:
        raise ConfigurationError(f"{path} exists; name a new file") from None
    return f"Saved as {path}."


def as_markdown(talk: Conversation) -> str:
    """Return the texts of a conversation as Markdown, without files and results of tools."""
    return "\n\n".join(
        f"## {each.role.capitalize()}\n\n{each.text.strip()}"
        for each in talk.messages
        if each.role != "tool" and each.text.strip()
    ).join(("", "\n"))


COMMANDS: Mapping[str, Callable[[Conversation, str], str]] = {
    "/alias": _alias,
    "/model": _model,
    "/profile": _profile,
    "/attach": _attach,
    "/undo": _undo,
    "/cost": _cost,
    "/save": _save,
    "/help": lambda _, __: HELP,
}
