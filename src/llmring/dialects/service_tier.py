"""Service classes whose prices differ from the usual ones."""

from __future__ import annotations

# Names of the usual class, in lower case; "auto" only leaves the choice to the provider.
_USUAL = frozenset(
    {"auto", "default", "on_demand", "standard", "traffic_type_unspecified", "unspecified"}
)


def unusual(tier: object) -> str | None:
    """Return the provider's name of a service class; None if it is the usual one, or unknown."""
    if not isinstance(tier, str) or not tier or tier.lower() in _USUAL:
        return None
    return tier.lower()
