"""Edits of a lockfile's text that keep everything else byte for byte.

Each edit is verified before it is returned: apart from the change, the new text must parse to the
same values as the old one.
"""

import re
import tomllib
from collections.abc import Callable, Iterable

from llmring.exceptions import AliasNotFoundError, ConfigurationError
from llmring.lockfile import resolve
from llmring.lockfile.document import (
    Binding,
    Lockfile,
    parse,
    references,
)
from llmring.lockfile.schema.name_rules import alias_objection, profile_objection
from llmring.lockfile.toml.array import array
from llmring.lockfile.toml.layout import KeyPath, Layout, Section, TextSpan, scan
from llmring.lockfile.toml.quoting import dotted, quoted
from llmring.lockfile.toml.splice import (
    BLANK_LINE,
    COMMENT_LINE,
    DATED_REASON,
    Tree,
    at_path,
    behind,
    checked,
    into_table,
    line_end,
    require_utf8,
    spliced,
    with_block,
)

_LINE_WIDTH = 88
_FINAL_LINE_END = re.compile(r"\r?\n\Z")


def bind(text: str, alias: str, models: str | Iterable[str], profile: str) -> str:
    """Return the lockfile with an alias bound to these models.

    An existing alias keeps its place, a new one is added after the last alias of the profile, and
    a new profile is added at the end of the file.

    Args:
        text: The lockfile; an empty string is an empty lockfile.
        alias: The alias.
        models: References "provider:model", best first: a list, or a comma-separated string.
        profile: The profile.

    Raises:
        ConfigurationError: The name of the alias or of the profile is invalid.
        InvalidModelReferenceError: A model is not "provider:model".
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    objection = alias_objection(alias) or profile_objection(profile)
    if objection:
        raise ConfigurationError(objection)
    refs = references(models)
    wanted = [str(ref) for ref in refs]
    require_utf8(alias, profile, *wanted)
    binding = _own(parse(text), alias, profile)
    if binding and binding.models == refs:
        return text
    layout = scan(text)
    if binding is None:
        after = _added(layout, alias, wanted, profile)
        return checked(text, after, lambda tree: _add(tree, alias, wanted, profile))
    at = binding.at
    after = _rebound(layout, (*at, "models"), wanted, at_path(tomllib.loads(text), at)["models"])
    return checked(text, after, lambda tree: at_path(tree, at).update(models=wanted))


def unbind(text: str, alias: str, profile: str) -> str:
    """Return the lockfile without an alias in a profile.

    Comments directly above the binding are removed too. An alias that `bind` added is removed
    without a trace, except for an empty `bindings = []` in a profile written as an inline table.

    Raises:
        AliasNotFoundError: The profile does not bind the alias.
        ConfigurationError: The profile does not exist.
        LockfileError: The text is not a lockfile, or can't be edited safely.
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
        after = without_sections(layout, lambda at: at[: len(binding.at)] == binding.at)
        if _is_named(lockfile, text, profile) and profile not in tomllib.loads(after).get(
            "profiles", {}
        ):
            after = _with_header(text, after, f"[{dotted(binding.at[:2])}]")
    else:
        span = layout.value(tuple(path))
        after = spliced(text, span, array(layout, tuple(path)).without(int(index)).text)
    return checked(text, after, lambda tree: at_path(tree, path).pop(index))


def _is_named(lockfile: Lockfile, text: str, profile: str) -> bool:
    """Return True if a profile must exist: another extends it, or the file calls it the default."""
    extended = any(each.extends == profile for each in lockfile.profiles.values())
    return extended or tomllib.loads(text).get("default_profile") == profile


def _with_header(text: str, after: str, header: str) -> str:
    """Return the text after an edit, with a header where the removed part began."""
    pairs = enumerate(zip(text, after, strict=False))
    same = next((at for at, (old, new) in pairs if old != new), len(after))
    begin = after.rfind("\n", 0, same) + 1 if after[same:] else len(after)
    eol = line_end(text)
    head, rest = after[:begin].rstrip("\r\n"), after[begin:].lstrip("\r\n")
    return (eol * 2).join(filter(None, (head, header, rest))) + ("" if rest else eol)


