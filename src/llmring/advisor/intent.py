"""A small grammar that parses a request in plain English, without a model.

It ignores words that it does not know, and returns an intent of the kind "unclear" if it finds
nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from llmring.advisor.ranking import Need, Order
from llmring.registry.catalog import Capability

Kind = Literal[
    "recommend", "bind", "unbind", "create profile", "copy profile", "policy", "show", "unclear"
]


class Intent(Struct, frozen=True, kw_only=True):
    """The request in a sentence.

    Attributes:
        kind: The action.
        need: The requirements for a model.
        states_need: True if the sentence gives any requirement.
        alias: The alias in the sentence.
        profile: The profile in the sentence.
        source: The other profile, for a copy or an extension.
        models: The models in the sentence, as "provider:model".
        fallbacks: True if the sentence asks for fallbacks.
        appends: True if its models become additional fallbacks of the alias.
        refers_back: True if it refers to the last recommendation ("that one").
        policy: The key and value of a policy.
    """

    kind: Kind = "unclear"
    need: Need = Need()
    states_need: bool = False
    alias: str | None = None
    profile: str | None = None
    source: str | None = None
    models: tuple[str, ...] = ()
    fallbacks: bool = False
    appends: bool = False
    refers_back: bool = False
    policy: tuple[str, float | str] | None = None


class Vocabulary(Struct, frozen=True, kw_only=True):
    """The names that a sentence may use.

    Attributes:
        profiles: The existing profiles.
        aliases: The existing aliases.
        models: Every known model, as "provider:model".
        providers: Every provider.
    """

    profiles: Collection[str] = ()
    aliases: Collection[str] = ()
    models: Collection[str] = ()
    providers: Collection[str] = ()


# Profile names that people use before the profile exists.
_PLACES = ("dev", "development", "test", "testing", "staging", "prod", "production", "ci")
_PLACE_NAMES = {"development": "dev", "testing": "test", "production": "prod"}

_CAPABILITIES: tuple[tuple[str, Capability], ...] = (
    (r"vision|images?|photos?|pictures?|screenshots?", "vision"),
    (r"pdfs?|documents?", "documents"),
    (r"audio|speech|voice", "audio"),
    (r"tools?|function[- ]calling|agents?", "tools"),
    (r"json|structured|schemas?", "json_schema"),
    (r"reason(?:s|ing)?|think(?:s|ing)?", "reasoning"),
)
_ORDERS: tuple[tuple[str, Order], ...] = (
    (r"cheap(?:est|er)?|inexpensive|low[- ]cost|budget|affordable", "cheapest"),
    (r"fast(?:est|er)?|quick(?:est)?|small(?:est)?|light(?:weight)?", "cheapest"),
    (r"best|smart(?:est)?|strong(?:est)?|powerful|deep|hard(?:est)?|complex|capable", "best"),
    (
        r"(?:long(?:est)?|large(?:st)?|big(?:gest)?|huge) (?:contexts?|documents?|inputs?)",
        "longest context",
    ),
    (r"new(?:est)?|latest|recent", "newest"),
)
_OWN_MACHINE = r"local(?:ly)?|offline|private|own machine"

# Not the "that" of "a model that reads images".
_BACK = r"it|this|those|them|(?:that)(?= (?:one|model|as|to|for|in|with)\b|\W*\Z|[,.;])"

_WORD = r"""["'`]?(\w[\w.-]*)["'`]?"""
# Typographic quotation marks, which terminals and phones insert.
_QUOTES = str.maketrans(dict.fromkeys("\u2018\u2019\u201c\u201d", "'"))
_ALIAS = (
    rf"\balias (?:called |named )?{_WORD}",
    rf"\bmy {_WORD} alias\b",
    rf"{_WORD} alias\b",
    rf"\b(?:to|as) (?:my |the |an? )?(?:new )?{_WORD}",
    r"\b(\w[\w.-]*) to use\b",
    rf"\bbehind (?:the )?(?:alias |name )?{_WORD}",
    rf"\bfor (?:my |the |an? )?(?:new )?{_WORD}",
    rf"\b(?:called|named|(?:name|call) (?:it|that|this)) {_WORD}",
    rf"\b(?:bind|unbind|remove|delete|drop|rebind|connect|away) (?:the )?{_WORD}",
    rf"\b(?:make|point|switch|limit|change|replace|of) (?:the |my )?{_WORD}",
    rf"\A{_WORD} (?:should|shall|must|=)",
    rf"\bmy {_WORD}",
)
_PROFILE = (
    rf"\bprofile (?:called |named )?{_WORD}",
    rf"{_WORD} profile\b",
)
# Words in the place of a name that are not names.
_NO_NAME = frozenset(
    """
    a an the my our this that it its them me us i you what which please now also instead use set
    bind add make need needs want with and or for to in of on from as under below per day called
    named everything something anything all based like extending another other given
    model models one ones alias aliases profile profiles fallback fallbacks
    cheap cheaper cheapest fast fastest quick small best better smart good new newest latest local
    vision image images tool tools json long context reading writing
    budget timeout retries strategy default's
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
# Words that describe a model, but are also good names for an alias.
_NAMES_TOO = frozenset(
    """
    fast quick cheap best smart vision images tools json local default small latest new
    """.split()  # noqa: SIM905 -- as a list, one word a line
)


# Plain requests are shorter; the patterns take quadratic time for a very long word.
_MOST_CHARACTERS = 4000


def read(sentence: str, vocabulary: Vocabulary) -> Intent:
    """Parse a sentence.

    Args:
        sentence: The sentence, in English; above 4,000 characters, the result is "unclear".
        vocabulary: The names that the sentence may use.
    """
    if len(sentence) > _MOST_CHARACTERS:
        return Intent()
    text = " ".join(sentence.translate(_QUOTES).split())
    low = text.lower()
    models = tuple(_models(text, vocabulary))
    need, states_need = _need(low, vocabulary)
    profile = _profile(low, vocabulary)
    policy = _policy(low)
    intent = Intent(
        need=need,
        states_need=states_need,
        profile=profile,
        models=models,
        fallbacks=bool(re.search(r"\b(?:fall ?-?backs?|backups?|fail ?-?over)\b", low)),
        appends=_has(low, r"as (?:an? |another |the )?(?:fall ?-?backs?|backups?)"),
        refers_back=_has(low, _BACK),
        policy=policy,
    )
    kind = _kind(low, intent)
    if kind in ("create profile", "copy profile"):
        return _about_profiles(low, intent, kind)
    if kind == "show" and profile is None:
        named = (
            each for each in vocabulary.profiles if _has(low, rf"(?:of|in|for) {re.escape(each)}")
        )
        intent = msgspec.structs.replace(intent, profile=next(named, None))
    alias = _alias(low, intent, vocabulary) if kind in ("bind", "unbind", "policy") else None
    if kind == "bind" and alias is None:
        kind = "recommend" if states_need else "unclear"
    return msgspec.structs.replace(intent, kind=kind, alias=alias)


_KINDS: tuple[tuple[str, Kind], ...] = (
    (
        r"(?:copy|duplicate|clone)\b(?:.*\bprofile\b| \S+ (?:to|as|into) \S+)",
        "copy profile",
    ),
    (r"(?:create|add|make|new|set up)\b[^.]*\bprofile\b(?! ?s)", "create profile"),
    (r"(?:unbind|remove|delete|drop|get rid of|throw away)\b", "unbind"),
    (r"rename\b", "unclear"),
    (
        r"(?:bind|rebind|alias|use|set|add|make|point|switch|assign|change|replace|call|name|connect|put"
        r"|should be|shall be|must be)\b|\A\S+ = ",
        "bind",
    ),
    (r"(?:list|show|what)\b.*\b(?:aliases|bindings|have)\b", "show"),
)


def _kind(low: str, intent: Intent) -> Kind:
    about_alias = bool(intent.models) or re.search(r"\balias\b|\bbind\b", low) is not None
    for pattern, kind in _KINDS:
        if re.search(rf"\b(?:{pattern})", low) is None:
            continue
        if kind == "create profile" and about_alias:
            continue
        return "policy" if kind == "bind" and intent.policy is not None else kind
    if intent.policy is not None:
        return "policy"
    return "recommend" if intent.states_need or intent.models else "unclear"


def _models(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the models that a text names, in order; the provider may be left out."""
    by_name: dict[str, str] = {}
    for model in vocabulary.models:
        by_name.setdefault(model.partition(":")[2].lower(), model)
        by_name[model.lower()] = model
    seen = set()
    for found in re.finditer(r"[A-Za-z][\w./:@+-]*[\w+]", text, re.ASCII):
        word = found[0]
        provider, colon, _ = word.partition(":")
        known = by_name.get(word.lower()) if colon or re.search(r"[\d-]", word) else None
        if known is None and colon and provider.lower() in vocabulary.providers:
            known = f"{provider.lower()}:{word.partition(':')[2]}"
        if known is not None and known not in seen:
            seen.add(known)
            yield known


def _need(low: str, vocabulary: Vocabulary) -> tuple[Need, bool]:
    capabilities = tuple(each for pattern, each in _CAPABILITIES if _has(low, pattern))
    orders = [order for pattern, order in _ORDERS if _has(low, pattern)]
    providers = tuple(
        name for name in vocabulary.providers if re.search(rf"\b{re.escape(name)}\b(?!:)", low)
    )
    if _has(low, _OWN_MACHINE):
        providers = (
            *providers,
            *(name for name in ("ollama", "local") if name in vocabulary.providers),
        )
    context = re.search(r"(\d+(?:\.\d+)?)\s*([km])\b(?: tokens?)?(?: of)?(?: context)?", low)
    limit = re.search(r"(?:under|below|less than|at most|max(?:imum)?) \$?(\d+(?:\.\d+)?)", low)
    scale = {"k": 1_000, "m": 1_000_000}
    need = Need(
        capabilities=capabilities,
        min_context=int(Decimal(context[1]) * scale[context[2]]) if context else None,
        max_input_price=Decimal(limit[1]) if limit and not context else None,
        providers=tuple(dict.fromkeys(providers)),
        order=orders[0] if orders else "cheapest",
    )
    states = bool(orders) or need != Need(order=need.order)
    return need, states or _has(low, "model|models")


def _has(low: str, pattern: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", low) is not None


def _profile(low: str, vocabulary: Vocabulary) -> str | None:
    for pattern in _PROFILE:
        for found in re.finditer(pattern, low):
            name = found[1]
            if name not in _NO_NAME or name in vocabulary.profiles:
                return _PLACE_NAMES.get(name, name) if name not in vocabulary.profiles else name
    # "... to summarizer for dev": a profile at the very end, after another name.
    end = re.search(
        rf"\b(?:to|as|for|of|alias\w*|called)\b.*\b(?:for|in|on) (?:the )?{_WORD}[.!]?\Z", low
    )
    if end is not None:
        name = _PLACE_NAMES.get(end[1], end[1])
        if name in vocabulary.profiles or end[1] in _PLACES:
            return name
    return None


def _alias(low: str, intent: Intent, vocabulary: Vocabulary) -> str | None:
    named = {part for model in intent.models for part in (model, model.partition(":")[2])}
    taken = {each.lower() for each in named} | set(vocabulary.providers)
    for pattern in _ALIAS:
        for found in re.finditer(pattern, low):
            name = found[1].strip(".-")
            quoted_ = low[found.start(1) - 1] in "\"'`" if found.start(1) else False
            if quoted_ or name in vocabulary.aliases:
                return name
            if name in taken or name.isdigit() or name == intent.profile:
                continue
            follows = low[found.end(1) :].lstrip()
            if name in _NAMES_TOO and not re.match(r"(?:model|and|or|\w+ model)\b", follows):
                if pattern.startswith(r"\b(?:bind"):
                    return name if re.match(r"(?:to|in|from|\Z|\.)", follows) else None
                return name
            if name not in _NO_NAME:
                return name
    if intent.policy is not None:
        # Otherwise a policy meant for one alias would apply to the whole profile.
        return next(
            (each for each in vocabulary.aliases if _has(low, re.escape(each.lower()))), None
        )
    return None


def _about_profiles(low: str, intent: Intent, kind: Kind) -> Intent:
    copied = re.search(
        rf"(?:copy|duplicate|clone)(?: the)?(?: profile)? {_WORD}(?: profile)? "
        rf"(?:to|as|into)(?: a)?(?: new)?(?: profile)?(?: called| named)? {_WORD}",
        low,
    )
    if copied is not None:
        return msgspec.structs.replace(intent, kind=kind, source=copied[1], profile=copied[2])
    based = re.search(rf"\b(?:extend(?:s|ing)|from|like|based on)(?: the)? {_WORD}", low)
    return msgspec.structs.replace(intent, kind=kind, source=based[1] if based else None)


_POLICIES: tuple[tuple[str, str], ...] = (
    (r"\btime ?-?out\b\D*(\d+(?:\.\d+)?)", "timeout"),
    (r"\b(?:longer|more) than (\d+(?:\.\d+)?) ?s(?:ec|econds?)?\b", "timeout"),
    (r"\bretr(?:y|ies)\b\D*(\d+)", "retries"),
    (r"(?:\b|_)budget\b\D*(\d+(?:\.\d+)?)", "daily_budget"),
    (r"\$(\d+(?:\.\d+)?) (?:a|per) day\b", "daily_budget"),
    (r"\$(\d+(?:\.\d+)?) (?:a|per) (?:request|call)\b", "max_cost_per_request"),
)


def _policy(low: str) -> tuple[str, float | str] | None:
    for pattern, key in _POLICIES:
        found = re.search(pattern, low)
        if found is not None:
            number = float(found[1])
            return key, int(number) if number.is_integer() else number
    strategy = re.search(r"\bstrategy\b.*\b(ordered|weighted|cheapest|fastest)\b", low)
    return ("strategy", strategy[1]) if strategy else None
