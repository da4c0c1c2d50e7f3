"""Writing and removing pins in a lockfile's text, which otherwise stays byte for byte.

Pins are kept under `[registry]`, in a small table for each model. A pin that already has the right
facts keeps its formatting.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from llmring.exceptions import LockfileError
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.edit.bindings import without_sections
from llmring.lockfile.pins import Pin, digest_of, pins_of, plain_amount
from llmring.lockfile.schema.shapes import OWN_KEY
from llmring.lockfile.toml.layout import REST_OF_LINE, KeyPath, Layout, TextSpan, scan
from llmring.lockfile.toml.quoting import quoted, quoted_key
from llmring.lockfile.toml.splice import Tree, behind, checked, line_end, spliced, with_block

_REGISTRY: KeyPath = ("registry",)
_PINS: KeyPath = ("registry", "pins")
_KEYS = ("digest", "pinned", "signature")


def pinned(text: str, pins: Mapping[ModelRef, Pin], day: date) -> str:
    """Return the lockfile with exactly these pins, and the digest of its bindings and pins.

    Args:
        text: The lockfile.
        pins: The pins, by model.
        day: The date to record for the pins.

    Raises:
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    lockfile = parse(text)
    present = {str(ref): pin for ref, pin in pins_of(lockfile).items() if pin.written == pin.digest}
    wanted = {str(ref): pin for ref, pin in pins.items()}
    changed = {
        name: pin
        for name, pin in wanted.items()
        if name not in present or present[name].digest != pin.digest
    }
    values = {"digest": digest_of(lockfile, pins), "pinned": day}
    after = _with_keys(_without_pins(text, keep=wanted), values)
    for name, pin in changed.items():
        after = _with_pin(after, name, _table_of(pin))
    return checked(text, after, lambda tree: _pin(tree, text, values, wanted))


def signed(text: str, signature: str | None) -> str:
    """Return the lockfile with this signature, or without one.

    Raises:
        LockfileError: The text can't be edited safely.
    """
    if signature is None:
        after = _without_line(scan(text), (*_REGISTRY, "signature"))
        return checked(text, after, lambda tree: tree.get("registry", {}).pop("signature", None))
    after = _with_keys(text, {"signature": signature})
    return checked(text, after, lambda tree: tree["registry"].update(signature=signature))


def unpinned(text: str) -> str:
    """Return the lockfile without pins and digest, with no trace of what `pinned` added.

    Raises:
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    parse(text)
    after = _without_pins(text, keep={})
    for key in (*_KEYS, "pins"):
        after = _without_line(scan(after), (*_REGISTRY, key))
    after = _without_header(_without_header(after, _PINS), _REGISTRY)
    return checked(text, after, _unpin)


def _without_pins(text: str, keep: Mapping[str, Pin]) -> str:
    """Return the text without pins other than those to keep."""
    gone = [name for name in _table(text) if name not in keep]
    if not gone:
        return text
    doomed = {(*_PINS, name) for name in gone}
    after = without_sections(scan(text), lambda at: at[:3] in doomed)
    for path in doomed:
        after = _without_line(scan(after), path)
    return after


def _with_keys(text: str, values: Mapping[str, Any]) -> str:
    """Return the text with these keys set in `[registry]`."""
    present = tomllib.loads(text).get("registry", {})
    for key in (key for key in values if key in present and present[key] != values[key]):
        text = spliced(text, scan(text).value((*_REGISTRY, key)), _toml(values[key]))
    missing = {key: value for key, value in values.items() if key not in present}
    if not missing:
        return text
    layout = scan(text)
    if _is_braced(layout, _REGISTRY):
        return _rebraced(layout, _REGISTRY, missing)
    for section in layout.sections:
        if section.path == _REGISTRY:
            return _with_lines(text, section.body_end, _lines(missing))
    dotted = [
        entry.value.end
        for path, entry in layout.entries.items()
        if path[:1] == _REGISTRY and entry.value and layout.section_at(entry.value.begin).path == ()
    ]
    if dotted:
        lines = [f"registry.{line}" for line in _lines(missing)]
        return _with_lines(text, _line_end(text, max(dotted)), lines)
    return with_block(text, _place(layout), ["[registry]", *_lines(missing)], line_end(text))


def _with_pin(text: str, name: str, table: Mapping[str, Any]) -> str:
    """Return the text with a pin, replacing that of the same name or added after the last one."""
    layout, path = scan(text), (*_PINS, name)
    if path in layout.entries:
        return _rewritten(text, path, table)
    if _is_braced(layout, _REGISTRY) and _PINS not in layout.entries:
        text = _rebraced(layout, _REGISTRY, {"pins": {}})
        layout = scan(text)
    if _is_braced(layout, _PINS):
        return _rebraced(layout, _PINS, {name: table})
    block = [f"[registry.pins.{quoted(name)}]", *_lines(table)]
    return with_block(text, _place(layout), block, line_end(text))


def _rewritten(text: str, path: KeyPath, wanted: Mapping[str, Any]) -> str:
    """Return the text with new facts in a pin's table; unchanged facts keep their formatting."""
    table = _table(text)[str(path[-1])]
    gone = [key for key in table if key not in wanted and not key.startswith(OWN_KEY)]
    changed = {
        key: value
        for key, value in wanted.items()
        if _comparable(table.get(key)) != _comparable(value)
    }
    if _is_braced(scan(text), path):
        return _rebraced(scan(text), path, {**changed, **dict.fromkeys(gone)})
    for key in (*gone, *changed):
        layout, at = scan(text), (*path, key)
        if key in changed and _is_braced(layout, at):
            text = spliced(text, layout.value(at), _toml(changed.pop(key)))
        elif key in table:
            text = without_sections(layout, lambda header, at=at: header[:4] == at)  # type: ignore[misc]
            text = _without_line(scan(text), at)
    ends = [section.body_end for section in scan(text).sections if section.path == path]
    return _with_lines(text, ends[0], _lines(changed)) if ends and changed else text


