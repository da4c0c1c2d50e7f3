"""A record of a file, as its reader yields it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The line or the row where it begins, its values, and the reason why it can't be read, if so.
Record = tuple[int, Mapping[str, Any], str | None]
