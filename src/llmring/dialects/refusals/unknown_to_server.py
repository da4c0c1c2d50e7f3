"""Changes to a request that all models of a server need: what it does not know at all."""

from __future__ import annotations

from msgspec import Struct

from llmring.dialects.request_changes import Draft, RequestChange

BETAS = "anthropic-beta"


class LeaveOutBetas(Struct, frozen=True):
    """Leaving out values of the header for beta features.

    Attributes:
        betas: The values.
    """

    betas: tuple[str, ...]

    def apply(self, draft: Draft) -> str | None:
        """Remove the values, and the header if it is empty without them."""
        given = [beta.strip() for beta in draft.headers.get(BETAS, "").split(",")]
        rest = [beta for beta in given if beta not in self.betas]
        if len(rest) == len(given):
            return None
        if rest:
            draft.headers[BETAS] = ",".join(rest)
        else:
            del draft.headers[BETAS]
        left_out = ", ".join(beta for beta in given if beta in self.betas)
        return f"beta {left_out} left out: the provider does not know it"

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


class LeaveOutField(Struct, frozen=True, kw_only=True):
    """Leaving out a field that a server with a vendor's API does not know.

    Attributes:
        name: The field.
        vendor: The host of the vendor, who knows all fields: one that is refused there is wrong.
    """

    name: str
    vendor: str

    def apply(self, draft: Draft) -> str | None:
        """Remove the field."""
        if self.name not in draft.body or draft.host == self.vendor:
            return None
        del draft.body[self.name]
        return f"{self.name} left out: the server does not know it"

    def settled(self, draft: Draft) -> RequestChange:  # noqa: ARG002
        """Return the same change."""
        return self


# Changes that all models of a server need.
OF_SERVER = (LeaveOutBetas, LeaveOutField)
