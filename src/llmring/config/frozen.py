"""A frozen lockfile: only the models that it has pinned can be called, with the pinned facts.

Its digests and signature are checked once for each reading of the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from llmring.exceptions import FrozenLockfileError
from llmring.lockfile import pins, signature
from llmring.lockfile.document import Lockfile, ModelRef
from llmring.registry.pin_facts import facts_of, models_of

if TYPE_CHECKING:
    from llmring.lockfile.signature import PublicKey
    from llmring.registry.catalog import ModelFacts


class Frozen:
    """One reading of a frozen lockfile.

    Args:
        lockfile: The lockfile as read.
        key: The public key with which it must be signed, if any.

    Attributes:
        lockfile: The same.
    """

    def __init__(self, lockfile: Lockfile, key: PublicKey | None = None) -> None:
        self.lockfile = lockfile
        self._fault = pins.mismatch(lockfile)
        self._unsigned = None if key is None else signature.fault(lockfile, key)
        self._pins = pins.pins_of(lockfile)
        self._models: dict[str, frozenset[ModelRef]] = {}
        self._facts: dict[ModelRef, tuple[ModelFacts | None, ModelFacts]] = {}

    def require(self, models: Iterable[ModelRef], profile: str) -> None:
        """Raise for models that the profile does not bind, and for a changed lockfile.

        Raises:
            FrozenLockfileError: A model is not bound, or the lockfile does not match its pins.
        """
        self.require_whole()
        if profile not in self._models:
            self._models[profile] = frozenset(models_of(self.lockfile, [profile]))
        for ref in models:
            if ref not in self._models[profile]:
                raise FrozenLockfileError(
                    f"{ref} is not in the lockfile, which is frozen: no binding of profile "
                    f"{profile!r} names it; bind it and run llmring lock pin, or call "
                    "without LLMRING_FROZEN and --frozen",
                    path=self.lockfile.path,
                )

    def require_whole(self) -> None:
        """Raise unless the lockfile is pinned, unchanged since, and signed if it must be.

        Raises:
            FrozenLockfileError: It is not.
        """
        if self._fault is not None:
            raise FrozenLockfileError(
                f"the lockfile is frozen, but {self._fault.message}; if it is as you want it: "
                f"{self._fault.fix}",
                path=self.lockfile.path,
            )
        if self._unsigned is not None:
            raise FrozenLockfileError(
                f"the lockfile is frozen, but {self._unsigned}; if it is as you want it: "
                f"{signature.FIX}",
                path=self.lockfile.path,
            )

    def facts(self, ref: ModelRef, known: ModelFacts | None) -> ModelFacts | None:
        """Return the facts pinned for a model; None if none are pinned.

        Args:
            ref: The model.
            known: Facts from elsewhere, which fill in what the pin leaves out.
        """
        pin = self._pins.get(ref)
        if pin is None:
            return None
        cached = self._facts.get(ref)
        if cached is None or cached[0] is not known:
            self._facts[ref] = cached = (known, facts_of(pin, known))
        return cached[1]
