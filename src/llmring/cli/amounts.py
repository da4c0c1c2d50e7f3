"""Token counts as people write them: 200k, 1.5M, 1_000."""

import argparse
import re

_AMOUNT = re.compile(r"([0-9]+(?:_[0-9]+)*)(\.[0-9]+)?([kmg]?)", re.IGNORECASE)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_MOST = 10**15


def tokens(text: str) -> int:
    """Parse a number of tokens.

    Accepts digits, optionally grouped with `_`, optional decimals, and an optional suffix k, M or
    G (thousand, million, billion) in either case.

    Raises:
        argparse.ArgumentTypeError: The text has another form, is not a whole number of tokens, or
            exceeds 10^15.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or len(text) > 32:
        raise argparse.ArgumentTypeError(
            f"{text[:32]!r} is not a number of tokens; write 200k, 1.5M or 1_000"
        )
    decimals = (found[2] or ".")[1:]
    amount = int(found[1].replace("_", "") + decimals) * _FACTORS[found[3].lower()]
    scale: int = 10 ** len(decimals)
    if amount % scale:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of tokens")
    if amount > _MOST * scale:
        raise argparse.ArgumentTypeError(f"{text!r} is more than 10^15 tokens")
    return amount // scale
