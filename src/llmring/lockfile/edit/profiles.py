"""Edits of a lockfile's profiles: new profiles, copies, policies, and reasons for bindings.

As in `edit`, everything else stays byte for byte, and each edit is verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.exceptions import AliasNotFoundError, ConfigurationError, LockfileError
from llmring.lockfile import resolve
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.edit.bindings import bind
from llmring.lockfile.problem import nearest
from llmring.lockfile.schema import keys
from llmring.lockfile.schema.name_rules import profile_objection
from llmring.lockfile.schema.shapes import misfits
from llmring.lockfile.toml.layout import KeyPath, Layout, scan
from llmring.lockfile.toml.quoting import dotted, quoted, quoted_key
from llmring.lockfile.toml.splice import (
    DATED_REASON,
    Tree,
    at_path,
    checked,
    into_table,
    line_end,
    require_utf8,
    spliced,
    with_block,
)


def create_profile(text: str, name: str, extends: str | None = None) -> str:
    """Return the lockfile with a new profile at its end.

    Args:
        text: The lockfile.
        name: The new profile.
        extends: The profile to inherit aliases from, if any.

    Raises:
        ConfigurationError: The profile exists already, its name is invalid, or the profile to
            extend does not exist.
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    lockfile = parse(text)
    objection = profile_objection(name)
    if objection is None and name in lockfile.profiles:
        objection = f"profile {name!r} exists already"
    if objection is not None:
        raise ConfigurationError(objection)
    require_utf8(name)
    own = {"name": name}
    if extends is not None:
        _require_profile(lockfile, extends)
        own["extends"] = extends
    layout = scan(text)
    above = layout.entries.get(("profiles",))
    if above and above.value:
        inside = ", ".join(f"{key} = {quoted(value)}" for key, value in own.items())
        after = into_table(layout, ("profiles",), f"{quoted_key(name)} = {{ {inside} }}")
    else:
        block = [f"[{dotted(('profiles', name))}]"]
        block += [f"{key} = {quoted(value)}" for key, value in own.items()]
        after = with_block(text, len(text), block, line_end(text))
    return checked(text, after, lambda tree: tree.setdefault("profiles", {}).update({name: own}))


def copy_profile(text: str, source: str, name: str) -> str:
    """Return the lockfile with a new profile that has the bindings and policies of another.

    Inherited bindings are written out, so the copy does not depend on other profiles.

    Args:
        text: The lockfile.
        source: The profile to copy.
        name: The new profile.

    Raises:
        ConfigurationError: The source does not exist, or as for `create_profile`.
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    lockfile = parse(text)
    original = _require_profile(lockfile, source)
    text = create_profile(text, name)
    for key, value in original.policy.items():
        text = set_policy(text, key, value, name)
    for alias, binding in original.bindings.items():
        text = bind(text, alias, map(str, binding.models), name)
        for key, value in binding.policy.items():
            text = set_policy(text, key, value, name, alias)
    return text


def set_policy(text: str, key: str, value: Any, profile: str, alias: str | None = None) -> str:
    """Return the lockfile with a policy key, such as `retries` or `timeout`, set or removed.

    Args:
        text: The lockfile.
        key: A key of `keys.POLICY`; for a profile also `mode` or `recordings`.
        value: The new value; None to remove the key.
        profile: The profile.
        alias: The alias to set it for; None for the whole profile.

    Raises:
        ConfigurationError: The key or the profile does not exist, or the value is invalid.
        AliasNotFoundError: The profile itself does not bind the alias.
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    lockfile = parse(text)
    _require_profile(lockfile, profile)
    shape = (keys.POLICY if alias is not None else _OF_PROFILE).get(key)
    if shape is None:
        meant = nearest(key, keys.POLICY)
        hint = f"did you mean {meant!r}?" if meant else f"use one of: {', '.join(keys.POLICY)}"
        raise ConfigurationError(f"unknown policy {key!r}; {hint}")
    for fault in misfits(shape, value, (key,)) if value is not None else ():
        raise ConfigurationError(f"{dotted(fault.path)} {fault.message}; {fault.fix}")
    at = _table(lockfile, profile, alias)
    layout = scan(text)
    if value is None:
        return checked(text, _without(layout, at, key), lambda tree: _drop(tree, at, key))
    after = _with(layout, at, key, toml(value))
    return checked(text, after, lambda tree: at_path(tree, at).update(_as_read(key, value)))


