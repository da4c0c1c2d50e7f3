"""Settings of a lockfile that a user must agree to before a command follows them.

They decide where keys and requests go, where a catalog comes from, where files are written, and
which web pages and clients may call a gateway.
Aliases need no consent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from llmring.lockfile.document import RECORDINGS, Lockfile
from llmring.lockfile.home_address import BuiltInProvider, address_of, leads_away
from llmring.lockfile.toml.layout import KeyPath


class Claim(Struct, frozen=True):
    """A setting that needs consent.

    Attributes:
        path: Its key path in the lockfile.
        effect: What it does, as "sends the key in MINE_KEY to llm.example".
        value: The setting as written; other text needs consent again.
    """

    path: KeyPath
    effect: str
    value: Any


def claims(lockfile: Lockfile, known: Mapping[str, BuiltInProvider]) -> tuple[Claim, ...]:
    """Return the settings of a lockfile that need consent, in the order of the file.

    Args:
        lockfile: The lockfile.
        known: The built-in providers, by name.
    """
    return (
        *_providers(lockfile, known),
        *_registry(lockfile),
        *_recordings(lockfile),
        *_gateway(lockfile),
    )


def fingerprint(found: tuple[Claim, ...]) -> str:
    """Return the digest that identifies these settings; it changes with any of them."""
    rows = [[[str(key) for key in claim.path], claim.value] for claim in found]
    encoded = msgspec.json.encode(rows, order="sorted", enc_hook=str)
    return f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def _providers(lockfile: Lockfile, known: Mapping[str, BuiltInProvider]) -> Iterator[Claim]:
    for name, table in lockfile.providers.items():
        place = _place(address_of(name, table, known), known.get(name.lower()))
        if "api_key_env" in table:
            effect = f"sends the key in {table['api_key_env']} to {place}"
        elif leads_away(name, table, known):
            effect = f"sends the requests to {name}, and their texts, to {place}"
        else:
            continue
        yield Claim(("providers", name), effect, table)


def _place(url: str, vendor: BuiltInProvider | None) -> str:
    """Return the server of an address, with what makes it another than the vendor's."""
    server = urlsplit(url).netloc or "its provider"
    if vendor is not None and url.startswith("http:") and vendor.base_url.startswith("https:"):
        return f"http://{server}"
    return server


def _registry(lockfile: Lockfile) -> Iterator[Claim]:
    url = lockfile.registry.get("url")
    if url is not None:
        yield Claim(("registry", "url"), f"takes prices and facts about models from {url}", url)


def _recordings(lockfile: Lockfile) -> Iterator[Claim]:
    for profile in lockfile.profiles.values():
        path = ("profiles", profile.name)
        mode, written = profile.policy.get("mode"), profile.policy.get("recordings")
        folder = written or RECORDINGS
        outside = _outside(folder, lockfile.path)
        if mode == "record":
            place = outside or written or "the folder of recordings"
            effect = f"writes requests and answers to {place}"
            yield Claim((*path, "mode"), effect, ["record", folder])
        if outside is not None and (mode or written):
            effect = f"reads recordings outside of the lockfile's folder, in {outside}"
            yield Claim((*path, "recordings"), effect, [folder, outside])


def _gateway(lockfile: Lockfile) -> Iterator[Claim]:
    doors = (
        ("cors", "lets web pages of {} call the gateway"),
        ("hosts", "lets clients reach the gateway as {}"),
    )
    for key, effect in doors:
        names = lockfile.gateway.get(key)
        if names:
            yield Claim(("gateway", key), effect.format(", ".join(names)), names)
    keys = lockfile.gateway.get("keys")
    if keys:
        named = ", ".join(str(each.get("name")) for each in keys)
        yield Claim(("gateway", "keys"), f"lets clients with the keys {named} make calls", keys)


def _outside(folder: str, lockfile: Path | None) -> str | None:
    """Return the place of a folder that leads out of the lockfile's own, also by a link."""
    if lockfile is None:
        return folder if _leads_out(folder) else None
    home, place = (Path(os.path.realpath(lockfile.parent / each)) for each in ("", folder))
    if place.is_relative_to(home) and not _leads_out(folder):
        return None
    return str(place).encode("utf-8", "backslashreplace").decode()


def _leads_out(folder: str) -> bool:
    # Windows' rules for paths include those of POSIX.
    path = PureWindowsPath(folder)
    return bool(path.anchor) or ".." in path.parts or folder.startswith("~")
