"""What a ring offers about its lockfile: look-ups, lists, edits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from llmring.client.ring_core import RingCore


class LockfileOfRing(RingCore):
    """The part of `LLMRing` that is about the lockfile in force."""

    @property
    def lockfile_path(self) -> Path:
        """The lockfile in force, absolute."""
        return self._aliases.source.path

    @property
    def lockfile_source(self) -> str:
        """Why that one: "argument", "environment", "folder", "package" or "bundled"."""
        return self._aliases.source.rule

    def resolve_alias(
        self, alias: str, profile: str | None = None, *, require_available: bool = False
    ) -> str:
        """The model that a call through this alias tries first, as "provider:model".

        That is the first whose provider has its key, or, where none has, the first.

        Args:
            alias: The name.
            profile: Left out, the one in force.
            require_available: Whether a model without a key is an error.

        Raises:
            ModelNotFoundError: No such alias, or no model with a key where one is required.
        """
        return self._aliases.first_usable(alias, profile, required=require_available)

    def list_aliases(self, profile: str | None = None) -> dict[str, str]:
        """Each alias of the profile with its first model, in the order of the file.

        Raises:
            ConfigurationError: There is no such profile.
        """
        return self._aliases.primaries(profile)

    def list_bindings(self, profile: str | None = None) -> dict[str, tuple[str, ...]]:
        """Each alias of the profile with all of its models, in the order of the file.

        Raises:
            ConfigurationError: There is no such profile.
        """
        bindings = self._aliases.bindings(profile)
        return {name: tuple(map(str, bindings[name].models)) for name in bindings}

    def has_alias(self, alias: str, profile: str | None = None) -> bool:
        """Whether there is such an alias; never raises."""
        return self._aliases.has(alias, profile)

    def require_aliases(
        self, aliases: Iterable[str], context: str | None = None, profile: str | None = None
    ) -> None:
        """Refuse to go on without these aliases.

        Args:
            aliases: Their names.
            context: Who needs them, for the message: the name of a library, say.
            profile: The profile to look into; left out, the one in force.

        Raises:
            MissingAliasesError: Some are missing; a ValueError too. `.missing` names them.
        """
        self._aliases.require(aliases, context, profile)

    def bind_alias(
        self, alias: str, models: str | Iterable[str], profile: str | None = None
    ) -> None:
        """Bind an alias in the lockfile on disk, or change what it is bound to.

        Where the lockfile in force came with a package, `./llmring.lock` is made, with this
        binding alone, and used from then on.

        Args:
            alias: The name.
            models: "provider:model", several after commas, or a list; the first is tried first.
            profile: Made if it is missing; left out, the one in force.

        Raises:
            InvalidModelReferenceError: A model is not "provider:model".
            ConfigurationError: A model's provider is unknown.
            LockfileError: The file can't be written.
        """
        self._aliases.bind(alias, models, profile)

    def unbind_alias(self, alias: str, profile: str | None = None) -> None:
        """Remove an alias from the lockfile on disk.

        Raises:
            ModelNotFoundError: No such alias.
            LockfileError: The file can't be written.
        """
        self._aliases.unbind(alias, profile)

    def init_lockfile(self, force: bool = False) -> None:
        """Write a new lockfile with aliases chosen from the catalog, and use it.

        It goes where `lockfile_path` says, else to `./llmring.lock`.

        Args:
            force: Whether a lockfile that is there may be overwritten.

        Raises:
            FileExistsError: It is there, and `force` is not set.
        """
        self._aliases.init(force=force)

    def clear_alias_cache(self) -> None:
        """Read the lockfile, and those of packages, again at the next call.

        There is no need to after a change on disk: it is noticed.
        """
        self._aliases.forget()