def _rebraced(layout: Layout, path: KeyPath, new: Mapping[str, Any]) -> str:
    """Return the text with keys of an inline table set; a value of None removes the key."""
    pieces = {}
    for at, entry in layout.entries.items():
        if at[:-1] == path and len(at) > len(path):
            if entry.key is None or entry.value is None:
                raise _uneditable()
            pieces[str(at[-1])] = layout.text[entry.key.begin : entry.value.end]
    for key, value in new.items():
        if value is None:
            pieces.pop(key, None)
        else:
            pieces[key] = f"{quoted_key(key)} = {_toml(value)}"
    inside = f" {', '.join(pieces.values())} " if pieces else ""
    return spliced(layout.text, layout.value(path), f"{{{inside}}}")


def _without_line(layout: Layout, path: KeyPath) -> str:
    """Return the text without a key and its line; from an inline table remove only the key."""
    entry = layout.entries.get(path)
    if entry is None or entry.key is None or entry.value is None:
        return layout.text
    if _is_braced(layout, path[:-1]):
        return _rebraced(layout, path[:-1], {str(path[-1]): None})
    text = layout.text
    begin, end = layout.line_start(entry.key.begin), _line_end(text, entry.value.end)
    after = spliced(text, TextSpan(begin, end), "")
    if end == len(text) and not text.endswith("\n"):
        after = after.removesuffix("\n").removesuffix("\r")
    return after


def _without_header(text: str, path: KeyPath) -> str:
    """Return the text without the header of a table, if the table has no keys of its own."""
    layout = scan(text)
    for section in layout.sections:
        if section.path == path:
            rest = text[section.header.end : section.body_end].strip()
            return text if rest else without_sections(layout, lambda at: at == path)
    return text


def _with_lines(text: str, at: int, lines: list[str]) -> str:
    """Return the text with lines inserted at an offset where a line ends."""
    eol = line_end(text)
    if at and text[at - 1] != "\n":
        return text[:at] + "".join(f"{eol}{line}" for line in lines) + text[at:]
    return text[:at] + "".join(f"{line}{eol}" for line in lines) + text[at:]


def _line_end(text: str, at: int) -> int:
    """Return the offset after the line whose last value ends here."""
    found = REST_OF_LINE.match(text, at)
    return found.end() if found else at


def _place(layout: Layout) -> int:
    """Return the offset for a new registry table: after the last pin, or the last table."""
    for path in (_PINS, _REGISTRY):
        ends = [each.body_end for each in layout.sections if each.path[: len(path)] == path]
        if ends:
            return behind(layout.text, ends[-1])
    return len(layout.text)


def _is_braced(layout: Layout, path: KeyPath) -> bool:
    entry = layout.entries.get(path)
    return entry is not None and entry.value is not None


def _table(text: str) -> dict[str, Any]:
    """Parse the pins' tables."""
    pins: dict[str, Any] = tomllib.loads(text).get("registry", {}).get("pins", {})
    return pins


def _table_of(pin: Pin) -> dict[str, Any]:
    return {**pin.facts, "digest": pin.digest}


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    match value:
        case str():
            return quoted(value)
        case Decimal():
            return plain_amount(value)
        case dict():
            pairs = (f"{quoted_key(key)} = {_toml(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _comparable(value: Any) -> Any:
    """Normalize a value for comparison, however its numbers are written."""
    match value:
        case float() | int() | Decimal():
            return plain_amount(Decimal(str(value)))
        case dict():
            return {key: _comparable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_comparable(inner) for inner in value]
        case _:
            return value


def _pin(tree: Tree, text: str, values: Mapping[str, Any], wanted: Mapping[str, Pin]) -> None:
    """Apply the edit of `pinned` to the parsed text."""
    registry = tree.setdefault("registry", {})
    registry |= values
    written, present = registry.get("pins", {}), _table(text)
    registry["pins"] = {
        name: _merged(written.get(name, {}), present.get(name, {}), _table_of(pin))
        for name, pin in wanted.items()
    }


def _merged(written: Tree, present: Mapping[str, Any], wanted: Mapping[str, Any]) -> Tree:
    """Merge a pin's wanted facts with its table, keeping facts that are equal as written."""
    new = tomllib.loads("\n".join(_lines(wanted)), parse_float=str)
    kept = {
        key: value
        for key, value in written.items()
        if key.startswith(OWN_KEY)
        or (key in wanted and _comparable(present[key]) == _comparable(wanted[key]))
    }
    return new | kept


def _unpin(tree: Tree) -> None:
    for key in (*_KEYS, "pins"):
        tree.get("registry", {}).pop(key, None)


def _uneditable() -> LockfileError:
    return LockfileError(
        "its pins are written in a way that can't be edited safely; remove them by hand, then "
        "run: llmring lock pin"
    )