def give_reason(text: str, alias: str, profile: str, reason: str) -> str:
    """Return the lockfile with the reason for a binding in a comment above it.

    An earlier reason is replaced. A binding written as an inline table is left unchanged, since
    it has no line for a comment.

    Args:
        text: The lockfile.
        alias: The alias, bound by the profile itself.
        profile: The profile.
        reason: A date, a colon, and one line ("2026-01-31: the cheapest of them").
    """
    at = _table(parse(text), profile, alias)
    layout = scan(text)
    header = layout.entries[at].key
    if header is None or not reason.strip():
        return text
    begin = end = layout.line_start(header.begin)
    if begin and DATED_REASON.match(text, layout.line_start(begin - 1)):
        begin = layout.line_start(begin - 1)
    line = f"# {' '.join(reason.split())}"
    require_utf8(line)
    after = text[:begin] + line + line_end(text) + text[end:]
    return checked(text, after, lambda _: None)


_OF_PROFILE: Mapping[str, Any] = {
    **keys.POLICY,
    "mode": keys.PROFILE["mode"],
    "recordings": keys.PROFILE["recordings"],
}


def _require_profile(lockfile: Lockfile, name: str) -> Any:
    profile = lockfile.profiles.get(name)
    if profile is None:
        meant = nearest(name, lockfile.profiles)
        names = ", ".join(lockfile.profiles)
        hint = f"did you mean {meant!r}?" if meant else f"use one of: {names}"
        raise ConfigurationError(f"unknown profile {name!r}; {hint}")
    return profile


def _table(lockfile: Lockfile, profile: str, alias: str | None) -> KeyPath:
    """Return the key path of a profile's table, or of one of its own bindings."""
    if alias is None:
        return ("profiles", profile)
    binding = resolve.bindings(lockfile, profile).get(alias)
    if binding is None:
        raise resolve.not_found(lockfile, alias, profile)
    if binding.at[1] != profile:
        raise AliasNotFoundError(
            f"profile {profile!r} inherits alias {alias!r} from profile {binding.at[1]!r}; "
            "change it there, or bind it here first"
        )
    return binding.at


def _with(layout: Layout, table: KeyPath, key: str, value: str) -> str:
    entry = layout.entries.get((*table, key))
    if entry is not None:
        if entry.value is None:
            raise LockfileError(f"{dotted((*table, key))} has its own header; change it by hand")
        return spliced(layout.text, entry.value, value)
    pair = f"{quoted_key(key)} = {value}"
    own = layout.entries[table]
    if own.value is not None:
        return into_table(layout, table, pair)
    eol = line_end(layout.text)
    section = next((each for each in layout.sections if each.path == table), None)
    if section is None:
        # The profile itself has no header yet, only its bindings have.
        return with_block(layout.text, len(layout.text), [f"[{dotted(table)}]", pair], eol)
    before, after = layout.text[: section.body_end], layout.text[section.body_end :]
    if before.endswith("\n"):
        return f"{before}{pair}{eol}{after}"
    return f"{before}{eol}{pair}{after}"


def _without(layout: Layout, table: KeyPath, key: str) -> str:
    entry = layout.entries.get((*table, key))
    if entry is None:
        return layout.text
    text = layout.text
    alone = entry.key is not None and not text[layout.line_start(entry.key.begin) : entry.key.begin]
    if entry.value is None or entry.key is None or not alone:
        raise LockfileError(
            f"{dotted((*table, key))} is not on a line of its own; remove it by hand"
        )
    end = text.find("\n", entry.value.end)
    return text[: layout.line_start(entry.key.begin)] + (text[end + 1 :] if end >= 0 else "")


def _drop(tree: Tree, table: KeyPath, key: str) -> None:
    at_path(tree, table).pop(key, None)


def _as_read(key: str, value: Any) -> Tree:
    """Return the key and its value as `checked` compares them: with floats as strings."""
    import tomllib

    return tomllib.loads(f"{quoted_key(key)} = {toml(value)}", parse_float=str)


def toml(value: Any) -> str:
    """Format a value as TOML on one line.

    Raises:
        ConfigurationError: TOML has no such value.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            inside = ", ".join(f"{quoted_key(key)} = {toml(each)}" for key, each in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            raise ConfigurationError(f"{value!r} can't be written into a lockfile")
