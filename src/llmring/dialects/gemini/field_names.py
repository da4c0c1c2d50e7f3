"""The names of fields, in both spellings that Google's servers take.

https://protobuf.dev/programming-guides/json
"""

import re


def camel(name: str) -> str:
    """Return the name of a field in camelCase."""
    return re.sub(r"(?<=.)_([a-z])", lambda match: match[1].upper(), name)
