"""The context of a request: what "it" means, in the request and in the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from llmring.advisor.editor import LockfileEditor
from llmring.advisor.grammar.intent_parts import THERE, AliasPhrase
from llmring.advisor.grammar.intents import Intent
from llmring.advisor.grammar.words import ENVIRONMENTS, SHORT_ENVIRONMENTS
from llmring.advisor.planning.unclear import Option, UnclearRequestError
from llmring.advisor.planning.working_copy import WorkingCopy
from llmring.lockfile.problem import nearest

# An alias in a profile.
Place = tuple[str, str]

_MOST_NAMED = 8


@dataclass
class Memory:
    """The state of a conversation.

    Attributes:
        recommended: The models recommended last, best first.
        places: The aliases that the last change or question was about, with their profiles.
        mentioned: All aliases of the last request with any.
        profile_topic: The profile that was created or changed as a whole last.
        edits: The intents of the last change.
        options: The choices of the last question back.
        asked: The intents that the options belong to.
    """

    recommended: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    mentioned: tuple[Place, ...] = ()
    profile_topic: str | None = None
    edits: tuple[Intent, ...] = ()
    options: tuple[Option, ...] = ()
    asked: tuple[Intent, ...] = ()


@dataclass
class Context:
    """The context of one request.

    Attributes:
        copy: The copy of the lockfile that the request changes.
        memory: The state of the conversation before the request.
        request: The intents of the request.
        meant: The models that words of the request mean, as the user chose.
        recommended: The models recommended last, in this request too.
        topic: The aliases of the clause before; None at the beginning.
        mentioned: The aliases of all clauses before.
        profile: The profile for clauses that name none.
        profile_topic: The profile that a clause before created or changed as a whole.
        notes: Remarks for the answer.
    """

    copy: WorkingCopy
    memory: Memory
    request: tuple[Intent, ...] = ()
    meant: Mapping[str, str] = field(default_factory=dict)
    recommended: tuple[str, ...] = ()
    topic: tuple[Place, ...] | None = None
    mentioned: tuple[Place, ...] = ()
    profile: str | None = None
    profile_topic: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def editor(self) -> LockfileEditor:
        """The editor of the lockfile."""
        return self.copy.editor

    def places(self, phrase: AliasPhrase, *, creates: bool = False) -> tuple[Place, ...]:
        """Find the aliases that a phrase means, and remember them for the next clause.

        Args:
            phrase: The phrase.
            creates: True if the clause can create an alias.

        Raises:
            UnclearRequestError: An alias does not exist, or it is unclear which one is meant.
        """
        profile = phrase.profile or self.profile or self.editor.profile
        match phrase.scope:
            case "named":
                found = tuple(
                    (self._existing(name, phrase, profile, creates=creates), profile)
                    for name in phrase.names
                )
            case "all":
                found = tuple((alias, profile) for alias in self.copy.bindings(profile))
                if not found:
                    raise UnclearRequestError(f"Profile {profile} has no aliases yet.")
            case _:
                found = self._several(phrase) if phrase.several else self._referred(phrase)
        self.turn_to(found)
        return found

    def profile_of(self, name: str | None) -> str | None:
        """Return the profile of the clauses before for "there"; others as they are.

        Raises:
            UnclearRequestError: No clause was about a profile.
        """
        if name != THERE:
            return name
        there = self.profile_topic or self.memory.profile_topic
        if there is None:
            raise UnclearRequestError("In which profile? Name it; nothing was changed.")
        return there

    def turn_to(self, places: tuple[Place, ...], instead_of: tuple[Place, ...] = ()) -> None:
        """Remember the aliases of a clause for the clauses behind it.

        Args:
            places: The aliases.
            instead_of: Aliases that no longer exist.
        """
        kept = (each for each in self.mentioned if each not in instead_of)
        self.mentioned = tuple(dict.fromkeys((*kept, *places)))
        self.topic = places

    def is_alias(self, name: str) -> bool:
        """Return True if any profile has an alias."""
        profiles = self.copy.lockfile.profiles
        return any(name in profile.bindings for profile in profiles.values())

    def _referred(self, phrase: AliasPhrase) -> tuple[Place, ...]:
        found = self.topic
        recent = self.memory.places
        if found is None and (phrase.scope == "back" or len(recent) == 1):
            found = recent
        if not found:
            raise UnclearRequestError(self.which_alias())
        profile = phrase.profile or self.profile
        if profile is None:
            return found
        return tuple(dict.fromkeys((alias, profile) for alias, _ in found))

    def _several(self, phrase: AliasPhrase) -> tuple[Place, ...]:
        """Find the aliases that "both", "them" and "all of them" mean.

        Raises:
            UnclearRequestError: No aliases were named, or they could be these or those.
        """
        memory = self.memory
        near = memory.places if self.topic is None else self.topic
        every = memory.mentioned if self.topic is None else self.mentioned
        if self.topic is None and phrase.several == "all" and len(every) < 2:
            return self.places(replace(phrase, scope="all", several=""))
        if phrase.several != "both" and len(every) < 2:
            return self._referred(phrase)
        wanted = (each for each in (near, every) if len(each) > 1)
        found = [*dict.fromkeys(wanted)]
        if phrase.several == "both":
            found = [each for each in found if len(each) == 2]
        elif phrase.several == "all":
            found = found[-1:]
        if len(found) != 1:
            raise UnclearRequestError(self.which_alias())
        profile = phrase.profile or self.profile
        return tuple(dict.fromkeys((alias, profile or own) for alias, own in found[0]))

    def which_alias(self) -> str:
        """Return the question for an alias."""
        names = [*self.copy.bindings(self.profile or self.editor.profile)][:_MOST_NAMED]
        known = f" ({', '.join(names)})" if names else ""
        return f"Which alias{known}? Name it in the request; nothing was changed."

    def _existing(self, name: str, phrase: AliasPhrase, profile: str, *, creates: bool) -> str:
        if name in self.copy.bindings(profile):
            return name
        may_create = creates and (phrase.new != "no" or self.is_alias(name))
        if may_create and (len(phrase.names) == 1 or self.is_alias(name)):
            if phrase.new == "implied" and not self.is_alias(name):
                self._check_purpose(name, phrase)
            return name
        names = [*self.copy.bindings(profile)]
        meant = nearest(name, names)
        hint = f" Did you mean {meant}?" if meant else ""
        other = f" It has: {', '.join(names[:_MOST_NAMED])}." if names and not meant else ""
        raise UnclearRequestError(
            f"Profile {profile} has no alias {name}.{hint}{other} Nothing was changed."
        )

    def _check_purpose(self, name: str, phrase: AliasPhrase) -> None:
        """Ask back if a new alias has the name of a profile or of an environment."""
        lowered = name.lower()
        profile = next(
            (
                each
                for each in self.copy.lockfile.profiles
                if each.lower() in (lowered, SHORT_ENVIRONMENTS.get(lowered, lowered))
            ),
            None,
        )
        if profile is None and lowered not in ENVIRONMENTS:
            return
        explicit = replace(phrase, new="explicit")
        intents = tuple(_with_phrase(each, phrase, explicit) for each in self.request)
        raise UnclearRequestError(
            f"Is {name} an alias or a profile? For an alias, write: as my '{name}' alias. For a "
            f"profile, name the alias too, as in: for fast in profile {profile or name}. Nothing "
            "was changed.",
            (Option(f"an alias {name}", intents),),
        )


def _with_phrase(intent: Intent, old: AliasPhrase, new: AliasPhrase) -> Intent:
    return replace(intent, aliases=new) if getattr(intent, "aliases", None) == old else intent
