"""Classes of service: those that an answer was given in at other than the usual prices."""

from __future__ import annotations

# What providers call the usual one, in lower case; "auto" only says that they were to choose.
_USUAL = frozenset(
    {"auto", "default", "on_demand", "standard", "traffic_type_unspecified", "unspecified"}
)


def unusual(tier: object) -> str | None:
    """The class of service in the provider's word; None where it is the usual one, or not told."""
    if not isinstance(tier, str) or not tier or tier.lower() in _USUAL:
        return None
    return tier.lower()
