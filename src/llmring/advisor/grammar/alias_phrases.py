"""Phrases that name aliases, profiles and models: "my 'dev' alias", "in prod", "haiku"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from llmring.advisor.grammar.chart import Chart, Rule, Values, rules
from llmring.advisor.grammar.intent_parts import (
    THERE,
    AliasPhrase,
    ModelsOfAlias,
    RecommendedModel,
    Successor,
)
from llmring.advisor.grammar.lexer import Token
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.grammar.words import (
    ENVIRONMENTS,
    FILLERS,
    NOT_NAMES,
    SHORT_ENVIRONMENTS,
    USUAL_PROFILES,
)

_NAME = re.compile(r"[^\W\d][\w.-]*(?::[\w.-]+)?")
_MOST_WORDS = 6


def name(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield the name of an alias, which may exist or not."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    if token is None:
        return
    known = chart.names.alias(token.text)
    if token.quoted or known is not None:
        yield known or token.text, at + 1
    elif _can_be_name(chart, at) and chart.names.models.find([token.word]) is None:
        yield _as_new(chart, at), at + 1


def known(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield the name of an existing alias."""
    for found, end in name(chart, at):
        if chart.names.alias(found) is not None:
            yield found, end


def profile_name(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield the name of a profile, which may exist or not."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    if token is None:
        return
    known = chart.names.profile(token.text)
    if known is None:
        known = chart.names.profile(SHORT_ENVIRONMENTS.get(token.word, token.text))
    if token.quoted or known is not None:
        yield known or token.text, at + 1
    elif token.word in USUAL_PROFILES or _can_be_name(chart, at):
        new = _as_new(chart, at)
        is_usual = new.lower() in ENVIRONMENTS and not token.quoted
        yield SHORT_ENVIRONMENTS.get(new.lower(), new.lower() if is_usual else new), at + 1


def place(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield an existing profile, or the name of an environment."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    for found, end in profile_name(chart, at):
        if token is not None and (
            chart.names.profile(found) is not None or token.word in ENVIRONMENTS
        ):
            yield found, end


def place_only(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield an existing profile, or the name of an environment, that is not an alias, too."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    if token is not None and chart.names.alias(token.text) is None:
        yield from place(chart, at)


def listed_profile(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield a profile in a list, where an unusual name needs quotation marks."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    for found, end in profile_name(chart, at):
        if token is not None and (
            token.quoted or token.word in USUAL_PROFILES or chart.names.profile(found) is not None
        ):
            yield found, end


def environment(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield the name of an environment that is not an alias."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    if token is not None and token.word in ENVIRONMENTS and not chart.names.alias(token.text):
        yield from profile_name(chart, at)


def spoken(chart: Chart, at: int) -> Iterator[tuple[SpokenModel, int]]:
    """Yield each model that one or more words name, the longest name first."""
    yield from _behind_provider(chart, at)
    words: list[str] = []
    found: list[tuple[SpokenModel, int]] = []
    for end in range(at, min(at + _MOST_WORDS, len(chart.tokens))):
        token = chart.tokens[end]
        word = token.text.lower()
        if not token.word and ":" not in token.text and not chart.names.models.is_piece(word):
            break
        words.append(word)
        model = chart.names.models.find(words)
        if model is not None:
            found.append((model, end + 1))
        elif len(words) == 1 and ":" in word and word.partition(":")[0] in chart.names.providers:
            provider, _, rest = token.text.partition(":")
            found.append((SpokenModel(word, (f"{provider.lower()}:{rest}",)), end + 1))
    for model, end in reversed(found):
        yield model, end
        yield from _hosted(chart, model, end)


def _hosted(chart: Chart, model: SpokenModel, at: int) -> Iterator[tuple[SpokenModel, int]]:
    """Yield a model with the provider that follows it: "llama3.2 on ollama"."""
    words = [token.word for token in chart.tokens[at : at + 2]]
    if len(words) == 2 and words[0] in ("on", "at", "via", "from"):
        reference = chart.names.models.hosted(model.text, words[1])
        if reference is not None:
            yield SpokenModel(f"{model.text} on {words[1]}", (reference,)), at + 2


def _behind_provider(chart: Chart, at: int) -> Iterator[tuple[SpokenModel, int]]:
    """Yield a model with the provider before it: "ollama llama3.2", "google's gemini flash"."""
    provider = chart.tokens[at].word if at < len(chart.tokens) else ""
    if provider not in chart.names.providers:
        return
    name = at + 2 if chart.tokens[at + 1 : at + 2] == (Token("'s", "'s"),) else at + 1
    for model, end in chart.at("spoken", name):
        if ":" in model.text:
            continue
        text = f"{provider} {model.text}"
        reference = chart.names.models.hosted(model.text, provider)
        own = tuple(each for each in model.models if each.startswith(f"{provider}:"))
        if reference is not None:
            yield SpokenModel(text, (reference,)), end
        elif own:
            yield SpokenModel(text, own), end


def _can_be_name(chart: Chart, at: int) -> bool:
    token = chart.tokens[at]
    return (
        _NAME.fullmatch(token.text) is not None
        and token.word not in NOT_NAMES
        and token.word not in FILLERS
        and token.word not in chart.names.providers
        and token.word not in chart.names.models.brands
    )


def _as_new(chart: Chart, at: int) -> str:
    """Return a new name; the capital letter that begins a sentence is not part of it."""
    text = chart.tokens[at].text
    return text.lower() if at == 0 and text.istitle() else text


def _named(v: Values) -> AliasPhrase:
    return AliasPhrase(names=v["names"])


def _in(v: Values) -> AliasPhrase | None:
    phrase: AliasPhrase = v["who"]
    return in_profile(phrase, v.get("where"))


def in_profile(phrase: AliasPhrase, profile: str | None) -> AliasPhrase | None:
    """Return a phrase with a profile; None if it names another one already."""
    if profile is None or phrase.profile == profile:
        return phrase
    return replace(phrase, profile=profile) if phrase.profile is None else None


def _new(v: Values) -> AliasPhrase:
    return AliasPhrase(names=(v["name"],), new="explicit", profile=v.get("where"))


def _implied(v: Values) -> AliasPhrase:
    phrase: AliasPhrase = v["who"]
    return replace(phrase, new="implied") if phrase.scope == "named" else phrase


def _newest(v: Values) -> SpokenModel | None:
    model: SpokenModel = v["spoken"]
    return None if re.search(r"\d", model.text) else model


def _scope(scope: Any) -> Any:
    return lambda _: AliasPhrase(scope=scope)


def _several(several: Any) -> Any:
    return lambda _: AliasPhrase(scope="back", several=several)


def _first(v: Values) -> Any:
    return next(iter(v.values()))


RULES: dict[str, tuple[Rule, ...]] = {
    "alias": rules(
        ("<name>", _first),
        ("(alias|aliases|binding) [called|named] <name>", _first),
        ("<name> (alias|binding|aliases)", _first),
    ),
    "names": rules(
        ("[both] <one:alias>", lambda v: (v["one"],)),
        ("[both] <one:alias> (and|, and) <two:alias>", lambda v: (v["one"], v["two"])),
        ("<one:alias> , <more:listed>", lambda v: (v["one"], *v["more"])),
    ),
    "listed": rules(
        ("<one:alias>", lambda v: (v["one"],)),
        ("<one:alias> (and|, and) <two:alias>", lambda v: (v["one"], v["two"])),
        ("<one:alias> , <more:listed>", lambda v: (v["one"], *v["more"])),
    ),
    "who_": rules(
        ("<names>", _named),
        ("(calls|requests) to <names>", _named),
        ("(all|every|each) (alias|aliases|of aliases)", _scope("all")),
        (
            "(all|every|each) (of them|one of them|of these|of those)",
            _several("all"),
        ),
        ("(everything|all of aliases|all aliases|every single alias)", _scope("all")),
        (
            "(it|that|this|that alias|this alias|same alias|that one)",
            _scope("back"),
        ),
        ("(both|both of them|both aliases)", _several("both")),
        ("(them|these|those|these aliases|those aliases)", _several("them")),
    ),
    "who": rules(("<who:who_> [<where>]", _in)),
    "new_alias": rules(
        ("[new] alias [called|named] <name> [<where>]", _new),
        ("<name> alias [<where>]", _new),
        ("[name] <name> [<where>]", _new),
        ("alias <name> [<where>]", _new),
    ),
    # An alias that the clause may create: "as my 'dev' alias".
    "target": rules(("<who>", lambda v: _explicit(v["who"])), ("<new_alias>", _first)),
    # The same after "for", which may also name a purpose or a profile.
    "use": rules(("<who>", _implied), ("<explicit_alias>", _first)),
    "explicit_alias": rules(
        ("[new] alias [called|named] <name> [<where>]", _new),
        ("<name> alias [<where>]", _new),
    ),
    "where": rules(
        ("(there|in it|in that profile|in this profile|in that one)", lambda _: THERE),
        (
            "(in|on|for) new profile [called|named] <profile_name>",
            lambda v: v["profile_name"],
        ),
        (
            "(in|on|for|under|within|inside|of|to|from) [profile] <place> "
            "[profile|environment|env|environments]",
            lambda v: v["place"],
        ),
        (
            "(in|on|for|under|within|inside|of|to|from) profile [called|named] <profile_name>",
            lambda v: v["profile_name"],
        ),
        (
            "(in|on|for|under|within|inside|of|to|from) <profile_name> profile",
            lambda v: v["profile_name"],
        ),
    ),
    # A situation without a network, in which only local models answer.
    "away": rules(
        (
            "for when (i am|we are|i have|we have) (on train|on plane|offline|travelling|"
            "traveling|on road|on boat|without internet|without network|no internet|no network)",
            lambda _: True,
        ),
    ),
    "profile_subject": rules(
        (
            "(profile <profile_name>|<profile_name> profile|<place_only>)",
            _first,
        ),
    ),
    "model": rules(
        ("<spoken> [model]", lambda v: v["spoken"]),
        ("model <spoken>", lambda v: v["spoken"]),
        ("(newest|latest|current|most recent|new) <spoken> [model]", _newest),
        ("<need>", _first),
        ("(successor|replacement|newer version)", lambda _: Successor()),
        (
            "(successor|replacement) (of|for) <spoken>",
            lambda v: Successor(v["spoken"]),
        ),
        ("<spoken> 's (successor|replacement)", lambda v: Successor(v["spoken"])),
        (
            "(that|it|that one|that model|this one|this model|recommended one|recommended model|"
            "recommendation|one you recommended|model you recommended|"
            "one that you recommended|suggested one|suggestion|first one|"
            "one you suggested|first|former|this)",
            lambda _: RecommendedModel(),
        ),
        ("(second one|second|latter|second model|alternative)", lambda _: RecommendedModel(1)),
        ("(third one|third|third model)", lambda _: RecommendedModel(2)),
        (
            "(same model as|same models as|same as|models of|model of|same one as|"
            "same models used by|whatever is in|same model used by) <alias>",
            lambda v: ModelsOfAlias(v["alias"]),
        ),
        (
            "(whatever|same model|same models|what) <alias> (uses|has)",
            lambda v: ModelsOfAlias(v["alias"]),
        ),
        ("<alias> 's (model|models)", lambda v: ModelsOfAlias(v["alias"])),
        ("(same model|same models) that <alias> uses", lambda v: ModelsOfAlias(v["alias"])),
    ),
}
LEXEMES = {
    "environment": environment,
    "known": known,
    "listed_profile": listed_profile,
    "name": name,
    "profile_name": profile_name,
    "place": place,
    "place_only": place_only,
    "spoken": spoken,
}


def _explicit(phrase: AliasPhrase) -> AliasPhrase:
    return replace(phrase, new="explicit") if phrase.scope == "named" else phrase