def _own(lockfile: Lockfile, alias: str, profile: str) -> Binding | None:
    """Return a profile's own binding of an alias; None if it has none or inherits it."""
    found = lockfile.profiles.get(profile)
    binding = found.bindings.get(alias) if found else None
    return binding if binding and binding.at[1] == profile else None


def _rebound(layout: Layout, path: KeyPath, wanted: list[str], present: object) -> str:
    span = layout.value(path)
    if isinstance(present, list):
        return spliced(layout.text, span, array(layout, path).holding(wanted, present).text)
    return spliced(layout.text, span, _list(wanted))


def _added(layout: Layout, alias: str, models: list[str], profile: str) -> str:
    path = ("profiles", profile, "bindings")
    table = f"{{ alias = {quoted(alias)}, models = {_list(models)} }}"
    entry = layout.entries.get(path)
    if entry and entry.value:
        return spliced(layout.text, entry.value, array(layout, path).adding(table).text)
    for depth in (2, 1):
        above = layout.entries.get(path[:depth])
        if above and above.value:
            return into_table(layout, path[:depth], f"{dotted(path[depth:])} = [{table}]")
    block = [f"[[{dotted(path)}]]", f"alias = {quoted(alias)}", f"models = {_list(models)}"]
    if len(block[-1]) > _LINE_WIDTH:
        block[-1:] = ["models = [", *(f"    {quoted(model)}," for model in models), "]"]
    return with_block(layout.text, _place_for(layout, path), block, line_end(layout.text))


def _place_for(layout: Layout, path: KeyPath) -> int:
    """Return the offset for a new binding: after the profile's last binding or other key."""
    for depth in (3, 2):
        begins = [
            entry.key.begin
            for at, entry in layout.entries.items()
            if entry.key and at[:depth] == path[:depth]
        ]
        if begins:
            return behind(layout.text, layout.section_at(max(begins)).body_end)
    return len(layout.text)


def without_sections(layout: Layout, is_removed: Callable[[KeyPath], bool]) -> str:
    """Return the text without the tables whose header path `is_removed` accepts."""
    text = after = layout.text
    for index, section in reversed([*enumerate(layout.sections)][1:]):
        if not is_removed(section.path):
            continue
        block = _block(layout, section, layout.sections[index - 1].body_end)
        is_last = block.end >= len(after)
        after = spliced(after, block, "")
        if is_last and not text.endswith("\n"):
            after = _FINAL_LINE_END.sub("", after)
        if block.begin == 0 and (blank := BLANK_LINE.match(after)):
            after = after[blank.end() :]
    return after


def _block(layout: Layout, section: Section, floor: int) -> TextSpan:
    """Return the span of a section, its comments and the blank line before it.

    The span never begins before the offset `floor`.
    """
    text = layout.text
    begin = top = layout.line_start(section.header.begin)
    while top > floor and COMMENT_LINE.match(text, layout.line_start(top - 1)):
        top = layout.line_start(top - 1)
    if top:  # comments at offset 0 are the head of the file and stay
        begin = top
    elif begin and DATED_REASON.match(text, layout.line_start(begin - 1)):
        begin = layout.line_start(begin - 1)
    if begin > floor:
        above = layout.line_start(begin - 1)
        begin = above if BLANK_LINE.match(text, above) else begin
    return TextSpan(begin, behind(text, section.body_end))


def _list(models: list[str]) -> str:
    return f"[{', '.join(map(quoted, models))}]"


def _add(tree: Tree, alias: str, models: list[str], profile: str) -> None:
    own = tree.setdefault("profiles", {}).setdefault(profile, {})
    own.setdefault("bindings", []).append({"alias": alias, "models": models})
