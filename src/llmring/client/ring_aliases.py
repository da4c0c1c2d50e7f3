"""The part of a ring that looks up, lists and edits aliases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from llmring.client.ring_core import RingCore


class RingAliases(RingCore):
    """The methods of `LLMRing` for the active lockfile."""

    @property
    def lockfile_path(self) -> Path:
        """Absolute path of the active lockfile."""
        return self._active_lockfile.source.path

    @property
    def lockfile_source(self) -> str:
        """The rule that found it: "argument", "environment", "folder", "package" or "bundled"."""
        return self._active_lockfile.source.rule

    def resolve_alias(
        self, alias: str, profile: str | None = None, *, require_available: bool = False
    ) -> str:
        """Return the model that a call of this alias tries first, as "provider:model".

        This is the first model whose provider has a key, or, if no provider has one, the first.

        Args:
            alias: Name of the alias.
            profile: The profile; by default the active one.
            require_available: True to raise if no model's provider has a key.

        Raises:
            ModelNotFoundError: The alias does not exist, or `require_available` is set and no
                model's provider has a key.
        """
        return self._active_lockfile.first_usable(alias, profile, required=require_available)

    def list_aliases(self, profile: str | None = None) -> dict[str, str]:
        """Return each alias of a profile with its first model, in the order of the file.

        Args:
            profile: The profile; by default the active one.

        Raises:
            ConfigurationError: The profile does not exist.
        """
        return self._active_lockfile.primaries(profile)

    def list_bindings(self, profile: str | None = None) -> dict[str, tuple[str, ...]]:
        """Return each alias of a profile with all of its models, in the order of the file.

        Args:
            profile: The profile; by default the active one.

        Raises:
            ConfigurationError: The profile does not exist.
        """
        bindings = self._active_lockfile.bindings(profile)
        return {name: tuple(map(str, bindings[name].models)) for name in bindings}

    def has_alias(self, alias: str, profile: str | None = None) -> bool:
        """Return True if the alias exists; never raises.

        Args:
            alias: Name of the alias.
            profile: The profile; by default the active one.
        """
        return self._active_lockfile.has(alias, profile)

    def require_aliases(
        self, aliases: Iterable[str], context: str | None = None, profile: str | None = None
    ) -> None:
        """Raise an error unless all these aliases exist.

        Args:
            aliases: Names of the aliases.
            context: Who needs them, for the message, such as the name of a library.
            profile: The profile; by default the active one.

        Raises:
            MissingAliasesError: Aliases are missing; `.missing` lists them. Also a ValueError.
        """
        self._active_lockfile.require(aliases, context, profile)

    def bind_alias(
        self, alias: str, models: str | Iterable[str], profile: str | None = None
    ) -> None:
        """Bind an alias to models in the lockfile on disk, replacing an existing binding.

        If the active lockfile belongs to a package, a new `./llmring.lock` with only this binding
        is written instead, and used from then on.

        Args:
            alias: Name of the alias.
            models: "provider:model", several of them separated by commas, or a list; they are
                tried in this order.
            profile: The profile, created if missing; by default the active one.

        Raises:
            InvalidModelReferenceError: A model is not "provider:model".
            ConfigurationError: A model's provider is unknown.
            LockfileError: The file can't be written.
        """
        self._active_lockfile.bind(alias, models, profile)

    def unbind_alias(self, alias: str, profile: str | None = None) -> None:
        """Remove an alias from the lockfile on disk.

        Args:
            alias: Name of the alias.
            profile: The profile; by default the active one.

        Raises:
            ModelNotFoundError: The alias does not exist.
            LockfileError: The file can't be written.
        """
        self._active_lockfile.unbind(alias, profile)

    def init_lockfile(self, force: bool = False) -> None:
        """Write a new lockfile with aliases chosen from the catalog, and use it.

        It is written to the ring's `lockfile_path`, or by default to `./llmring.lock`.

        Args:
            force: True to overwrite an existing lockfile.

        Raises:
            FileExistsError: The lockfile exists, and `force` is not set.
            LockfileError: The file can't be written.
        """
        self._active_lockfile.init(force=force)

    def clear_alias_cache(self) -> None:
        """Read the lockfile and those of packages again at the next call.

        This is not needed after a change on disk, which is noticed by itself.
        """
        self._active_lockfile.forget()
