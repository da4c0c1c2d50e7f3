"""Edits of a lockfile's text: what is not asked for stays as it is, byte for byte.

Every edit is checked before it is given out: the new text must say what the old one said, but
for the change.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

from llmring.exceptions import AliasNotFoundError, ConfigurationError, LockfileError
from llmring.lockfile import resolve
from llmring.lockfile.array import array
from llmring.lockfile.document import (
    Binding,
    Lockfile,
    alias_objection,
    parse,
    profile_objection,
    references,
)
from llmring.lockfile.layout import Layout, Section, Span, scan
from llmring.lockfile.problem import KeyPath, dotted, quoted

_LINE_WIDTH = 88
_COMMENT_LINE = re.compile(r"[ \t]*#[^\n]*(?:\n|\Z)")
_BLANK_LINE = re.compile(r"[ \t]*\r?\n")
_FINAL_LINE_END = re.compile(r"\r?\n\Z")

Tree = dict[str, Any]


def bind(text: str, alias: str, models: str | Iterable[str], profile: str) -> str:
    """The lockfile with an alias bound to these models.

    An alias that is bound already keeps its place; a new one goes behind the last of its profile;
    a profile that is not there is begun at the end.

    Args:
        text: The lockfile; an empty text is an empty lockfile.
        alias: The alias.
        models: References "provider:model", best first: a list, or a text with commas.
        profile: The profile.

    Raises:
        ConfigurationError: The alias or the profile has no name that can be used.
        InvalidModelReferenceError: One of the models is not "provider:model".
        LockfileError: The text is not a lockfile, or has a form that can't be edited.
    """
    objection = alias_objection(alias) or profile_objection(profile)
    if objection:
        raise ConfigurationError(objection)
    refs = references(models)
    wanted = [str(ref) for ref in refs]
    _require_utf8(alias, profile, *wanted)
    binding = _own(parse(text), alias, profile)
    if binding and binding.models == refs:
        return text
    layout = scan(text)
    if binding is None:
        after = _added(layout, alias, wanted, profile)
        return _checked(text, after, lambda tree: _add(tree, alias, wanted, profile))
    at = binding.at
    after = _rebound(layout, (*at, "models"), wanted, _at(tomllib.loads(text), at)["models"])
    return _checked(text, after, lambda tree: _at(tree, at).update(models=wanted))


def unbind(text: str, alias: str, profile: str) -> str:
    """The lockfile without an alias in a profile.

    Comments directly above the binding go with it. What `bind` has added is taken away without a
    trace, but for the empty `bindings = []` of a profile that is written in braces.

    Raises:
        AliasNotFoundError: The profile does not bind the alias.
        ConfigurationError: There is no such profile.
        LockfileError: The text is not a lockfile, or has a form that can't be edited.
    """
    lockfile = parse(text)
    binding = _own(lockfile, alias, profile)
    if binding is None:
        inherited = resolve.bindings(lockfile, profile).get(alias)
        if inherited is None:
            raise resolve.not_found(lockfile, alias, profile)
        raise AliasNotFoundError(
            f"profile {profile!r} inherits alias {alias!r} from profile {inherited.at[1]!r}; "
            f"unbind it there: llmring unbind {alias} --profile {inherited.at[1]}"
        )
    *path, index = binding.at
    layout = scan(text)
    if layout.entries[tuple(path)].value is None:
        after = _without_sections(layout, binding.at)
    else:
        span = layout.value(tuple(path))
        after = _spliced(text, span, array(layout, tuple(path)).without(int(index)).text)
    return _checked(text, after, lambda tree: _at(tree, path).pop(index))


def _require_utf8(*texts: str) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ConfigurationError(f"{text!r} can't be written as UTF-8") from error


def _own(lockfile: Lockfile, alias: str, profile: str) -> Binding | None:
    """The binding that stands in the profile itself."""
    found = lockfile.profiles.get(profile)
    binding = found.bindings.get(alias) if found else None
    return binding if binding and binding.at[1] == profile else None


def _rebound(layout: Layout, path: KeyPath, wanted: list[str], present: object) -> str:
    span = layout.value(path)
    if isinstance(present, list):
        return _spliced(layout.text, span, array(layout, path).holding(wanted, present).text)
    return _spliced(layout.text, span, _list(wanted))


def _added(layout: Layout, alias: str, models: list[str], profile: str) -> str:
    path = ("profiles", profile, "bindings")
    table = f"{{ alias = {quoted(alias)}, models = {_list(models)} }}"
    entry = layout.entries.get(path)
    if entry and entry.value:
        return _spliced(layout.text, entry.value, array(layout, path).adding(table).text)
    for depth in (2, 1):
        above = layout.entries.get(path[:depth])
        if above and above.value:
            return _into_table(layout, path[:depth], f"{dotted(path[depth:])} = [{table}]")
    eol = "\r\n" if re.match(r"[^\n]*\r\n", layout.text) else "\n"
    block = [f"[[{dotted(path)}]]", f"alias = {quoted(alias)}", f"models = {_list(models)}"]
    if len(block[-1]) > _LINE_WIDTH:
        block[-1:] = ["models = [", *(f"    {quoted(model)}," for model in models), "]"]
    return _with_block(layout.text, _place_for(layout, path), block, eol)


def _with_block(text: str, at: int, block: list[str], eol: str) -> str:
    """The text with lines of their own at an offset, behind a blank line."""
    before, after = text[:at], text[at:]
    lines = eol.join(block)
    if not before:
        return lines + eol + after
    if before.endswith("\n"):
        return before + eol + lines + eol + after
    # The last line of the file has no end, and shall have none.
    return before + eol + eol + lines + after


def _place_for(layout: Layout, path: KeyPath) -> int:
    """Where one more binding of a profile goes: behind its last one, or what it has instead."""
    for depth in (3, 2):
        begins = [
            entry.key.begin
            for at, entry in layout.entries.items()
            if entry.key and at[:depth] == path[:depth]
        ]
        if begins:
            return _behind(layout.text, layout.section_at(max(begins)).body_end)
    return len(layout.text)


def _into_table(layout: Layout, path: KeyPath, pair: str) -> str:
    """The text with one more key in a table that is written in braces."""
    begin, end = layout.value(path)
    inside = layout.text[begin + 1 : end - 1].strip()
    return _spliced(layout.text, Span(begin, end), f"{{ {inside}{', ' if inside else ''}{pair} }}")


def _without_sections(layout: Layout, path: KeyPath) -> str:
    """The text without the table at this path, and the tables inside it."""
    text = after = layout.text
    for index, section in reversed([*enumerate(layout.sections)]):
        if section.path[: len(path)] != path:
            continue
        block = _block(layout, section, layout.sections[index - 1].body_end)
        after = _spliced(after, block, "")
        if text[block.end - 1] != "\n":
            after = _FINAL_LINE_END.sub("", after)
        if block.begin == 0 and (blank := _BLANK_LINE.match(after)):
            after = after[blank.end() :]
    return after


def _block(layout: Layout, section: Section, floor: int) -> Span:
    """A section with the comments that belong to it and the blank line before it.

    Nothing before the offset `floor` belongs to it.
    """
    text = layout.text
    begin = top = layout.line_start(section.header.begin)
    while top > floor and _COMMENT_LINE.match(text, layout.line_start(top - 1)):
        top = layout.line_start(top - 1)
    if top:  # else they are the head of the file
        begin = top
    if begin > floor:
        above = layout.line_start(begin - 1)
        begin = above if _BLANK_LINE.match(text, above) else begin
    return Span(begin, _behind(text, section.body_end))


def _behind(text: str, at: int) -> int:
    """The offset behind the comment lines at an offset, unless they lead over to a header."""
    end = at
    while found := _COMMENT_LINE.match(text, end):
        if found.end() == end:
            break
        end = found.end()
    return end if end == len(text) or _BLANK_LINE.match(text, end) else at


def _list(models: list[str]) -> str:
    return f"[{', '.join(map(quoted, models))}]"


def _spliced(text: str, span: Span, new: str) -> str:
    return text[: span.begin] + new + text[span.end :]


def _at(tree: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _add(tree: Tree, alias: str, models: list[str], profile: str) -> None:
    own = tree.setdefault("profiles", {}).setdefault(profile, {})
    own.setdefault("bindings", []).append({"alias": alias, "models": models})


def _checked(before: str, after: str, change: Callable[[Tree], object]) -> str:
    """The new text, if it says what the old one says after the change, and nothing else."""
    tree = _tree(before)
    change(tree)
    try:
        same = _pruned(tree) == _pruned(_tree(after))
    except ValueError:
        same = False
    if not same:
        raise LockfileError(
            "this lockfile is written in a way that can't be edited safely; change it by hand"
        )
    return after


def _tree(text: str) -> Tree:
    # Numbers are compared as they are written: NaN is not equal to itself.
    return tomllib.loads(text, parse_float=str)


def _pruned(tree: Tree) -> Tree:
    """The tree without profiles and lists of bindings that are empty."""
    profiles = {}
    for name, profile in tree.get("profiles", {}).items():
        kept = {key: value for key, value in profile.items() if key != "bindings" or value}
        if kept:
            profiles[name] = kept
    return {**tree, "profiles": profiles}
